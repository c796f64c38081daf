"""The inbox's table and how events change it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from application.log import Recorded
from application.projection import Connection
from domain import contact, conversation
from domain.contact import ContactErased
from domain.conversation import (
    AssistantReplied,
    Channel,
    ConversationStarted,
    Ended,
    HandledBy,
    HandlingChanged,
    MessagePosted,
    Status,
)
from domain.kernel import ActorKind
from domain.personal import readable
from projections.people import erased_people, fold_people, people_table
from projections.table import Key, Table


class Entry(msgspec.Struct):
    """One conversation as its events tell it.

    `unread`: visitor messages since an agent last answered or ended it; the assistant's replies do not count.
    `waiting_since`: when the visitor began to wait for a human; None while the assistant has it, or resolved.
    `last_*`: the last public message; `last_at` is the start where there is none yet.
    """

    tenant_id: int
    conversation_id: UUID
    contact_id: UUID
    channel: Channel
    status: Status
    handled_by: HandledBy
    assignee_id: UUID | None
    widget_id: UUID | None
    last_text: str | None
    last_by: ActorKind | None
    last_at: datetime
    waiting_since: datetime | None
    unread: int
    started_at: datetime
    version: int
    seq: int


ENTRIES = Table(
    "inbox",
    Entry,
    ("conversation_id",),
    indexes=(
        "tenant_id, last_at, conversation_id",
        "tenant_id, coalesce(waiting_since, 'infinity'), conversation_id",
        "tenant_id, assignee_id, last_at WHERE status = 'open'",
        "tenant_id, contact_id",
    ),
)
PEOPLE = people_table("inbox_person")


class Inbox:
    """Folds conversations and the contacts in them."""

    name = "inbox"
    version = 1
    tables = (ENTRIES.name, PEOPLE.name)
    concerns = frozenset(event.TYPE for event in (*conversation.EVENTS, *contact.EVENTS))

    def ddl(self, build: int) -> str:
        return ENTRIES.ddl(build) + PEOPLE.ddl(build)

    async def fold(self, connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
        await fold_people(PEOPLE, connection, build, recorded)
        entries = await ENTRIES.load(connection, build, {(one.tenant_id, one.stream_id) for one in recorded})
        for one in recorded:
            _fold_one(entries, one)
        await ENTRIES.blank(connection, build, "last_text", "contact_id", erased_people(recorded))
        await ENTRIES.upsert(connection, build, entries.values())

    async def forget(self, connection: Connection, build: int, tenant_id: int, stream_id: UUID) -> None:
        await ENTRIES.delete(connection, build, tenant_id, stream_id)
        await PEOPLE.delete(connection, build, tenant_id, stream_id)


def _fold_one(entries: dict[Key, Entry], one: Recorded) -> None:
    key = (one.tenant_id, one.stream_id)
    entry = entries.get(key)
    if isinstance(one.event, ConversationStarted):
        entries.setdefault(key, _started(one, one.event))
    elif isinstance(one.event, ContactErased):
        _blank(entries, key)
    elif entry is not None and entry.version < one.version:
        _evolve(entry, one)
        entry.version, entry.seq = one.version, one.seq


def _started(one: Recorded, event: ConversationStarted) -> Entry:
    return Entry(
        tenant_id=one.tenant_id,
        conversation_id=one.stream_id,
        contact_id=event.contact_id,
        channel=event.channel,
        status=event.handling.status,
        handled_by=event.handling.handled_by,
        assignee_id=event.handling.assignee_id,
        widget_id=event.widget_id,
        last_text=None,
        last_by=None,
        last_at=event.at,
        waiting_since=None,
        unread=0,
        started_at=event.at,
        version=one.version,
        seq=one.seq,
    )


def _blank(entries: dict[Key, Entry], person: Key) -> None:
    for entry in entries.values():
        if (entry.tenant_id, entry.contact_id) == person:
            entry.last_text = None


def _evolve(entry: Entry, one: Recorded) -> None:
    match one.event:
        case MessagePosted() | AssistantReplied() as said:
            entry.last_text, entry.last_by, entry.last_at = readable(said.text), said.by.kind, said.at
            _count(entry, said)
        case HandlingChanged() as moved:
            _move(entry, moved)
        case _:
            pass


def _count(entry: Entry, said: MessagePosted | AssistantReplied) -> None:
    if said.by.kind == "agent":
        entry.unread, entry.waiting_since = 0, None
    elif said.by.kind == "visitor":
        entry.unread += 1
        if entry.handled_by != "bot" and entry.waiting_since is None:
            entry.waiting_since = said.at


def _move(entry: Entry, moved: HandlingChanged) -> None:
    entry.status, entry.handled_by = moved.after.status, moved.after.handled_by
    entry.assignee_id = moved.after.assignee_id
    if entry.status == "resolved" or entry.handled_by == "bot":
        entry.waiting_since = None
    elif moved.before.handled_by == "bot" and entry.handled_by == "queue":
        entry.waiting_since = moved.at
    if isinstance(moved, Ended) and moved.by.kind == "agent":
        entry.unread = 0
