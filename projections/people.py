"""People: what contacts call themselves, kept by each read model that shows a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from application.log import Recorded
from application.projection import Connection
from domain.contact import ContactErased, ContactIntroduced
from domain.conversation import ConversationStarted
from domain.personal import Personal, readable
from projections.table import Key, Table


class Person(msgspec.Struct):
    """One contact. Name and e-mail are None where never given or erased."""

    tenant_id: int
    contact_id: UUID
    name: str | None = None
    email: str | None = None


def people_table(name: str) -> Table[Person]:
    return Table(name, Person, ("contact_id",))


async def fold_people(
    table: Table[Person], connection: Connection, build: int, recorded: Sequence[Recorded]
) -> None:
    """Fold introductions and erasures."""
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
        case ContactIntroduced() | ContactErased():
            return one.tenant_id, one.stream_id
        case ConversationStarted(contact_name=name, contact_email=email, contact_id=contact_id):
            return (one.tenant_id, contact_id) if name is not None or email is not None else None
        case _:
            return None


def _tell(person: Person, one: Recorded) -> None:
    match one.event:
        case ContactErased():
            person.name = person.email = None
        case ContactIntroduced(name=name, email=email):
            person.name = _newer(name, person.name)
            person.email = _newer(email, person.email)
        case ConversationStarted(contact_name=name, contact_email=email):
            # Only where the contact's own stream said nothing: imported conversations.
            person.name = person.name or readable(name)
            person.email = person.email or readable(email)
        case _:
            pass


def _newer(told: Personal | None, known: str | None) -> str | None:
    return known if told is None else readable(told)
