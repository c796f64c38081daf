"""The workload on a real database says the same as its fold in memory, which routing is tested with."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from application.actor import system
from application.agent import DeactivateAgent, InviteAgent
from application.availability import SetAvailability, SetCapacity, SetSkills
from application.handling import (
    AcceptConversation,
    AssignConversation,
    EndConversation,
    ReturnConversation,
    SnoozeConversation,
    TransferConversation,
)
from application.marks import ChangeLabels
from application.routing import Floor
from application.team import AddTeamMember, CreateTeam, RemoveTeam, RouteTeam
from domain.hours import Hours, Opening
from domain.refusals import Invalid
from domain.team import Routing
from infrastructure.postgres import Database
from projections.workload import (
    read_desks,
    read_due,
    read_floor,
    read_queue,
    read_queue_place,
    read_seat,
    read_task,
    read_teams,
    read_teams_at_work,
)
from projections.workload_fold import Workload
from tests.projections.conftest import ReadModels, fold_page
from tests.support.house import ADMIN, ANNA, BEN, TENANT, House, agent
from tests.support.memory_desks import MemoryDesks
from tests.support.memory_log import MemoryLog

PRODUCT = system(TENANT)
OPEN = Hours("UTC", tuple(Opening(day, "00:00", "24:00") for day in range(7)))


async def staff(house: House) -> None:
    for id in (ANNA, BEN):
        await house.do(ADMIN, InviteAgent(agent_id=id, name="A", email=f"{id.hex}@example.test"))
        await house.do(agent(id), SetAvailability(agent_id=id, availability="online"))


async def team(house: House, routing: Routing, *members: UUID, name: str = "Support") -> UUID:
    team_id = (await house.do(ADMIN, CreateTeam(name=name))).events[0].originator_id
    for id in members:
        await house.do(ADMIN, AddTeamMember(team_id=team_id, agent_id=id))
    await house.do(ADMIN, RouteTeam(team_id=team_id, routing=routing))
    return team_id


def as_sets(floor: Floor) -> tuple[object, ...]:
    return (
        sorted(floor.desks, key=lambda one: one.agent_id),
        floor.teams,
        sorted(floor.waiting, key=lambda one: one.conversation_id),
        sorted(floor.abandoned, key=lambda one: one.conversation_id),
    )


async def busy(house: House) -> list[UUID]:
    """A life in which every kind of row changes; what waits at its end is in three queues."""
    await staff(house)
    first = await team(house, Routing("least_loaded", 3, serves_everyone=True, hours=OPEN), ANNA, BEN)
    needs = Routing("round_robin", serves_everyone=False, skills=("german",), skill_rule="need")
    second = await team(house, needs, BEN, name="Sales")
    gone = await team(house, Routing("round_robin"), ANNA, name="Gone")
    chats = [await house.chat(with_assistant=False) for _ in range(9)]
    await house.do(agent(), AcceptConversation(conversation_id=chats[0]))
    await house.do(PRODUCT, AssignConversation(conversation_id=chats[1], agent_id=BEN, rule="round_robin"))
    house.later(hours=1)
    await house.do(agent(BEN), TransferConversation(conversation_id=chats[1], team_id=second))
    await house.do(agent(), TransferConversation(conversation_id=chats[2], agent_id=BEN))
    house.later(hours=1)
    await house.do(PRODUCT, ReturnConversation(conversation_id=chats[2], reason="accept_timed_out"))
    await house.do(agent(), TransferConversation(conversation_id=chats[3], team_id=gone))
    await house.do(ADMIN, RemoveTeam(team_id=gone))
    await house.do(agent(), TransferConversation(conversation_id=chats[4], team_id=first))
    await house.do(agent(), AcceptConversation(conversation_id=chats[5]))
    until = datetime(2030, 1, 3, tzinfo=UTC)
    await house.do(agent(), SnoozeConversation(conversation_id=chats[5], until=until))
    await house.do(agent(), EndConversation(conversation_id=chats[6]))
    await house.do(agent(), TransferConversation(conversation_id=chats[7], agent_id=BEN))
    await house.do(ADMIN, SetCapacity(agent_id=ANNA, capacity=2))
    await house.do(ADMIN, SetSkills(agent_id=BEN, skills=("german", "legal")))
    for chat, asked in ((chats[1], "skill:legal"), (chats[3], "skill:music"), (chats[8], "skill:music")):
        await house.do(agent(), ChangeLabels(conversation_id=chat, add=(asked, "vip")))
    await house.do(agent(), ChangeLabels(conversation_id=chats[8], remove=("skill:music",)))
    return chats


async def test_who_waits_for_a_skill_that_nobody_there_has_is_not_read(house: House, models: ReadModels) -> None:
    """So that however many of them there are, they hide nobody."""
    await staff(house)
    await team(house, Routing("round_robin", skill_rule="need"), ANNA, BEN)
    chats = [await house.chat(with_assistant=False) for _ in range(3)]
    await house.do(ADMIN, SetSkills(agent_id=ANNA, skills=("german",)))
    for chat, asked in zip(chats, ("skill:music", "skill:german"), strict=False):
        await house.do(agent(), ChangeLabels(conversation_id=chat, add=(asked,)))
    await models.fold()
    async with models.tenant() as connection:
        floor = await read_floor(connection, TENANT, 0, house.now)
    assert [one.conversation_id for one in floor.waiting] == chats[1:]
    assert [sorted(one.skills) for one in floor.waiting] == [["german"], []]


async def test_the_floor_the_seats_and_what_is_due_are_those_of_the_fold(
    house: House, models: ReadModels, database: Database
) -> None:
    await busy(house)
    await models.fold()
    assert isinstance(house.log, MemoryLog)
    memory = MemoryDesks(house.log)
    expected = await memory.floor(TENANT, 0, house.now)
    assert len(expected.waiting) == 5
    async with models.tenant() as connection:
        floor = await read_floor(connection, TENANT, 0, house.now)
        assert as_sets(floor) == as_sets(expected)
        for id in (ANNA, BEN, UUID(int=5)):
            seat = await read_seat(connection, TENANT, id)
            wanted = await memory.seat(TENANT, id)
            assert (seat.is_there, seat.team_room) == (wanted.is_there, wanted.team_room)
            assert (await memory.seat(TENANT, id)).load == len(memory.held(id))
    async with database.worker() as connection:
        due = await read_due(connection)
    assert sorted(due, key=str) == sorted(await memory.outstanding(0), key=str)
    assert sorted(one.kind for one in due) == ["accept", "hours", "snooze"]


async def test_event_by_event_or_twice_gives_the_same_tables_as_one_page(
    house: House, models: ReadModels, database: Database
) -> None:
    await busy(house)
    await models.fold()
    assert isinstance(house.log, MemoryLog)
    workload = Workload()
    async with database.worker() as connection:
        await connection.execute(workload.ddl(900).encode(), prepare=False)
        for one in [*house.log.recorded, *house.log.recorded[-20:]]:
            await fold_page(connection, workload, 900, [one])
        for table in workload.tables:
            rows = [
                await (
                    await connection.execute(f"SELECT * FROM read.{table}_{build} ORDER BY 1, 2".encode())
                ).fetchall()
                for build in (1, 900)
            ]
            assert rows[0] == rows[1], table


async def test_what_a_deactivated_agent_has_is_abandoned(house: House, models: ReadModels) -> None:
    await staff(house)
    chat = await house.chat(with_assistant=False)
    await house.do(agent(), AcceptConversation(conversation_id=chat))
    await house.do(ADMIN, DeactivateAgent(agent_id=ANNA))
    await models.fold()
    async with models.tenant() as connection:
        floor = await read_floor(connection, TENANT, 0, house.now)
    assert [one.conversation_id for one in floor.abandoned] == [chat]


async def test_places_are_counted_within_a_queue_and_time_by_what_was_taken(
    house: House, models: ReadModels
) -> None:
    house.now = datetime.now(UTC)
    await staff(house)
    team_id = await team(house, Routing(), ANNA)
    chats = [await house.chat(with_assistant=False) for _ in range(4)]
    await house.do(agent(), TransferConversation(conversation_id=chats[0], team_id=team_id))
    await house.do(agent(), AcceptConversation(conversation_id=chats[1]))
    await models.fold()
    async with models.tenant() as connection:
        places = [await read_queue_place(connection, TENANT, chat) for chat in chats]
        queue = await read_queue(connection, TENANT)
        task = await read_task(connection, TENANT, chats[0])
    assert [place and (place.position, place.estimated_seconds) for place in places] == [
        (1, None),
        None,
        (1, 900),
        (2, 1800),
    ]
    assert sorted(queue, key=str) == sorted((place for place in places if place), key=str)
    assert task is not None
    assert task.team_id == team_id


async def test_who_waits_is_found_a_thousand_at_a_time_without_starving_anybody(
    house: House, models: ReadModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of those who wait where nobody has room none is read: they would hide the others."""
    await staff(house)
    full = await team(house, Routing("round_robin", 0, serves_everyone=False), ANNA)
    await team(house, Routing("round_robin", 5), BEN, name="Free")
    hidden = [await house.chat(with_assistant=False) for _ in range(3)]
    for chat in hidden:
        await house.do(agent(), TransferConversation(conversation_id=chat, team_id=full))
    house.later(hours=1)
    seen = await house.chat(with_assistant=False)
    await models.fold()
    async with models.tenant() as connection:
        floor = await read_floor(connection, TENANT, 0, house.now)
    assert [one.conversation_id for one in floor.waiting] == [seen]


async def test_lists_come_in_pages(house: House, models: ReadModels) -> None:
    await staff(house)
    names = ["One", "Two", "Three"]
    for name in names:
        await team(house, Routing(), name=name)
    await models.fold()
    async with models.tenant() as connection:
        first, cursor = await read_teams(connection, TENANT, 2)
        rest, end = await read_teams(connection, TENANT, 2, cursor)
        assert [one.name for one in (*first, *rest)] == names
        assert end is None
        one, cursor = await read_desks(connection, TENANT, 1)
        two, end = await read_desks(connection, TENANT, 1, cursor)
        assert [view.agent_id for view in (*one, *two)] == [ANNA, BEN]
        assert end is None
        for wrong in ("no", cursor):
            with pytest.raises(Invalid):
                await read_teams(connection, TENANT, 2, wrong)


async def test_another_tenants_workload_does_not_exist(house: House, models: ReadModels) -> None:
    chats = await busy(house)
    await models.fold()
    async with models.tenant(TENANT + 1) as connection:
        assert await read_teams_at_work(connection, TENANT) == ()
        assert (await read_floor(connection, TENANT, 0, house.now)).waiting == ()
        assert await read_queue_place(connection, TENANT, chats[8]) is None
        assert await read_task(connection, TENANT, chats[8]) is None
        assert not (await read_seat(connection, TENANT, ANNA)).is_there
