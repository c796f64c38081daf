"""Family B: how a call goes, as the tenant's own exchange says it, or the agent who speaks."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import Response, post
from litestar.params import FromPath, JSONBody

from application.call import ReportCall
from domain.call import LONGEST_SECONDS, EndReason
from domain.ids import parse
from domain.refusals import Invalid
from interfaces.http.audience import Asker, may
from interfaces.http.body import JsonRequest
from interfaces.http.carried_out import ConversationAnswer, carry_out
from interfaces.http.parts import Parts


class CallRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """At least one of `status`, `recordingUrl` (https) and `transcript`.

    `reason` and `seconds` belong to `ended`; without `seconds` those since it was answered are metered.
    """

    status: Literal["ringing", "answered", "ended"] | None = None
    reason: EndReason | None = None
    seconds: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_SECONDS)] | None = None
    recording_url: str | None = None
    transcript: str | None = None


@post(
    "/api/v1/chat/conversations/{conversation_id:str}/call",
    status_code=200,
    opt={"audience": "member", "roles": may(ReportCall)},
    summary="Report on a call",
    operation_id="reportCall",
    tags=["voice"],
)
async def report_call(
    request: JsonRequest,
    conversation_id: FromPath[str],
    data: JSONBody[CallRequest],
    caller: Asker,
    parts: Parts,
) -> Response[ConversationAnswer]:
    """For numbers of your own: calls of a provider are reported by the provider (409 `call_is_tracked`).

    A call rings, is answered and ends; what comes late, or again, changes nothing.
    """
    if data.status is None and data.recording_url is None and data.transcript is None:
        raise Invalid("status, recordingUrl or transcript is needed.")
    if data.status != "ended" and (data.reason is not None or data.seconds is not None):
        raise Invalid("reason and seconds belong to a call that has ended.")
    command = ReportCall(
        conversation_id=parse("conversation", conversation_id),
        status=data.status,
        reason=data.reason or "completed",
        seconds=data.seconds,
        recording_url=data.recording_url,
        transcript=data.transcript,
    )
    return await carry_out(request, caller, parts, command)


ROUTES = (report_call,)
