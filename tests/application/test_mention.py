"""Commands about mentions: whom a note may name, and having read it."""

from __future__ import annotations

from uuid import UUID

import pytest

from application.actor import system
from application.agent import ChangeAgentRole, DeactivateAgent, InviteAgent
from application.command import Command
from application.conversation import PostMessage
from application.log import EventLog
from application.mention import MOST_READ, READERS, Named, ReadMentions, ReadUpTo
from application.permissions import PERMISSIONS
from application.receipts import MarkRead
from application.team import AddTeamMember, CreateTeam, RemoveTeam
from domain.agent import Role
from domain.conversation import NoteAdded
from domain.mention import MentionsRead
from domain.refusals import Forbidden, Invalid, NotFound
from tests.support.house import ANNA, BEN, STRANGER, TENANT, VISITING, House, agent
from tests.support.memory_log import MemoryLog

CARLA = UUID(int=0xC3)
SYSTEM = system(TENANT)


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
async def house(log: EventLog) -> House:
    opened = House(log)
    await opened.open()
    for agent_id in (ANNA, BEN, CARLA):
        await invite(opened, agent_id)
    return opened


async def invite(house: House, agent_id: UUID, role: Role = "agent", tenant_id: int = TENANT) -> None:
    command = InviteAgent(agent_id=agent_id, name="A", email=f"{agent_id}@shop.test", role=role)
    await house.do(system(tenant_id), command)


async def team(house: House, *members: UUID) -> UUID:
    id = (await house.do(SYSTEM, CreateTeam(name="Billing"))).events[-1].originator_id
    for agent_id in members:
        await house.do(SYSTEM, AddTeamMember(team_id=id, agent_id=agent_id))
    return id


def note(chat: UUID, *agents: UUID, teams: tuple[UUID, ...] = (), private: bool = True) -> PostMessage:
    return PostMessage(conversation_id=chat, text="@you", private=private, mentions=Named(agents, teams))


async def test_a_note_names_agents_and_teams_and_reaches_the_members_of_that_moment(house: House) -> None:
    chat, billing = await house.chat(), await team(house, CARLA, ANNA)
    (event,) = (await house.do(agent(), note(chat, BEN, teams=(billing,)))).events
    assert isinstance(event, NoteAdded)
    assert event.mentions is not None
    assert (event.mentions.agents, event.mentions.teams) == ((BEN,), (billing,))
    assert event.mentions.told == (BEN, CARLA)


async def test_a_public_message_mentions_nobody(house: House) -> None:
    chat = await house.chat()
    with pytest.raises(Invalid):
        await house.do(agent(), note(chat, BEN, private=False))


async def test_a_visitor_writes_no_note_and_so_mentions_nobody(house: House) -> None:
    chat = await house.chat()
    with pytest.raises(NotFound):
        await house.do(VISITING, note(chat, BEN))


async def test_whoever_is_gone_strange_or_absent_is_not_found(house: House) -> None:
    chat, gone_team = await house.chat(), await team(house)
    await house.do(SYSTEM, DeactivateAgent(agent_id=CARLA))
    await house.do(SYSTEM, RemoveTeam(team_id=gone_team))
    await invite(house, STRANGER, tenant_id=8)
    before = await house.log.head(TENANT)
    for command in (
        note(chat, BEN, CARLA),
        note(chat, STRANGER),
        note(chat, UUID(int=0xEE)),
        note(chat, BEN, teams=(gone_team,)),
        note(chat, teams=(BEN,)),
        note(chat, chat),
    ):
        with pytest.raises(NotFound):
            await house.do(agent(), command)
    assert await house.log.head(TENANT) == before


async def test_who_may_not_answer_may_not_be_named_for_a_mention_opens_nothing(house: House) -> None:
    chat = await house.chat()
    assert PERMISSIONS[PostMessage] - {"system", "visitor"} == READERS
    roles: tuple[Role, ...] = ("analyst", "auditor")
    for role in roles:
        await house.do(SYSTEM, ChangeAgentRole(agent_id=BEN, role=role))
        house.bus = house.new_bus()
        with pytest.raises(Invalid):
            await house.do(agent(), note(chat, BEN))


async def test_mentions_are_read_in_many_conversations_by_one_command(house: House) -> None:
    chats = [await house.chat() for _ in range(3)]
    for chat in chats[:2]:
        await house.do(agent(), note(chat, BEN))
    places = tuple(ReadUpTo(chat) for chat in chats)
    events = (await house.do(agent(BEN), ReadMentions(places=places))).events
    assert [(event.TYPE, event.originator_id) for event in events] == [(MentionsRead.TYPE, id) for id in chats[:2]]
    assert (await house.do(agent(BEN), ReadMentions(places=places))).events == ()


async def test_reading_refuses_what_is_not_there_and_too_much_and_then_reads_nothing(
    house: House, log: MemoryLog
) -> None:
    chat = await house.chat()
    await house.do(agent(), note(chat, BEN))
    before = len(log.recorded)
    for places, refusal in (
        ((ReadUpTo(chat), ReadUpTo(UUID(int=0xEE))), NotFound),
        ((ReadUpTo(chat, 99),), Invalid),
        ((ReadUpTo(chat),) * (MOST_READ + 1), Invalid),
    ):
        with pytest.raises(refusal):
            await house.do(agent(BEN), ReadMentions(places=places))
    with pytest.raises(Forbidden):
        await house.do(VISITING, ReadMentions(places=(ReadUpTo(chat),)))
    assert len(log.recorded) == before


async def test_whoever_reads_the_conversation_has_read_that_they_are_mentioned(house: House) -> None:
    chat = await house.chat()
    receipt = await house.do(agent(), note(chat, BEN))
    read: Command = MarkRead(conversation_id=chat, up_to=receipt.version)
    assert MentionsRead.TYPE in [event.TYPE for event in (await house.do(agent(BEN), read)).events]
    assert (await house.do(agent(BEN), read)).events == ()
