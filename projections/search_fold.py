"""The search index's tables and how events change them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from application.log import Recorded
from application.projection import Connection
from domain import handling
from domain.contact import ContactAttributesChanged, ContactErased, ContactIntroduced, ContactVerified
from domain.conversation import AssistantReplied, ConversationStarted, MessagePosted, NoteAdded
from domain.file import FilePurged, FileUploaded
from domain.marks import AttributesChanged, LabelsChanged
from domain.personal import readable
from projections.people import erased_people
from projections.search_contacts import fold_contacts, forget_contact, search_contacts_ddl
from projections.search_files import FILES, SearchFile, fold_files, names_of
from projections.search_threads import THREADS, fold_threads
from projections.table import Key

Said = MessagePosted | NoteAdded | AssistantReplied


class SearchShelf(msgspec.Struct):
    """When what is said on a shelf was said, so that a search between two times skips the others."""

    tenant_id: int
    shelf: int
    first_at: datetime
    last_at: datetime


ATTRIBUTES = 0
"""The version of the row by which a conversation's attributes are found; messages have those of their events."""
SHELF_BITS = 14
"""As read.shelf has it: 16,384 events of a tenant are a shelf."""

# A row is a message, or a conversation's attributes (version 0, without message_id). `beside` is found like
# `text`: the names of a message's files, or the texts of the attributes, a line each.
# The index has what read.search_messages asks for, to the letter. Every look reads its whole pending list: a short
# one makes the fold twice as fast and a look a little slower.
_DDL = """
CREATE TABLE read.search_message_{build} (tenant_id int NOT NULL, conversation_id uuid NOT NULL,
  version bigint NOT NULL, seq bigint NOT NULL, message_id uuid, contact_id uuid NOT NULL,
  role text NOT NULL, author_id uuid NOT NULL, private boolean NOT NULL, at timestamptz NOT NULL,
  text text NOT NULL, words tsvector NOT NULL, beside text, files uuid[] NOT NULL DEFAULT '{{}}',
  PRIMARY KEY (tenant_id, conversation_id, version));
CREATE INDEX ON read.search_message_{build}
  USING gin (read.shelved(words, tenant_id, read.shelf(seq))) WITH (gin_pending_list_limit = 256);
CREATE INDEX ON read.search_message_{build} (tenant_id, contact_id);
CREATE INDEX ON read.search_message_{build} USING gin (files) WHERE files <> '{{}}';
CREATE TABLE read.search_shelf_{build} (tenant_id int NOT NULL, shelf bigint NOT NULL,
  first_at timestamptz NOT NULL, last_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, shelf));
SELECT es.protect('read.search_message_{build}'), es.protect('read.search_shelf_{build}');
CREATE INDEX ON read.search_thread_{build} USING gin (tenant_id, labels);
"""

_INSERT = """
INSERT INTO read.search_message_{build} (tenant_id, conversation_id, version, seq, message_id, contact_id, role,
  author_id, private, at, text, beside, files, words)
SELECT x.tenant_id, x.conversation_id, x.version, x.seq, x.message_id, x.contact_id, x.role, x.author_id,
  x.private, x.at, x.text, x.beside, string_to_array(x.files, ' ')::uuid[],
  read.words_of(concat_ws(E'\\n', x.text, x.beside))
FROM unnest(%s::int[], %s::uuid[], %s::bigint[], %s::bigint[], %s::uuid[], %s::uuid[], %s::text[], %s::uuid[],
  %s::boolean[], %s::timestamptz[], %s::text[], %s::text[], %s::text[])
  AS x(tenant_id, conversation_id, version, seq, message_id, contact_id, role, author_id, private, at, text,
  beside, files)
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
    """Folds what is said and with which files, who it is with, whose it is, its labels and attributes, and people.

    Nothing of an erased person is kept, and no name of a purged file.
    """

    name = "search"
    version = 2
    tables = ("search_message", "search_shelf", THREADS.name, "search_contact", FILES.name)
    concerns = frozenset(
        event.TYPE
        for event in (
            ConversationStarted,
            MessagePosted,
            NoteAdded,
            AssistantReplied,
            LabelsChanged,
            AttributesChanged,
            FileUploaded,
            FilePurged,
            ContactIntroduced,
            ContactVerified,
            ContactAttributesChanged,
            ContactErased,
            *handling.EVENTS,
        )
    )

    def ddl(self, build: int) -> str:
        return THREADS.ddl(build) + FILES.ddl(build) + _DDL.format(build=build) + search_contacts_ddl(build)

    async def fold(self, connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
        await fold_contacts(connection, build, recorded)
        files = await fold_files(connection, build, recorded)
        attributes = await fold_threads(connection, build, recorded)
        await _shelve(connection, build, recorded)
        await _erase(connection, build, erased_people(recorded))
        rows = [*_rows(recorded, files), *(_attribute_row(one, texts) for one, texts in attributes)]
        await _insert(connection, build, rows)

    async def forget(self, connection: Connection, build: int, tenant_id: int, stream_id: UUID) -> None:
        await THREADS.delete(connection, build, tenant_id, stream_id)
        await FILES.delete(connection, build, tenant_id, stream_id)
        await forget_contact(connection, build, tenant_id, stream_id)
        await connection.execute(
            f"DELETE FROM read.search_message_{build} WHERE tenant_id = %s AND conversation_id = %s".encode(),
            (tenant_id, stream_id),
        )


async def _shelve(connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
    times: dict[tuple[int, int], list[datetime]] = {}
    for one in recorded:
        if isinstance(one.event, Said | AttributesChanged):
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


def _rows(recorded: Sequence[Recorded], files: Mapping[Key, SearchFile]) -> list[tuple[object, ...]]:
    """What can be found of these events: not the words of people who are erased further on in them."""
    said: list[tuple[UUID, tuple[object, ...]]] = []
    for one in recorded:
        if isinstance(one.event, ContactErased):
            said = [(person, row) for person, row in said if person != one.stream_id]
        elif isinstance(one.event, Said) and (row := _row(one, one.event, files)) is not None:
            said.append((one.event.subject_id, row))
    return [row for _, row in said]


def _row(one: Recorded, said: Said, files: Mapping[Key, SearchFile]) -> tuple[object, ...] | None:
    """None where there is nothing to find."""
    text = unicodedata.normalize("NFC", readable(said.text) or "")
    attached = () if isinstance(said, AssistantReplied) else said.attachments
    names = names_of(one.tenant_id, attached, files)
    if not text and names is None:
        return None
    place = (one.tenant_id, one.stream_id, one.version, one.seq, said.message_id, said.subject_id)
    author = (said.by.kind, said.by.id, isinstance(said, NoteAdded), said.at)
    return (*place, *author, text, names, " ".join(str(file.file_id) for file in attached))


def _attribute_row(one: Recorded, texts: str) -> tuple[object, ...]:
    """Of the last change; for agents only."""
    changed = one.event
    assert isinstance(changed, AttributesChanged)
    place = (one.tenant_id, one.stream_id, ATTRIBUTES, one.seq, None, changed.subject_id)
    return (*place, changed.by.kind, changed.by.id, True, changed.at, "", texts, "")


def _columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]
