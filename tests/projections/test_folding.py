"""Folding is deterministic: one log gives the same tables, whatever the pages; a second time changes nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import count
from uuid import UUID

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from application.actor import system, visitor
from application.agent import ChangeAgentRole, InviteAgent
from application.article import RemoveArticle, WriteArticle
from application.canned_response import RemoveCannedResponse, SaveCannedResponse
from application.contact import EraseContact, IntroduceContact
from application.conversation import PostMessage, ReplyAsAssistant
from application.handling import AcceptConversation, EndConversation, HandOverConversation
from application.log import Recorded
from application.tenant import OpenTenant
from application.widget import RestyleWidget
from domain.contact import ContactErased
from domain.kernel import PersonalEvent
from domain.personal import ERASED, personal_fields
from domain.refusals import Refusal
from domain.widget import Look
from infrastructure.postgres import Connection, Database
from projections.registry import PROJECTIONS
from tests.projections.conftest import fold_page
from tests.support.house import ANNA, ANSWERING, TENANT, VISITING, VISITOR, WIDGET, House, agent
from tests.support.memory_log import MemoryLog

OWNER = agent(ANNA, "owner")
BUILDS = count(1)


async def live(house: House, chance: random.Random, steps: int) -> None:
    """A random life of one tenant: refusals are part of it."""
    await house.open()
    chats = [await house.chat("Hello"), await house.chat(None, with_assistant=False)]
    for _ in range(steps):
        house.later(hours=chance.choice((0, 0, 1, 80)))
        chat = chance.choice(chats)
        number = chance.randrange(3)
        actor, command = chance.choice(
            (
                (VISITING, PostMessage(conversation_id=chat, text=f"visitor {number}")),
                (agent(), PostMessage(conversation_id=chat, text=f"agent {number}")),
                (agent(), PostMessage(conversation_id=chat, text="note", private=True)),
                (agent(), AcceptConversation(conversation_id=chat)),
                (OWNER, EndConversation(conversation_id=chat)),
                (VISITING, EndConversation(conversation_id=chat)),
                (ANSWERING, HandOverConversation(conversation_id=chat, reason="asked")),
                (ANSWERING, ReplyAsAssistant(conversation_id=chat, text="reply", asked_version=2 + number)),
                (visitor(TENANT, VISITOR), IntroduceContact(contact_id=VISITOR, name=f"Vera {number}")),
                (OWNER, EraseContact(contact_id=VISITOR, reason="asked")),
                (system(TENANT), OpenTenant(name="Shop")),
                (system(TENANT), InviteAgent(agent_id=UUID(int=number), name="A", email="a@example.test")),
                (system(TENANT), ChangeAgentRole(agent_id=UUID(int=number), role="admin")),
                (system(TENANT), RestyleWidget(widget_id=WIDGET, look=Look(name=f"Look {number}"))),
                (
                    OWNER,
                    SaveCannedResponse(canned_response_id=UUID(int=9), shortcut="hi", title="t", body=str(number)),
                ),
                (OWNER, WriteArticle(article_id=UUID(int=8), title="Hours", body=f"We open at {number}.")),
                (OWNER, RemoveArticle(article_id=UUID(int=8))),
                (OWNER, RemoveCannedResponse(canned_response_id=UUID(int=9))),
            )
        )
        try:
            await house.do(actor, command)
        except Refusal:
            continue


def as_sealed(log: Sequence[Recorded]) -> list[Recorded]:
    """What the event store gives back: words said after their person's erasure found no key to be sealed with."""
    erased: set[UUID] = set()
    sealed: list[Recorded] = []
    for one in log:
        event = one.event
        if isinstance(event, ContactErased):
            erased.add(one.stream_id)
        elif isinstance(event, PersonalEvent) and event.subject_id in erased:
            told = [name for name in personal_fields(type(event)) if getattr(event, name) is not None]
            event = msgspec.structs.replace(event, **dict.fromkeys(told, ERASED))
        sealed.append(msgspec.structs.replace(one, event=event))
    return sealed


def pages(log: Sequence[Recorded], chance: random.Random) -> Iterator[Sequence[Recorded]]:
    start = 0
    while start < len(log):
        end = start + chance.randint(1, 10)
        yield log[start:end]
        start = end


async def tables(connection: Connection, build: int) -> dict[str, list[tuple[object, ...]]]:
    found = {}
    for projection in PROJECTIONS:
        for table in projection.tables:
            cursor = await connection.execute(f"SELECT * FROM read.{table}_{build} ORDER BY 1, 2, 3".encode())
            found[table] = await cursor.fetchall()
    return found


async def folded(
    connection: Connection, paged: Sequence[Sequence[Recorded]]
) -> dict[str, list[tuple[object, ...]]]:
    build = next(BUILDS)
    for projection in PROJECTIONS:
        await connection.execute(projection.ddl(build).encode(), prepare=False)
        for page in paged:
            await fold_page(connection, projection, build, page)
    return await tables(connection, build)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), steps=st.integers(0, 30))
async def test_one_page_or_event_by_event_gives_the_same_tables(database: Database, seed: int, steps: int) -> None:
    chance = random.Random(seed)
    house = House()
    await live(house, chance, steps)
    assert isinstance(house.log, MemoryLog)
    log = as_sealed(house.log.recorded)
    async with database.worker() as connection:
        at_once = await folded(connection, [log])
        one_by_one = await folded(connection, [[one] for one in log])
        in_pages = await folded(connection, list(pages(log, chance)))
        twice = await folded(connection, [page for page in pages(log, chance) for _ in range(2)])
    assert at_once == one_by_one
    assert at_once == in_pages
    assert at_once == twice
    assert at_once["inbox"]


async def test_a_page_is_a_constant_number_of_statements(database: Database, house: House) -> None:
    for _ in range(3):
        await live(house, random.Random(1), 30)
    assert isinstance(house.log, MemoryLog)
    async with database.worker() as connection:
        for projection in PROJECTIONS:
            await connection.execute(projection.ddl(1).encode(), prepare=False)
        counts = [await statements(connection, house.log.recorded[:length]) for length in (30, 90)]
    assert counts[1] <= counts[0] + 6
    assert counts[1] < 12 * len(PROJECTIONS)


async def statements(connection: Connection, page: Sequence[Recorded]) -> int:
    """How many statements all projections together run for this page."""
    counting = CountingConnection(connection)
    for projection in PROJECTIONS:
        await projection.fold(
            counting,  # type: ignore[arg-type]
            1,
            [one for one in page if one.type in projection.concerns],
        )
    return counting.executed


class CountingConnection:
    """A real connection that counts what it executes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.executed = 0

    async def execute(self, *arguments: object) -> object:
        self.executed += 1
        return await self._connection.execute(*arguments)  # type: ignore[arg-type]
