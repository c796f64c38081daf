"""The contacts' tables and how events change them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from application.log import Recorded
from application.projection import Connection
from domain import contact
from domain.attributes import AttributeValue, attributes_in, changed_by
from domain.blocking import ContactBlocked, ContactUnblocked
from domain.claims import Claim
from domain.contact import (
    ContactAttributesChanged,
    ContactErased,
    ContactIntroduced,
    ContactNoted,
    ContactVerified,
)
from domain.conversation import Channel, ConversationStarted, MessagePosted
from domain.joining import ContactLinked, ContactMerged, ContactUnmerged
from domain.kernel import ActorKind
from domain.personal import readable
from domain.receipts import Rated
from projections.table import Key, Table


class Known(msgspec.Struct, frozen=True):
    """None: not said, withdrawn or erased."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None


class ContactRow(msgspec.Struct):
    """One contact. `name`, `email`, `phone` are what is shown: verified, else claimed.

    `last_*`: the last thing that happened to them, or to whoever is part of them.
    """

    tenant_id: int
    contact_id: UUID
    met_at: datetime
    last_at: datetime
    last_seq: int
    version: int = 0
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    claimed: Known = Known()
    verified: Known = Known()
    external_id: str | None = None
    is_verified: bool = False
    attributes: dict[str, AttributeValue] = {}
    merged_into: UUID | None = None
    is_linked: bool = False
    is_blocked: bool = False
    block_reason: str | None = None
    blocked_until: datetime | None = None
    is_erased: bool = False


class NoteRow(msgspec.Struct):
    tenant_id: int
    contact_id: UUID
    version: int
    note_id: UUID
    author_kind: ActorKind
    author_id: UUID
    text: str | None
    at: datetime


class MomentRow(msgspec.Struct):
    """A conversation that began, or its rating (the last one counts). `session_id`: the visit it began in."""

    tenant_id: int
    conversation_id: UUID
    kind: str
    contact_id: UUID
    at: datetime
    channel: Channel | None = None
    session_id: str | None = None
    score: int | None = None
    comment: str | None = None


CONTACTS = Table(
    "contact",
    ContactRow,
    ("contact_id",),
    indexes=(
        "tenant_id, last_seq, contact_id WHERE merged_into IS NULL",
        "tenant_id, merged_into WHERE merged_into IS NOT NULL",
        "tenant_id, lower(name) text_pattern_ops",
        "tenant_id, lower(email) text_pattern_ops",
        "tenant_id, phone text_pattern_ops",
    ),
)
NOTES = Table("contact_note", NoteRow, ("contact_id", "version"))
MOMENTS = Table(
    "contact_moment",
    MomentRow,
    ("conversation_id", "kind"),
    indexes=("tenant_id, contact_id, at", "tenant_id, session_id WHERE session_id IS NOT NULL"),
)

# Who is part of somebody is active for them: the newest activity climbs to everybody above.
_CLIMB = """
WITH RECURSIVE climb (tenant_id, contact_id, last_seq, last_at) AS (
  SELECT t.tenant_id, t.merged_into, t.last_seq, t.last_at FROM read.contact_{build} t
  JOIN unnest(%s::bigint[], %s::uuid[]) AS k(tenant_id, id) ON t.tenant_id = k.tenant_id AND t.contact_id = k.id
  WHERE t.merged_into IS NOT NULL
  UNION
  SELECT p.tenant_id, p.merged_into, c.last_seq, c.last_at FROM climb c
  JOIN read.contact_{build} p ON p.tenant_id = c.tenant_id AND p.contact_id = c.contact_id
  WHERE p.merged_into IS NOT NULL
)
UPDATE read.contact_{build} t SET last_seq = n.last_seq, last_at = n.last_at
FROM (SELECT DISTINCT ON (tenant_id, contact_id) * FROM climb ORDER BY tenant_id, contact_id, last_seq DESC) n
WHERE t.tenant_id = n.tenant_id AND t.contact_id = n.contact_id AND t.last_seq < n.last_seq"""

_FROM_CONVERSATIONS = (ConversationStarted, MessagePosted, Rated)


class Contacts:
    """Folds contacts, agents' notes on them, and the moments of their conversations."""

    name = "contacts"
    version = 1
    tables = (CONTACTS.name, NOTES.name, MOMENTS.name)
    concerns = frozenset(event.TYPE for event in (*contact.EVENTS, *_FROM_CONVERSATIONS))

    def ddl(self, build: int) -> str:
        return CONTACTS.ddl(build) + NOTES.ddl(build) + MOMENTS.ddl(build)

    async def fold(self, connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
        contacts = await CONTACTS.load(connection, build, {_contact_of(one) for one in recorded})
        for one in recorded:
            _fold_one(contacts, one)
        await CONTACTS.upsert(connection, build, contacts.values())
        await _climb(connection, build, contacts.keys())
        erased = [(one.tenant_id, one.stream_id) for one in recorded if isinstance(one.event, ContactErased)]
        await NOTES.blank(connection, build, "text", "contact_id", erased)
        await MOMENTS.blank(connection, build, "comment", "contact_id", erased)
        await NOTES.upsert(connection, build, _notes(recorded))
        await MOMENTS.upsert(connection, build, _moments(recorded))

    async def forget(self, connection: Connection, build: int, tenant_id: int, stream_id: UUID) -> None:
        for table in (CONTACTS, NOTES, MOMENTS):
            await table.delete(connection, build, tenant_id, stream_id)


async def _climb(connection: Connection, build: int, keys: Collection[Key]) -> None:
    if keys:
        arrays = [tenant_id for tenant_id, _ in keys], [id for _, id in keys]
        await connection.execute(_CLIMB.format(build=build).encode(), arrays)


def _contact_of(one: Recorded) -> Key:
    match one.event:
        case ConversationStarted(contact_id=contact_id):
            return one.tenant_id, contact_id
        case MessagePosted(subject_id=subject_id) | Rated(subject_id=subject_id):
            return one.tenant_id, subject_id
        case _:
            return one.tenant_id, one.stream_id


def _fold_one(contacts: dict[Key, ContactRow], one: Recorded) -> None:
    key = _contact_of(one)
    row = contacts.setdefault(key, ContactRow(*key, met_at=one.at, last_at=one.at, last_seq=one.seq))
    if row.last_seq < one.seq and not _is_campaigns(one):
        row.last_seq, row.last_at = one.seq, one.at
    if isinstance(one.event, _FROM_CONVERSATIONS):
        if isinstance(one.event, ConversationStarted):
            _import(row, one.event)
    elif row.version < one.version:
        row.version = one.version
        _tell(row, one)


def _is_campaigns(one: Recorded) -> bool:
    """What a campaign does to somebody is nothing that they do."""
    if isinstance(one.event, MessagePosted):
        return one.event.campaign_id is not None
    return isinstance(one.event, ConversationStarted) and one.event.handling.status == "snoozed"


def _import(row: ContactRow, event: ConversationStarted) -> None:
    """Only where the contact's own stream said nothing: imported conversations."""
    if row.version <= 1 and row.name is None and row.email is None:
        row.claimed = _overlaid(row.claimed, Known(readable(event.contact_name), readable(event.contact_email)))
        _show(row)


def _tell(row: ContactRow, one: Recorded) -> None:
    match one.event:
        case ContactIntroduced() as said:
            row.claimed = _overlaid(_without(row.claimed, said.withdrawn), _known(said))
        case ContactVerified() as said:
            row.verified, row.is_verified = _overlaid(row.verified, _known(said)), True
            row.external_id = readable(said.external_id)
        case ContactAttributesChanged(names=names, values=values):
            row.attributes = changed_by(row.attributes, attributes_in(names, values))
        case ContactLinked(into_id=into_id) | ContactMerged(into_id=into_id):
            row.merged_into, row.is_linked = into_id, isinstance(one.event, ContactLinked)
        case ContactUnmerged():
            row.merged_into, row.is_linked = None, False
        case ContactBlocked(reason=reason, until=until):
            row.is_blocked, row.block_reason, row.blocked_until = True, readable(reason), until
        case ContactUnblocked():
            row.is_blocked, row.block_reason, row.blocked_until = False, None, None
        case ContactErased():
            row.is_erased = True
            row.claimed = row.verified = Known()
            row.external_id = row.block_reason = None
            row.attributes = {}
        case _:
            return
    _show(row)


def _show(row: ContactRow) -> None:
    row.name, row.email, row.phone = msgspec.structs.astuple(_overlaid(row.claimed, row.verified))


def _known(said: ContactIntroduced | ContactVerified) -> Known:
    return Known(readable(said.name), readable(said.email), readable(said.phone))


def _overlaid(under: Known, over: Known) -> Known:
    return Known(over.name or under.name, over.email or under.email, over.phone or under.phone)


def _without(known: Known, withdrawn: tuple[Claim, ...]) -> Known:
    return msgspec.structs.replace(known, **dict.fromkeys(withdrawn)) if withdrawn else known


def _notes(recorded: Sequence[Recorded]) -> list[NoteRow]:
    """The notes in these events, without the words on people who are erased further on in them."""
    notes: list[NoteRow] = []
    for one in recorded:
        if isinstance(one.event, ContactErased):
            for note in notes:
                note.text = None if note.contact_id == one.stream_id else note.text
        elif isinstance(one.event, ContactNoted):
            said = one.event
            place = (one.tenant_id, one.stream_id, one.version)
            notes.append(NoteRow(*place, said.note_id, said.by.kind, said.by.id, readable(said.text), said.at))
    return notes


def _moments(recorded: Sequence[Recorded]) -> list[MomentRow]:
    moments: dict[tuple[UUID, str], MomentRow] = {}
    for one in recorded:
        match one.event:
            case ConversationStarted() as said:
                began = MomentRow(one.tenant_id, one.stream_id, "conversation", said.contact_id, said.at)
                began.channel, began.session_id = said.channel, said.session_id
                moments[one.stream_id, began.kind] = began
            case Rated() as said:
                rated = MomentRow(one.tenant_id, one.stream_id, "rating", said.subject_id, said.at)
                rated.score, rated.comment = said.score, readable(said.comment)
                moments[one.stream_id, rated.kind] = rated
            case ContactErased():
                for moment in moments.values():
                    moment.comment = None if moment.contact_id == one.stream_id else moment.comment
            case _:
                pass
    return list(moments.values())
