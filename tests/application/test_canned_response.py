"""Who may write which canned responses, and that no shortcut is ever given twice."""

from __future__ import annotations

import asyncio
from uuid import UUID

import msgspec
import pytest

from application.actor import Actor, system
from application.agent import InviteAgent
from application.bus import Receipt
from application.canned_response import (
    ChangeCannedResponse,
    CreateCannedResponse,
    RemoveCannedResponse,
)
from application.canned_use import CannedChoice, RecordCannedUse
from application.file import PurgeFile, UploadFile
from application.log import Append, Meta, Slice
from application.team import AddTeamMember, CreateTeam, RemoveTeam
from application.tenant import OpenTenant
from domain.canned_response import CannedResponseSaved, Scope
from domain.ids import natural_key
from domain.kernel import By, Cause
from domain.refusals import Conflict, FileIsPurged, Forbidden, Invalid, NotFound, ShortcutTaken
from tests.support.house import ADMIN, ANNA, BEN, TENANT, VISITING, House, agent
from tests.support.memory_log import MemoryLog

SUPERVISOR, ANNAS, BENS = agent(UUID(int=0xC8), "supervisor"), agent(ANNA), agent(BEN)


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def house(log: MemoryLog) -> House:
    return House(log)


def create(shortcut: str = "hi", scope: Scope = "tenant") -> CreateCannedResponse:
    return CreateCannedResponse(shortcut=shortcut, title="Title", body="Body", scope=scope)


def id_of(receipt: Receipt) -> UUID:
    return next(one.originator_id for one in receipt.events if isinstance(one, CannedResponseSaved))


async def made(house: House, actor: Actor = SUPERVISOR, shortcut: str = "hi", scope: Scope = "tenant") -> UUID:
    return id_of(await house.do(actor, create(shortcut, scope)))


async def test_a_shortcut_is_given_once_whatever_its_case(house: House, log: MemoryLog) -> None:
    first = await made(house)
    before = len(log.recorded)
    with pytest.raises(ShortcutTaken) as refused:
        await house.do(SUPERVISOR, create("/HI"))
    assert refused.value.details == {"id": f"can_{first.hex}"}
    assert len(log.recorded) == before


async def test_each_reach_has_its_own_shortcuts(house: House) -> None:
    await made(house)
    await made(house, ANNAS, scope="private")
    await made(house, BENS, scope="private")
    with pytest.raises(ShortcutTaken):
        await made(house, BENS, scope="private")


async def test_of_many_at_once_in_two_processes_one_gets_the_shortcut(house: House, log: MemoryLog) -> None:
    buses = [house.new_bus(), house.new_bus()]
    tries = [bus.execute(SUPERVISOR, create()) for bus in buses for _ in range(5)]
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(one, Receipt) for one in done) == 1
    assert all(isinstance(one, Conflict) for one in done if not isinstance(one, Receipt))
    assert [one.type for one in log.recorded].count("canned_response.saved.1") == 1


async def test_a_process_that_remembers_an_old_holder_gives_no_shortcut_away(house: House) -> None:
    """The copy of the shortcut in `here` is older than what `there` did; its decision must not stand."""
    here, there = house.new_bus(), house.new_bus()
    mine = id_of(await here.execute(SUPERVISOR, create("a")))
    await there.execute(SUPERVISOR, ChangeCannedResponse(canned_response_id=mine, shortcut="b"))
    await there.execute(SUPERVISOR, create("a"))
    with pytest.raises(Invalid):  # it lets go of its copy of the response, and keeps the one of the shortcut
        await here.execute(SUPERVISOR, ChangeCannedResponse(canned_response_id=mine, body=""))
    with pytest.raises(ShortcutTaken):
        await here.execute(SUPERVISOR, ChangeCannedResponse(canned_response_id=mine, shortcut="A"))


async def test_a_changed_or_removed_one_frees_its_shortcut(house: House) -> None:
    id = await made(house)
    await house.do(SUPERVISOR, ChangeCannedResponse(canned_response_id=id, shortcut="hello"))
    second = await made(house, shortcut="hi")
    await house.do(SUPERVISOR, RemoveCannedResponse(canned_response_id=second))
    await house.do(SUPERVISOR, ChangeCannedResponse(canned_response_id=id, shortcut="Hi"))
    await made(house, shortcut="hello")


async def test_a_change_keeps_what_it_does_not_name(house: House, log: MemoryLog) -> None:
    id = await made(house)
    receipt = await house.do(SUPERVISOR, ChangeCannedResponse(canned_response_id=id, body="New"))
    (saved,) = receipt.events
    assert isinstance(saved, CannedResponseSaved)
    assert (saved.shortcut, saved.title, saved.body, saved.scope) == ("hi", "Title", "New", "tenant")
    assert (await house.do(SUPERVISOR, ChangeCannedResponse(canned_response_id=id, body="New"))).events == ()


async def test_a_change_of_what_somebody_else_has_changed_is_refused(house: House) -> None:
    id = await made(house)
    await house.do(SUPERVISOR, ChangeCannedResponse(canned_response_id=id, body="New"))
    with pytest.raises(Conflict):
        await house.do(SUPERVISOR, ChangeCannedResponse(canned_response_id=id, body="Newer", expected_version=1))


async def test_an_agent_writes_nothing_for_others(house: House, log: MemoryLog) -> None:
    id = await made(house)
    before = len(log.recorded)
    for command in (
        create("x"),
        ChangeCannedResponse(canned_response_id=id, body="New"),
        RemoveCannedResponse(canned_response_id=id),
    ):
        with pytest.raises(Forbidden):
            await house.do(ANNAS, command)
    assert len(log.recorded) == before


async def test_an_agents_private_ones_are_theirs_to_change_but_not_to_share(house: House) -> None:
    id = await made(house, ANNAS, scope="private")
    await house.do(ANNAS, ChangeCannedResponse(canned_response_id=id, body="New"))
    with pytest.raises(Forbidden):
        await house.do(ANNAS, ChangeCannedResponse(canned_response_id=id, scope="tenant"))
    await house.do(ANNAS, RemoveCannedResponse(canned_response_id=id))


@pytest.mark.parametrize("stranger", [BENS, SUPERVISOR, ADMIN])
async def test_a_private_one_exists_for_nobody_else(house: House, log: MemoryLog, stranger: Actor) -> None:
    id = await made(house, ANNAS, scope="private")
    chat = await house.chat(with_assistant=False)
    before = len(log.recorded)
    for command in (
        ChangeCannedResponse(canned_response_id=id, body="New"),
        RemoveCannedResponse(canned_response_id=id),
        RecordCannedUse(conversation_id=chat, message_id=UUID(int=5), choice=CannedChoice(id, 1)),
    ):
        with pytest.raises(NotFound):
            await house.do(stranger, command)
    assert len(log.recorded) == before


async def test_a_supervisors_private_one_can_become_everybodys(house: House) -> None:
    id = await made(house, SUPERVISOR, scope="private")
    await house.do(SUPERVISOR, ChangeCannedResponse(canned_response_id=id, scope="tenant"))
    with pytest.raises(ShortcutTaken):
        await made(house, ADMIN)


async def test_the_product_itself_has_no_private_ones(house: House) -> None:
    with pytest.raises(Invalid):
        await house.do(system(TENANT), create(scope="private"))


async def test_a_team_that_is_not_there_has_none(house: House) -> None:
    command = CreateCannedResponse(shortcut="hi", title="T", body="B", scope="team", team_id=UUID(int=77))
    with pytest.raises(NotFound):
        await house.do(SUPERVISOR, command)


async def test_a_teams_one_is_seen_by_its_members_and_written_by_supervisors(house: House) -> None:
    team = await team_of(house, ANNA)
    command = CreateCannedResponse(shortcut="hi", title="T", body="B", scope="team", team_id=team)
    with pytest.raises(Forbidden):
        await house.do(ANNAS, command)
    with pytest.raises(NotFound):
        await house.do(BENS, command)
    id = id_of(await house.do(SUPERVISOR, command))
    change = ChangeCannedResponse(canned_response_id=id, body="New")
    with pytest.raises(Forbidden):
        await house.do(ANNAS, change)
    with pytest.raises(NotFound):
        await house.do(BENS, change)
    await house.do(SUPERVISOR, change)
    chat = await house.chat(with_assistant=False)
    use = RecordCannedUse(conversation_id=chat, message_id=UUID(int=5), choice=CannedChoice(id, 1))
    with pytest.raises(NotFound):
        await house.do(BENS, use)
    assert (await house.do(ANNAS, use)).events


async def test_a_team_that_was_removed_gets_no_more_but_its_old_ones_can_be_shared(house: House) -> None:
    team = await team_of(house, ANNA)
    command = CreateCannedResponse(shortcut="hi", title="T", body="B", scope="team", team_id=team)
    id = id_of(await house.do(SUPERVISOR, command))
    await house.do(SUPERVISOR, RemoveTeam(team_id=team))
    with pytest.raises(NotFound):
        await house.do(SUPERVISOR, msgspec.structs.replace(command, shortcut="x"))
    await house.do(SUPERVISOR, ChangeCannedResponse(canned_response_id=id, body="New"))
    await house.do(SUPERVISOR, ChangeCannedResponse(canned_response_id=id, scope="tenant"))
    with pytest.raises(ShortcutTaken):
        await made(house)


async def test_its_files_are_the_authors_own_and_no_conversations(house: House) -> None:
    await house.do(system(TENANT), OpenTenant(name="Shop"))
    mine, theirs = await file_of(house, SUPERVISOR, 1), await file_of(house, ANNAS, 2)
    receipt = await house.do(SUPERVISOR, msgspec.structs.replace(create(), attachments=(mine,)))
    assert next(e for e in receipt.events if isinstance(e, CannedResponseSaved)).attachments == (mine,)
    for absent in (theirs, UUID(int=404)):
        with pytest.raises(NotFound):
            await house.do(SUPERVISOR, msgspec.structs.replace(create("x"), attachments=(absent,)))
    await house.do(ADMIN, PurgeFile(file_id=mine, reason="asked"))
    with pytest.raises(FileIsPurged):
        await house.do(SUPERVISOR, msgspec.structs.replace(create("x"), attachments=(mine,)))
    change = ChangeCannedResponse(canned_response_id=id_of(receipt), body="New")
    assert (await house.do(SUPERVISOR, change)).events


async def test_a_stranger_is_told_the_same_whatever_they_send(house: House) -> None:
    id = await made(house, ANNAS, scope="private")
    with pytest.raises(NotFound):
        await house.do(BENS, ChangeCannedResponse(canned_response_id=id, body=""))


async def test_a_removed_one_cannot_be_changed(house: House) -> None:
    id = await made(house)
    await house.do(SUPERVISOR, RemoveCannedResponse(canned_response_id=id))
    with pytest.raises(NotFound):
        await house.do(SUPERVISOR, ChangeCannedResponse(canned_response_id=id, body="New"))


async def test_the_same_key_makes_one_and_answers_the_same(house: House) -> None:
    first = await house.do(SUPERVISOR, create(), "key")
    again = await house.do(SUPERVISOR, create(), "key")
    assert again.replayed
    assert id_of(again) == id_of(first)


async def test_one_from_before_there_were_claims_gets_its_shortcut_with_its_next_change(
    house: House, log: MemoryLog
) -> None:
    old = await made_without_claim(house, log)
    await house.do(SUPERVISOR, ChangeCannedResponse(canned_response_id=old, body="New"))
    with pytest.raises(ShortcutTaken):
        await made(house, shortcut="old")


async def test_one_from_before_there_were_claims_can_be_removed(house: House, log: MemoryLog) -> None:
    old = await made_without_claim(house, log)
    await house.do(SUPERVISOR, RemoveCannedResponse(canned_response_id=old))
    await made(house, shortcut="old")


async def test_a_use_is_recorded_once_with_its_version(house: House, log: MemoryLog) -> None:
    id, chat = await made(house), await house.chat(with_assistant=False)
    await house.do(SUPERVISOR, ChangeCannedResponse(canned_response_id=id, body="New"))
    command = RecordCannedUse(conversation_id=chat, message_id=UUID(int=5), choice=CannedChoice(id, 2))
    (used,) = (await house.do(ANNAS, command)).events
    assert (used.TYPE, used.originator_id) == (
        "canned_response.used.1",
        natural_key(TENANT, "canned_use", UUID(int=5).hex),
    )
    assert (await house.do(ANNAS, command)).events == ()


@pytest.mark.parametrize("version", [0, 2])
async def test_a_use_of_a_version_there_never_was_is_refused(house: House, version: int) -> None:
    id, chat = await made(house), await house.chat(with_assistant=False)
    command = RecordCannedUse(conversation_id=chat, message_id=UUID(int=5), choice=CannedChoice(id, version))
    with pytest.raises(Invalid):
        await house.do(ANNAS, command)


async def test_a_visitor_uses_none(house: House) -> None:
    id, chat = await made(house), await house.chat(with_assistant=False)
    command = RecordCannedUse(conversation_id=chat, message_id=UUID(int=5), choice=CannedChoice(id, 1))
    with pytest.raises(Forbidden):
        await house.do(VISITING, command)


async def team_of(house: House, member: UUID) -> UUID:
    invite = InviteAgent(agent_id=member, name="Anna", email="anna@shop.test")
    await house.do(ADMIN, invite)
    team_id = (await house.do(SUPERVISOR, CreateTeam(name="Returns"))).events[0].originator_id
    await house.do(SUPERVISOR, AddTeamMember(team_id=team_id, agent_id=member))
    return team_id


async def file_of(house: House, actor: Actor, number: int) -> UUID:
    id = UUID(int=number)
    command = UploadFile(file_id=id, name="a.png", content_type="image/png", size=9, sha256="", key=f"k{number}")
    await house.do(actor, command)
    return id


async def made_without_claim(house: House, log: MemoryLog) -> UUID:
    """As an event of the first release lies in the log."""
    id = UUID(int=0x99)
    saved = CannedResponseSaved(
        originator_id=id,
        originator_version=1,
        at=house.now,
        by=By("system"),
        cause=Cause("SaveCannedResponse"),
        tenant_id=TENANT,
        shortcut="old",
        title="T",
        body="B",
    )
    piece = Slice(id, "canned_response", 0, b"", (saved,))
    await log.append(Append(TENANT, Meta(UUID(int=0x98)), b"", (piece,)))
    return id
