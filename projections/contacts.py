"""Contacts: the people a tenant talks to, whoever was active last first, and what is known of one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from application.projection import Connection
from domain.attributes import AttributeValue
from domain.kernel import ActorKind
from domain.refusals import Invalid
from projections.contacts_fold import Known
from projections.cursor import Cursor, decode_cursor, encode_cursor, page_limit

FAMILY = """
WITH RECURSIVE up (contact_id, merged_into) AS (
  SELECT c.contact_id, c.merged_into FROM read.contact c
  WHERE c.tenant_id = %(tenant_id)s AND c.contact_id = %(contact_id)s
  UNION
  SELECT c.contact_id, c.merged_into FROM up
  JOIN read.contact c ON c.tenant_id = %(tenant_id)s AND c.contact_id = up.merged_into
), family (contact_id) AS (
  SELECT contact_id FROM up
  UNION
  SELECT c.contact_id FROM family f
  JOIN read.contact c ON c.tenant_id = %(tenant_id)s AND c.merged_into = f.contact_id
)"""
"""Whoever is one person with this contact, by links and merges, up and down."""


class ContactView(msgspec.Struct, frozen=True):
    """`name`, `email`, `phone`: verified where they are, else as claimed; None once erased.

    `conversations` counts those of everybody who is part of them.
    """

    contact_id: UUID
    name: str | None
    email: str | None
    phone: str | None
    claimed: Known
    verified: Known
    external_id: str | None
    is_verified: bool
    attributes: dict[str, AttributeValue]
    merged_into: UUID | None
    is_blocked: bool
    block_reason: str | None
    blocked_until: datetime | None
    is_erased: bool
    met_at: datetime
    last_at: datetime
    last_seq: int
    version: int
    conversations: int


class ContactPage(msgspec.Struct, frozen=True):
    """`next_cursor` is None on the last page."""

    contacts: tuple[ContactView, ...]
    next_cursor: str | None


class NoteView(msgspec.Struct, frozen=True):
    """`text` None: erased. `version` is the contact's."""

    note_id: UUID
    author_kind: ActorKind
    author_id: UUID
    text: str | None
    at: datetime
    version: int


class NotePage(msgspec.Struct, frozen=True):
    notes: tuple[NoteView, ...]
    next_cursor: str | None


_COLUMNS = ", ".join(f"c.{name}" for name in ContactView.__struct_fields__ if name != "conversations")

# A person's parts count for them; only somebody who has parts needs the second look.
_LIST = f"""
SELECT {_COLUMNS}, (
  WITH RECURSIVE parts (contact_id) AS (
    SELECT c.contact_id UNION
    SELECT k.contact_id FROM parts p
    JOIN read.contact k ON k.tenant_id = c.tenant_id AND k.merged_into = p.contact_id
  )
  SELECT count(*) FROM parts p
  JOIN read.contact_moment m ON m.tenant_id = c.tenant_id AND m.contact_id = p.contact_id
  WHERE m.kind = 'conversation'
) FROM read.contact c WHERE c.tenant_id = %(tenant_id)s"""

_SEARCH = """ AND (lower(c.name) LIKE %(start)s OR lower(c.email) LIKE %(start)s OR c.phone LIKE %(digits)s)"""

_PAGE = """ AND c.merged_into IS NULL
  AND (%(seq)s::bigint IS NULL OR (c.last_seq, c.contact_id) < (%(seq)s, %(last)s))
ORDER BY c.last_seq DESC, c.contact_id DESC LIMIT %(limit)s"""

_NOTES = """
SELECT note_id, author_kind, author_id, text, at, version FROM read.contact_note
WHERE tenant_id = %s AND contact_id = %s AND version < %s ORDER BY version DESC LIMIT %s"""


async def read_contacts(
    connection: Connection, tenant_id: int, q: str | None = None, limit: int = 50, cursor: str | None = None
) -> ContactPage:
    """Newest activity first, or of those whose name, e-mail or phone begins with `q`. Raises Invalid.

    Who is part of somebody else is not listed; erased ones are, without a name, so that nothing is hidden.
    """
    size, place = page_limit(limit), _place(cursor)
    wanted = (q or "").strip()
    values = {
        "tenant_id": tenant_id,
        "start": _literal(wanted.lower()) + "%",
        "digits": (_literal(_digits(wanted)) or "-") + "%",
        "seq": place[0],
        "last": place[1],
        "limit": size + 1,
    }
    query = _LIST + (_SEARCH if wanted else "") + _PAGE
    found = await connection.execute(query.encode(), values)
    contacts = tuple(_contact(row) for row in await found.fetchall())
    if len(contacts) <= size:
        return ContactPage(contacts, None)
    last = contacts[size - 1]
    return ContactPage(contacts[:size], encode_cursor(Cursor("contacts", str(last.last_seq), last.contact_id.hex)))


async def read_contact(connection: Connection, tenant_id: int, contact_id: UUID) -> ContactView | None:
    """None where this tenant has no such contact."""
    values = {"tenant_id": tenant_id, "contact_id": contact_id}
    found = await connection.execute((_LIST + " AND c.contact_id = %(contact_id)s").encode(), values)
    row = await found.fetchone()
    return _contact(row) if row else None


async def read_contacts_of(
    connection: Connection, tenant_id: int, contact_ids: Collection[UUID]
) -> tuple[ContactView, ...]:
    """Several contacts in one query, in the order of their ids; those that this tenant has."""
    query = _LIST + " AND c.contact_id = ANY(%(ids)s) ORDER BY c.contact_id"
    found = await connection.execute(query.encode(), {"tenant_id": tenant_id, "ids": list(contact_ids)})
    return tuple(_contact(row) for row in await found.fetchall())


async def read_contact_notes(
    connection: Connection, tenant_id: int, contact_id: UUID, limit: int = 50, cursor: str | None = None
) -> NotePage:
    """Newest first; empty where there is no such contact. Raises Invalid."""
    size = page_limit(limit)
    before = 2**31 - 1 if cursor is None else _number(decode_cursor(cursor, "notes").key)
    found = await connection.execute(_NOTES, (tenant_id, contact_id, before, size + 1))
    notes = tuple(NoteView(*row) for row in await found.fetchall())
    if len(notes) <= size:
        return NotePage(notes, None)
    return NotePage(notes[:size], encode_cursor(Cursor("notes", str(notes[size - 1].version), "")))


def _contact(row: tuple[Any, ...]) -> ContactView:
    return msgspec.convert(dict(zip(ContactView.__struct_fields__, row, strict=True)), ContactView)


def _place(cursor: str | None) -> tuple[int | None, UUID | None]:
    if cursor is None:
        return None, None
    place = decode_cursor(cursor, "contacts")
    try:
        return _number(place.key), UUID(hex=place.last)
    except ValueError as unreadable:
        raise Invalid("cursor is not one of ours.") from unreadable


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise Invalid("cursor is not one of ours.")
    return int(text)


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _digits(text: str) -> str:
    """A phone number as it is stored, where `text` looks like the beginning of one."""
    plain = "".join(character for character in text if character not in " ()./-")
    return plain if plain.lstrip("+").isdigit() else ""
