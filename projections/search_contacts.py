"""The contacts a search finds: by parts of their names, e-mail addresses, telephone numbers and attributes, or by
what is much like them. What was verified is shown before what was claimed; both are found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from application.log import Recorded
from application.projection import Connection
from domain.attributes import attributes_in
from domain.contact import ContactAttributesChanged, ContactErased, ContactIntroduced, ContactVerified
from domain.conversation import ConversationStarted
from domain.personal import Personal, readable
from projections.search_threads import string_values
from projections.table import Key, Table


class Told(msgspec.Struct, frozen=True):
    """None: never said, withdrawn or erased."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None

    def overlaid(self, name: Personal | None, email: Personal | None, phone: Personal | None = None) -> Told:
        """What is said now, else as it was."""
        return Told(_newer(name, self.name), _newer(email, self.email), _newer(phone, self.phone))

    def texts(self) -> list[str]:
        return [text for text in (self.name, self.email, self.phone) if text]


class SearchContact(msgspec.Struct):
    """One contact of whom something was told; `seq`, `at`: when that was first. `known_as` is what is found.

    `attributes`: those that are texts.
    """

    tenant_id: int
    contact_id: UUID
    seq: int
    at: datetime
    claimed: Told
    verified: Told
    name: str | None
    email: str | None
    known_as: str
    attributes: dict[str, str] = {}


LONGEST_VALUE = 200
"""Characters of an attribute by which a contact is found."""

CONTACTS = Table("search_contact", SearchContact, ("contact_id",))

_FOLDED = """
ALTER TABLE read.search_contact_{build} ADD COLUMN folded text
  GENERATED ALWAYS AS (read.folded(known_as)) STORED;
CREATE INDEX ON read.search_contact_{build} USING gin (tenant_id, folded public.gin_trgm_ops);
CREATE INDEX ON read.search_contact_{build} (tenant_id, seq);
"""

_DELETE = """
DELETE FROM read.search_contact_{build} c USING unnest(%s::int[], %s::uuid[]) AS x(tenant_id, contact_id)
WHERE c.tenant_id = x.tenant_id AND c.contact_id = x.contact_id"""


def search_contacts_ddl(build: int) -> str:
    """Create the table and its indexes."""
    return CONTACTS.ddl(build) + _FOLDED.format(build=build)


async def fold_contacts(connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
    """Fold what is told of people, and erasures. Of whom nothing is told has no row."""
    told = [(key, one) for one in recorded if (key := _contact_of(one)) is not None]
    if not told:
        return
    contacts = await CONTACTS.load(connection, build, {key for key, _ in told})
    for key, one in told:
        contact = _told(contacts.pop(key, None) or _stranger(key, one), one)
        if contact.known_as:
            contacts[key] = contact
    gone = list({key for key, _ in told} - contacts.keys())
    keys = [tenant_id for tenant_id, _ in gone], [contact_id for _, contact_id in gone]
    await connection.execute(_DELETE.format(build=build).encode(), keys)
    await CONTACTS.upsert(connection, build, contacts.values())


async def forget_contact(connection: Connection, build: int, tenant_id: int, contact_id: UUID) -> None:
    """As if nothing had been told of them."""
    await CONTACTS.delete(connection, build, tenant_id, contact_id)


def _contact_of(one: Recorded) -> Key | None:
    match one.event:
        case ContactIntroduced() | ContactVerified() | ContactAttributesChanged() | ContactErased():
            return one.tenant_id, one.stream_id
        case ConversationStarted(contact_name=name, contact_email=email, contact_id=contact_id):
            return (one.tenant_id, contact_id) if name is not None or email is not None else None
        case _:
            return None


def _stranger(key: Key, one: Recorded) -> SearchContact:
    return SearchContact(*key, one.seq, one.at, Told(), Told(), None, None, "")


def _told(contact: SearchContact, one: Recorded) -> SearchContact:
    claimed, verified, attributes = contact.claimed, contact.verified, contact.attributes
    match one.event:
        case ContactErased():
            claimed = verified = Told()
            attributes = {}
        case ContactAttributesChanged(names=names, values=values):
            attributes = dict(sorted(string_values(attributes, attributes_in(names, values)).items()))
        case ContactIntroduced() as said:
            kept = msgspec.structs.replace(claimed, **dict.fromkeys(said.withdrawn))
            claimed = kept.overlaid(said.name, said.email, said.phone)
        case ContactVerified() as said:
            verified = verified.overlaid(said.name, said.email, said.phone)
        case ConversationStarted(contact_name=name, contact_email=email):
            # Only where the contact's own stream said nothing: imported conversations.
            claimed = Told(claimed.name or readable(name), claimed.email or readable(email), claimed.phone)
        case _:
            pass
    return msgspec.structs.replace(
        contact,
        claimed=claimed,
        verified=verified,
        name=verified.name or claimed.name,
        email=verified.email or claimed.email,
        known_as=" ".join(dict.fromkeys([*verified.texts(), *claimed.texts(), *_beginnings(attributes)])),
        attributes=attributes,
    )


def _beginnings(attributes: Mapping[str, str]) -> list[str]:
    """Of a long text its beginning: every part of what is found is in the index."""
    return [text[:LONGEST_VALUE] for text in attributes.values() if text]


def _newer(told: Personal | None, known: str | None) -> str | None:
    return known if told is None else readable(told)
