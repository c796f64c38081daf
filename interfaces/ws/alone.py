"""Alone: what some members are told in place of what all are told. Still one frame per event and socket."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import msgspec

from application.log import Recorded
from domain.conversation import NoteAdded
from domain.ids import event_wire, wire
from domain.mention import MentionsRead
from interfaces.ws.changes import changes_for_reader
from interfaces.ws.frames import ChangedConversation, ConversationUpdated, DurableFrame, MessageNew


class Alone(msgspec.Struct, frozen=True):
    """`frame` is for these agents, whatever others hear of the same event."""

    agents: Collection[UUID]
    frame: DurableFrame


def alone(recorded: Recorded, frame: DurableFrame | None) -> Alone | None:
    """`frame`: what all members hear. None where nobody hears anything else."""
    event = recorded.event
    if isinstance(event, MentionsRead):
        return Alone((event.by.id,), _read(recorded, event))
    if isinstance(event, NoteAdded) and event.mentions is not None and isinstance(frame, MessageNew):
        data = msgspec.structs.replace(frame.data, mentioned=True)
        return Alone(frozenset(event.mentions.told), msgspec.structs.replace(frame, data=data))
    return None


def for_member(recorded: Recorded, frame: DurableFrame | None, agent_id: UUID) -> DurableFrame | None:
    """What this one hears."""
    theirs = alone(recorded, frame)
    return frame if theirs is None or agent_id not in theirs.agents else theirs.frame


def _read(recorded: Recorded, event: MentionsRead) -> ConversationUpdated:
    data = ChangedConversation(
        id=wire("conversation", recorded.stream_id), changes=changes_for_reader(event), version=recorded.version
    )
    event_id = event_wire(recorded.stream_id, recorded.version)
    return ConversationUpdated(seq=recorded.seq, event_id=event_id, at=recorded.at, data=data)
