"""Sentences of what absent visitors were told, for the history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from domain import continuity
from domain.kernel import Event

_ENDINGS: Mapping[str, str] = {
    "read": "the visitor has read it",
    "off": "the widget asks for no notices any more",
    "no_address": "nobody knows the visitor's address",
    "erased": "the visitor was erased",
    "blocked": "the visitor is blocked",
}
_FAULTS: Mapping[str, str] = _ENDINGS | {
    "address_refused": "the mail server refused the address",
    "content_refused": "the mail server refused the mail",
    "server_refused": "the mail server refused us",
    "unavailable": "the mail server could not be reached",
    "timeout": "the mail server took too long",
}


def _replies(number: int) -> str:
    return f"{number} unread {'reply' if number == 1 else 'replies'}"


def _awaited(event: continuity.ReplyAwaited) -> str:
    return f"waits for the visitor to read a reply, until {event.next_at:%Y-%m-%d %H:%M:%S} UTC"


def _sent(event: continuity.NoticeSent) -> str:
    if event.via == "log":
        return f"would have notified the visitor of {_replies(event.replies)}: no mail server is set"
    return f"notified the visitor by e-mail of {_replies(event.replies)}"


def _failed(event: continuity.NoticeFailed) -> str:
    again = f"; next try at {event.next_at:%Y-%m-%d %H:%M:%S} UTC" if event.will_retry else ""
    return f"could not notify the visitor of {_replies(event.replies)}: {_FAULTS[event.reason]}{again}"


CONTINUITY_SENTENCES: Mapping[type[Event], Callable[[Any, Mapping[UUID, str]], str]] = {
    continuity.ReplyAwaited: lambda e, _: _awaited(e),
    continuity.WaitEnded: lambda e, _: f"waits for the visitor no more: {_ENDINGS[e.reason]}",
    continuity.NoticeDue: lambda e, _: f"found the visitor away from {_replies(len(e.message_ids))}",
    continuity.NoticeSent: lambda e, _: _sent(e),
    continuity.NoticeFailed: lambda e, _: _failed(e),
}
