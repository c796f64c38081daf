"""People: what contacts are called, kept by each read model that shows a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from application.log import Recorded
from application.projection import Connection
from domain.contact import ContactErased, ContactIntroduced, ContactVerified
from domain.conversation import ConversationStarted
from domain.joining import ContactLinked, ContactMerged, ContactUnmerged
from domain.personal import Personal, readable
from projections.table import Key, Table


class Person(msgspec.Struct):
    """One contact. Name and e-mail are None where never given or erased; a verified one is never overwritten.

    `verified`: the tenant's server signed who this is. `merged_into`: the contact they are part of, `is_linked`
    where a signed identity made them so.
    """

    tenant_id: int
    contact_id: UUID
    name: str | None = None
    email: str | None = None
    verified: bool = False
    verified_name: bool = False
    verified_email: bool = False
    merged_into: UUID | None = None
    is_linked: bool = False


def people_table(name: str) -> Table[Person]:
    return Table(name, Person, ("contact_id",), indexes=("tenant_id, merged_into WHERE merged_into IS NOT NULL",))


async def fold_people(
    table: Table[Person], connection: Connection, build: int, recorded: Sequence[Recorded]
) -> None:
    """Fold introductions, proofs, joins and erasures."""
    told = [(_person_of(one), one) for one in recorded]
    people = await table.load(connection, build, {key for key, _ in told if key is not None})
    for key, one in told:
        if key is None:
            continue
        _tell(people.setdefault(key, Person(*key)), one)
    await table.upsert(connection, build, people.values())


def erased_people(recorded: Sequence[Recorded]) -> list[Key]:
    """Whose words must become unreadable."""
    return [(one.tenant_id, one.stream_id) for one in recorded if isinstance(one.event, ContactErased)]


def _person_of(one: Recorded) -> Key | None:
    match one.event:
        case (
            ContactIntroduced()
            | ContactVerified()
            | ContactErased()
            | ContactLinked()
            | ContactMerged()
            | ContactUnmerged()
        ):
            return one.tenant_id, one.stream_id
        case ConversationStarted(contact_name=name, contact_email=email, contact_id=contact_id):
            return (one.tenant_id, contact_id) if name is not None or email is not None else None
        case _:
            return None


def _tell(person: Person, one: Recorded) -> None:
    match one.event:
        case ContactErased():
            person.name = person.email = None
            person.verified_name = person.verified_email = False
        case ContactIntroduced() as said:
            _claim(person, said)
        case ContactVerified() as said:
            _verify(person, said)
        case ContactLinked(into_id=into_id) | ContactMerged(into_id=into_id):
            person.merged_into, person.is_linked = into_id, isinstance(one.event, ContactLinked)
        case ContactUnmerged():
            person.merged_into, person.is_linked = None, False
        case ConversationStarted(contact_name=name, contact_email=email):
            # Only where the contact's own stream said nothing: imported conversations.
            person.name = person.name or readable(name)
            person.email = person.email or readable(email)
        case _:
            pass


def _claim(person: Person, said: ContactIntroduced) -> None:
    if not person.verified_name:
        person.name = _newer(said.name, None if "name" in said.withdrawn else person.name)
    if not person.verified_email:
        person.email = _newer(said.email, None if "email" in said.withdrawn else person.email)


def _verify(person: Person, said: ContactVerified) -> None:
    person.verified = True
    person.name, person.email = _newer(said.name, person.name), _newer(said.email, person.email)
    person.verified_name = person.verified_name or said.name is not None
    person.verified_email = person.verified_email or said.email is not None


def _newer(told: Personal | None, known: str | None) -> str | None:
    return known if told is None else readable(told)
