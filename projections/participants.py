"""Participants: who takes part in a conversation, as its events tell it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.conversation import ConversationStarted, MessagePosted, NoteAdded
from domain.handling import HandlingChanged
from domain.kernel import Event
from domain.participants import ParticipantJoined, ParticipantLeft

Reason = Literal["owned", "wrote", "mentioned", "joined"]


class Participant(msgspec.Struct, frozen=True):
    """`at` and `reason`: when and why they last began to take part; `version`: of the event that made it so."""

    agent_id: UUID
    at: datetime
    reason: Reason
    version: int


def participants_after(known: tuple[Participant, ...], event: Event) -> tuple[Participant, ...]:
    """In the order in which they came."""
    if isinstance(event, ParticipantLeft):
        return tuple(one for one in known if one.agent_id != event.agent_id)
    here = {one.agent_id for one in known}
    place = event.originator_version
    come = [Participant(id, event.at, why, place) for id, why in _joined_by(event).items() if id not in here]
    return (*known, *come) if come else known


def agents_after(known: tuple[UUID, ...], event: Event) -> tuple[UUID, ...]:
    """The same, of their ids alone."""
    if isinstance(event, ParticipantLeft):
        return tuple(id for id in known if id != event.agent_id)
    come = [id for id in _joined_by(event) if id not in known]
    return (*known, *come) if come else known


def _joined_by(event: Event) -> dict[UUID, Reason]:
    """Whom an event makes take part, and why; they may do so already."""
    match event:
        case HandlingChanged(after=handling) | ConversationStarted(handling=handling):
            return {} if handling.assignee_id is None else {handling.assignee_id: "owned"}
        case NoteAdded(mentions=mentions) if mentions is not None:
            named: dict[UUID, Reason] = dict.fromkeys(mentions.agents, "mentioned")
            return _written_by(event) | named
        case MessagePosted() | NoteAdded():
            return _written_by(event)
        case ParticipantJoined(agent_id=agent_id):
            return {agent_id: "joined"}
        case _:
            return {}


def _written_by(event: Event) -> dict[UUID, Reason]:
    return {event.by.id: "wrote"} if event.by.kind == "agent" else {}
