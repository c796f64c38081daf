"""Who takes part in a conversation, in the order of the lists it is found in: `participant` walks it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from application.projection import Connection
from domain.handling import Status
from projections.inbox_entry import Entry
from projections.table import Key, Table


class ParticipantRow(msgspec.Struct):
    """One agent of one conversation."""

    tenant_id: int
    conversation_id: UUID
    agent_id: UUID
    status: Status
    last_at: datetime


PARTICIPANTS = Table(
    "inbox_participant",
    ParticipantRow,
    ("conversation_id", "agent_id"),
    indexes=("tenant_id, agent_id, status, last_at, conversation_id",),
)


async def list_participants(
    connection: Connection, build: int, before: Mapping[Key, tuple[UUID, ...]], entries: Mapping[Key, Entry]
) -> None:
    """The rows of these conversations, whose participants were `before`; in the caller's transaction."""
    gone = [(*key, id) for key, known in before.items() for id in {*known} - {*entries[key].participants}]
    await PARTICIPANTS.discard(connection, build, gone)
    rows = [
        ParticipantRow(entry.tenant_id, entry.conversation_id, id, entry.status, entry.last_at)
        for entry in entries.values()
        for id in entry.participants
    ]
    await PARTICIPANTS.upsert(connection, build, rows)
