"""The search index's tables and how events change them.

Labels and assignees stand in one row per conversation: changing them touches no message.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from application.log import Recorded
from application.projection import Connection
from domain import handling
from domain.contact import ContactErased, ContactIntroduced, ContactVerified
from domain.conversation import AssistantReplied, ConversationStarted, MessagePosted, NoteAdded
from domain.handling import HandlingChanged
from domain.marks import LabelsChanged
from domain.personal import readable
from projections.people import erased_people
from projections.search_contacts import fold_contacts, forget_contact, search_contacts_ddl
from projections.table import Key, Table

Said = MessagePosted | NoteAdded | AssistantReplied


class SearchThread(msgspec.Struct):
    """What a search is narrowed by, of one conversation."""

    tenant_id: int
    conversation_id: UUID
    assignee_id: UUID | None
    labels: tuple[str, ...]


class SearchShelf(msgspec.Struct):
    """When what is said on a shelf was said, so that a search between two times skips the others."""

    tenant_id: int
    shelf: int
    first_at: datetime
    last_at: datetime


SHELF_BITS = 14
"""As read.shelf has it: 16,384 events of a tenant are a shelf."""

THREADS = Table("search_thread", SearchThread, ("conversation_id",), indexes=("tenant_id, assignee_id",))

# The index has what read.search_messages asks for, to the letter. Every look reads its whole pending list: a short
# one makes the fold twice as fast and a look a little slower.
_DDL = """
CREATE TABLE read.search_message_{build} (tenant_id int NOT NULL, conversation_id uuid NOT NULL,
  version bigint NOT NULL, seq bigint NOT NULL, message_id uuid NOT NULL, contact_id uuid NOT NULL,
  role text NOT NULL, author_id uuid NOT NULL, private boolean NOT NULL, at timestamptz NOT NULL,
  text text NOT NULL, words tsvector NOT NULL, PRIMARY KEY (tenant_id, conversation_id, version));
CREATE INDEX ON read.search_message_{build}
  USING gin (read.shelved(words, tenant_id, read.shelf(seq))) WITH (gin_pending_list_limit = 256);
CREATE INDEX ON read.search_message_{build} (tenant_id, contact_id);
CREATE TABLE read.search_shelf_{build} (tenant_id int NOT NULL, shelf bigint NOT NULL,
  first_at timestamptz NOT NULL, last_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, shelf));
SELECT es.protect('read.search_message_{build}'), es.protect('read.search_shelf_{build}');
CREATE INDEX ON read.search_thread_{build} USING gin (tenant_id, labels);
"""

_INSERT = """
INSERT INTO read.search_message_{build}
SELECT x.*, read.words_of(x.text) FROM unnest(%s::int[], %s::uuid[], %s::bigint[], %s::bigint[], %s::uuid[],
  %s::uuid[], %s::text[], %s::uuid[], %s::boolean[], %s::timestamptz[], %s::text[])
  AS x(tenant_id, conversation_id, version, seq, message_id, contact_id, role, author_id, private, at, text)
ON CONFLICT DO NOTHING"""

_SHELVE = """
INSERT INTO read.search_shelf_{build} AS s
SELECT * FROM unnest(%s::int[], %s::bigint[], %s::timestamptz[], %s::timestamptz[])
ON CONFLICT (tenant_id, shelf) DO UPDATE SET first_at = least(s.first_at, EXCLUDED.first_at),
  last_at = greatest(s.last_at, EXCLUDED.last_at)"""

_ERASE = """
DELETE FROM read.search_message_{build} m USING unnest(%s::int[], %s::uuid[]) AS x(tenant_id, contact_id)
WHERE m.tenant_id = x.tenant_id AND m.contact_id = x.contact_id"""


class Search:
    """Folds what is said, who it is with, whose it is and its labels. Nothing of an erased person is kept."""

    name = "search"
    version = 1
    tables = ("search_message", "search_shelf", THREADS.name, "search_contact")
    concerns = frozenset(
        event.TYPE
        for event in (
            ConversationStarted,
            MessagePosted,
            NoteAdded,
            AssistantReplied,
            LabelsChanged,
            ContactIntroduced,
            ContactVerified,
            ContactErased,
            *handling.EVENTS,
        )
    )

    def ddl(self, build: int) -> str:
        return THREADS.ddl(build) + _DDL.format(build=build) + search_contacts_ddl(build)

    async def fold(self, connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
        await fold_contacts(connection, build, recorded)
        await _fold_threads(connection, build, recorded)
        await _shelve(connection, build, recorded)
        await _erase(connection, build, erased_people(recorded))
        await _insert(connection, build, _rows(recorded))

    async def forget(self, connection: Connection, build: int, tenant_id: int, stream_id: UUID) -> None:
        await THREADS.delete(connection, build, tenant_id, stream_id)
        await forget_contact(connection, build, tenant_id, stream_id)
        await connection.execute(
            f"DELETE FROM read.search_message_{build} WHERE tenant_id = %s AND conversation_id = %s".encode(),
            (tenant_id, stream_id),
        )


async def _fold_threads(connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
    moved = [
        one for one in recorded if isinstance(one.event, ConversationStarted | HandlingChanged | LabelsChanged)
    ]
    if not moved:
        return
    threads = await THREADS.load(connection, build, {(one.tenant_id, one.stream_id) for one in moved})
    for one in moved:
        _fold_thread(threads, one)
    await THREADS.upsert(connection, build, threads.values())


def _fold_thread(threads: dict[Key, SearchThread], one: Recorded) -> None:
    key = (one.tenant_id, one.stream_id)
    thread = threads.get(key)
    match one.event:
        case ConversationStarted(handling=begun) if thread is None:
            threads[key] = SearchThread(*key, begun.assignee_id, ())
        case HandlingChanged(after=after) if thread is not None:
            thread.assignee_id = after.assignee_id
        case LabelsChanged(added=added, removed=removed) if thread is not None:
            thread.labels = tuple(sorted((set(thread.labels) | set(added)) - set(removed)))
        case _:
            pass


async def _shelve(connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
    times: dict[tuple[int, int], list[datetime]] = {}
    for one in recorded:
        if isinstance(one.event, Said):
            times.setdefault((one.tenant_id, one.seq >> SHELF_BITS), []).append(one.at)
    if times:
        rows = [(*shelf, min(told), max(told)) for shelf, told in times.items()]
        await connection.execute(_SHELVE.format(build=build).encode(), _columns(rows))


async def _erase(connection: Connection, build: int, erased: Sequence[Key]) -> None:
    if erased:
        await connection.execute(_ERASE.format(build=build).encode(), _columns(erased))


async def _insert(connection: Connection, build: int, rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        await connection.execute(_INSERT.format(build=build).encode(), _columns(rows))


def _rows(recorded: Sequence[Recorded]) -> list[tuple[object, ...]]:
    """What can be found of these events: not the words of people who are erased further on in them."""
    said: list[tuple[UUID, tuple[object, ...]]] = []
    for one in recorded:
        if isinstance(one.event, ContactErased):
            said = [(person, row) for person, row in said if person != one.stream_id]
        elif isinstance(one.event, Said) and (text := readable(one.event.text)):
            said.append((one.event.subject_id, _row(one, one.event, text)))
    return [row for _, row in said]


def _row(one: Recorded, said: Said, text: str) -> tuple[object, ...]:
    return (
        one.tenant_id,
        one.stream_id,
        one.version,
        one.seq,
        said.message_id,
        said.subject_id,
        said.by.kind,
        said.by.id,
        isinstance(said, NoteAdded),
        said.at,
        unicodedata.normalize("NFC", text),
    )


def _columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]
