"""Turns said: a conversation as an assistant is shown it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from application.ports import Turn
from domain.conversation import AssistantReplied, MessagePosted
from domain.kernel import Event
from domain.personal import readable


def turns_said(events: Sequence[Event]) -> tuple[Turn, ...]:
    """The public messages that can still be read, oldest first. Notes are no model's business."""
    return tuple(_turns(events))


def _turns(events: Sequence[Event]) -> Iterator[Turn]:
    for event in events:
        if isinstance(event, AssistantReplied):
            speaker = "assistant"
        elif isinstance(event, MessagePosted):
            speaker = "visitor" if event.by.kind == "visitor" else "agent"
        else:
            continue
        text = readable(event.text)
        if text is not None:
            yield Turn(speaker, text)
