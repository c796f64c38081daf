"""Contacts fold the same whatever the pages, and a second time changes nothing."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from uuid import UUID

import pytest

from application.actor import visitor
from application.contact import (
    BlockContact,
    ChangeContact,
    EraseContact,
    IntroduceContact,
    NoteContact,
    UnblockContact,
)
from application.conversation import StartConversation
from application.joining import IdentifyContact, MergeContact, UnmergeContact
from application.log import Recorded
from domain.refusals import Refusal
from infrastructure.postgres import Connection, Database
from projections.contacts_fold import Contacts
from tests.projections.conftest import fold_page
from tests.projections.test_folding import as_sealed, pages
from tests.support.house import ADMIN, TENANT, House, agent
from tests.support.memory_log import MemoryLog

BUILDS = count(1000)
PEOPLE = [UUID(int=number) for number in (1, 2, 3)]
KNOWN = UUID(int=9)


async def live(house: House, chance: random.Random, steps: int) -> None:
    """A random life of three visitors and one known customer: refusals are part of it."""
    for _ in range(steps):
        house.later(minutes=chance.choice((0, 1, 90)))
        id, other, number = chance.choice(PEOPLE), chance.choice([*PEOPLE, KNOWN]), chance.randrange(3)
        until = house.now + timedelta(hours=1)
        signed = IdentifyContact(contact_id=KNOWN, visitor_id=id, external_id="c", name=f"Signed {number}")
        actor, command = chance.choice(
            (
                (visitor(TENANT, id), IntroduceContact(contact_id=id, name=f"Vera {number}")),
                (visitor(TENANT, id), StartConversation(contact_id=id, text="Hello", session_id=f"s{number}")),
                (visitor(TENANT, id), signed),
                (agent(), ChangeContact(contact_id=other, phone=f"{number}12345", withdrawn=("name",))),
                (agent(), ChangeContact(contact_id=id, attributes='{"a":1,"b":null}')),
                (agent(), ChangeContact(contact_id=id, attributes=f'{{"a":null,"b":{number}}}')),
                (agent(), NoteContact(contact_id=other, text="Note")),
                (agent(), BlockContact(contact_id=id, reason="spam", until=until)),
                (agent(), UnblockContact(contact_id=id)),
                (agent(), MergeContact(contact_id=id, into_id=other)),
                (agent(), UnmergeContact(contact_id=id)),
                (agent(), UnmergeContact(contact_id=other)),
                (ADMIN, EraseContact(contact_id=id, reason="asked")),
            )
        )
        try:
            await house.do(actor, command)
        except Refusal:
            continue


async def folded(
    connection: Connection, paged: Sequence[Sequence[Recorded]]
) -> dict[str, list[tuple[object, ...]]]:
    contacts, build = Contacts(), next(BUILDS)
    await connection.execute(contacts.ddl(build).encode(), prepare=False)
    for page in paged:
        await fold_page(connection, contacts, build, page)
    found = {}
    for table in contacts.tables:
        cursor = await connection.execute(f"SELECT * FROM read.{table}_{build} ORDER BY 1, 2, 3".encode())
        found[table] = await cursor.fetchall()
    return found


@pytest.mark.parametrize("seed", range(6))
async def test_the_pages_make_no_difference(database: Database, seed: int) -> None:
    house, chance = House(), random.Random(seed)
    await live(house, chance, 80)
    assert isinstance(house.log, MemoryLog)
    log = as_sealed(house.log.recorded)
    async with database.worker() as connection:
        whole = await folded(connection, [log])
        assert len(whole["contact"]) >= len(PEOPLE)
        assert await folded(connection, [[one] for one in log]) == whole
        assert await folded(connection, list(pages(log, chance))) == whole
        assert await folded(connection, [log, log]) == whole
