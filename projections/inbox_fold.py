"""The inbox's tables and how events change them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from application.log import Recorded
from application.projection import Connection
from domain import contact, conversation, sla_clock
from domain.contact import ContactErased
from domain.conversation import ConversationStarted
from domain.handling import Status
from domain.sla_clock import ClockMoved
from projections.inbox_counts import COUNTS, count, place_of
from projections.inbox_entry import Entry, begun, evolve, promise
from projections.inbox_participants import PARTICIPANTS, list_participants
from projections.people import erased_people, fold_people, people_table
from projections.table import Key, Table

ENTRIES = Table(
    "inbox",
    Entry,
    ("conversation_id",),
    # Each begins with the tenant and ends with the order of a list: a page is one walk along one of them,
    # however many conversations there are. Row-level security admits only leakproof operators into an index,
    # so no coalesce, no array and no LIKE is asked of these columns.
    indexes=(
        "tenant_id, status, last_at, conversation_id",
        "tenant_id, status, waiting_since, conversation_id",
        "tenant_id, status, urgency, waiting_since, conversation_id",
        "tenant_id, status, handled_by, last_at, conversation_id",
        "tenant_id, assignee_id, status, last_at, conversation_id",
        "tenant_id, team_id, status, last_at, conversation_id WHERE team_id IS NOT NULL",
        "tenant_id, channel, status, last_at, conversation_id WHERE channel <> 'chat'",
        "tenant_id, status, sla_due_at, conversation_id",
        "tenant_id, sla_status, status, last_at, conversation_id WHERE sla_status IS NOT NULL",
        "tenant_id, contact_id",
        "tenant_id, seq",
    ),
)


class LabelRow(msgspec.Struct):
    """One label of one conversation, in the order of the lists it is found in."""

    tenant_id: int
    conversation_id: UUID
    label: str
    status: Status
    last_at: datetime


LABELS = Table(
    "inbox_label",
    LabelRow,
    ("conversation_id", "label"),
    indexes=("tenant_id, label, status, last_at, conversation_id",),
)
PEOPLE = people_table("inbox_person")

# What people type is compared with these: `lower` of a column is not leakproof, a column is.
_FOUND_BY = """
ALTER TABLE read.inbox_person_{build}
  ADD name_key text COLLATE "C" GENERATED ALWAYS AS (lower(name)) STORED,
  ADD email_key text COLLATE "C" GENERATED ALWAYS AS (lower(email)) STORED;
CREATE INDEX ON read.inbox_person_{build} (tenant_id, name_key) WHERE name_key IS NOT NULL;
CREATE INDEX ON read.inbox_person_{build} (tenant_id, email_key) WHERE email_key IS NOT NULL;
"""


class Inbox:
    """Folds conversations and the contacts in them."""

    name = "inbox"
    version = 4
    tables = (ENTRIES.name, LABELS.name, PARTICIPANTS.name, COUNTS.name, PEOPLE.name)
    concerns = frozenset(event.TYPE for event in (*conversation.EVENTS, *contact.EVENTS, *sla_clock.EVENTS))

    def ddl(self, build: int) -> str:
        tables = "".join(table.ddl(build) for table in (ENTRIES, LABELS, PARTICIPANTS, COUNTS, PEOPLE))
        return tables + _FOUND_BY.format(build=build)

    async def fold(self, connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
        await fold_people(PEOPLE, connection, build, recorded)
        entries = await ENTRIES.load(connection, build, {_entry_of(one) for one in recorded})
        places = [place_of(entry) for entry in entries.values()]
        labels = {key: entry.labels for key, entry in entries.items()}
        participants = {key: entry.participants for key, entry in entries.items()}
        for one in recorded:
            fold_entry(entries, one)
        await ENTRIES.blank(connection, build, "last_text", "contact_id", erased_people(recorded))
        await ENTRIES.upsert(connection, build, entries.values())
        await _relabel(connection, build, labels, entries)
        await list_participants(connection, build, participants, entries)
        await count(connection, build, places, map(place_of, entries.values()))

    async def forget(self, connection: Connection, build: int, tenant_id: int, stream_id: UUID) -> None:
        known = await ENTRIES.load(connection, build, [(tenant_id, stream_id)])
        await count(connection, build, map(place_of, known.values()), ())
        for table in (ENTRIES, LABELS, PARTICIPANTS, PEOPLE):
            await table.delete(connection, build, tenant_id, stream_id)


def fold_entry(entries: dict[Key, Entry], one: Recorded) -> None:
    """The next event of the tenant's log, into the entries at hand."""
    key = (one.tenant_id, one.stream_id)
    if isinstance(one.event, ConversationStarted):
        entries.setdefault(key, begun(one.event, one.seq))
    elif isinstance(one.event, ContactErased):
        for entry in entries.values():
            if (entry.tenant_id, entry.contact_id) == key:
                entry.last_text = None
    elif isinstance(one.event, ClockMoved):
        if (entry := entries.get(_entry_of(one))) is not None:
            promise(entry, one.event, one.seq)
    elif key in entries:
        evolve(entries[key], one.event, one.seq)


def _entry_of(one: Recorded) -> Key:
    """The row that an event is about: a clock's is its conversation's."""
    return one.tenant_id, one.event.conversation_id if isinstance(one.event, ClockMoved) else one.stream_id


async def _relabel(
    connection: Connection, build: int, before: Mapping[Key, tuple[str, ...]], entries: Mapping[Key, Entry]
) -> None:
    gone = [(*key, label) for key, labels in before.items() for label in {*labels} - {*entries[key].labels}]
    await LABELS.discard(connection, build, gone)
    rows = [
        LabelRow(entry.tenant_id, entry.conversation_id, label, entry.status, entry.last_at)
        for entry in entries.values()
        for label in entry.labels
    ]
    await LABELS.upsert(connection, build, rows)
