"""What Twilio says of a call, out of the form of a callback: its status, its recording, its transcript."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from domain.call import LONGEST_SECONDS, CallStatus, EndReason

STATUSES: Mapping[str, tuple[CallStatus, EndReason]] = {
    "ringing": ("ringing", "completed"),
    "in-progress": ("answered", "completed"),
    "completed": ("ended", "completed"),
    "busy": ("ended", "busy"),
    "no-answer": ("ended", "missed"),
    "failed": ("ended", "failed"),
    "canceled": ("ended", "canceled"),
}
"""Twilio's CallStatus -> ours; what is not here (`queued`, `initiated`) says nothing yet."""


class TwilioReport(msgspec.Struct, frozen=True):
    """`call` is Twilio's name of the visitor's call, also where it speaks of a leg of it; `key`: of the report.

    `number` is what the visitor dialled, None where it is not said. `status` None: nothing new about it.
    """

    call: str
    key: str
    number: str | None = None
    status: CallStatus | None = None
    reason: EndReason = "completed"
    seconds: int | None = None
    recording_url: str | None = None
    transcript: str | None = None


def report_of(form: Mapping[str, str]) -> TwilioReport | None:
    """None for what names no call."""
    sid = form.get("CallSid", "")
    if not sid:
        return None
    parent = form.get("ParentCallSid") or None
    recording = form.get("RecordingUrl") if form.get("RecordingStatus", "completed") == "completed" else None
    transcript = form.get("TranscriptionText")
    if recording or transcript:
        part = form.get("TranscriptionSid") or form.get("RecordingSid") or "recording"
        return TwilioReport(parent or sid, f"{sid}:{part}", recording_url=recording, transcript=transcript)
    said = form.get("CallStatus", "")
    status, reason = STATUSES.get(said, (None, "completed"))
    if parent is not None and status == "ended":
        status = None  # a leg: the visitor's own call says how it ended, and for how long it is charged
    return TwilioReport(
        call=parent or sid,
        key=f"{sid}:{said}:{form.get('SequenceNumber', '')}",
        number=form.get("To") if parent is None else None,
        status=status,
        reason=reason,
        seconds=_seconds(form.get("CallDuration")) if status == "ended" else None,
    )


def _seconds(text: str | None) -> int | None:
    if text is None or not text.isascii() or not text.isdigit():
        return None
    return min(int(text), LONGEST_SECONDS) if len(text) < 10 else LONGEST_SECONDS
