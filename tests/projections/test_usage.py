"""Usage: what is billed is what the log says, by the weights of its time, and a rebuild says the same."""

from __future__ import annotations

from uuid import UUID

from application.conversation import PostMessage, ReplyAsAssistant, StartConversation
from application.handling import AcceptConversation
from application.plan import ChangePlan
from application.projection import Connection
from domain.metering import measured
from domain.plan import Limits, ModelWeight
from infrastructure.postgres import Database
from projections.usage_fold import PARTS, SOURCES, TOTALS, Usage
from tests.support.house import ADMIN, ANNA, ANSWERING, ASSISTANT, TENANT, VISITING, VISITOR, WIDGET, House, agent
from tests.support.memory_log import MemoryLog

COLUMNS = "period, meter, widget_id, agent_id, model, amount"


async def chat(house: House, tokens: int) -> UUID:
    """A visitor's message to the widget, answered for so many tokens."""
    start = StartConversation(contact_id=VISITOR, widget_id=WIDGET, assistant_id=ASSISTANT, text="Hello")
    receipt = await house.do(VISITING, start)
    id = receipt.events[-1].originator_id
    reply = ReplyAsAssistant(
        conversation_id=id, text="Hi", asked_version=receipt.version, model="big", tokens=tokens
    )
    await house.do(ANSWERING, reply)
    return id


async def weigh(house: House, weight: int) -> None:
    weights = (ModelWeight("big", weight),)
    await house.do(ADMIN, ChangePlan(limits=Limits(), weights=weights))


async def rows(connection: Connection, build: int) -> set[tuple[object, ...]]:
    cursor = await connection.execute(f"SELECT {COLUMNS} FROM read.usage_total_{build}".encode())
    return set(await cursor.fetchall())


async def begun(connection: Connection, build: int) -> Usage:
    usage = Usage()
    await connection.execute(usage.ddl(build).encode(), prepare=False)
    return usage


async def test_tokens_count_by_the_weight_of_their_time_and_messages_by_who_has_them(database: Database) -> None:
    house = House(log := MemoryLog())
    await house.open()
    first = await chat(house, 10)
    await weigh(house, 1500)
    await chat(house, 11)
    await weigh(house, 1000)
    house.later(days=40)
    await chat(house, 5)
    await house.do(agent(), AcceptConversation(conversation_id=first))
    await house.do(VISITING, PostMessage(conversation_id=first, text="Thanks"))
    await house.do(agent(), PostMessage(conversation_id=first, text="Welcome"))
    async with database.worker() as connection:
        usage = await begun(connection, 1)
        await usage.fold(connection, 1, log.recorded)
        found = await rows(connection, 1)
    assert found == {
        (203001, "messages", WIDGET, None, None, 2),
        (203001, "tokens", WIDGET, None, "big", 10 + 17),
        (203002, "messages", WIDGET, None, None, 1),
        (203002, "messages", WIDGET, ANNA, None, 1),
        (203002, "tokens", WIDGET, None, "big", 5),
    }


async def test_a_rebuild_and_a_stream_folded_again_give_the_same_numbers(database: Database) -> None:
    house = House(log := MemoryLog())
    await house.open()
    await weigh(house, 2500)
    streams = [await chat(house, number) for number in (3, 5, 8)]
    async with database.worker() as connection:
        usage = await begun(connection, 1)
        for one in log.recorded:
            await usage.fold(connection, 1, [one])
        await begun(connection, 2)
        await usage.fold(connection, 2, log.recorded)
        assert await rows(connection, 1) == await rows(connection, 2)
        await usage.forget(connection, 2, TENANT, streams[1])
        assert await rows(connection, 1) != await rows(connection, 2)
        again = [one for one in log.recorded if one.stream_id == streams[1] and one.type in usage.concerns]
        await usage.fold(connection, 2, again)
        assert await rows(connection, 1) == await rows(connection, 2)
        for table in (SOURCES, PARTS, TOTALS):
            counts = [
                await (
                    await connection.execute(f"SELECT count(*) FROM read.{table.name}_{build}".encode())
                ).fetchone()
                for build in (1, 2)
            ]
            assert counts[0] == counts[1]


async def test_the_sum_is_what_the_events_say_one_by_one(database: Database) -> None:
    house = House(log := MemoryLog())
    await house.open()
    await weigh(house, 333)
    for number in range(5):
        await chat(house, number)
    weights = (ModelWeight("big", 333),)
    said = [measured(one.event, weights) for one in log.recorded]
    async with database.worker() as connection:
        usage = await begun(connection, 1)
        await usage.fold(connection, 1, log.recorded)
        found = await rows(connection, 1)
    for meter in ("messages", "tokens"):
        billed = sum(int(str(row[-1])) for row in found if row[1] == meter)
        assert billed == sum(one.amount for one in said if one is not None and one.meter == meter) > 0
