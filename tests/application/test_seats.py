"""Nobody is given more than they have room for, and nobody is given anything while they are away."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from application.actor import system
from application.agent import DeactivateAgent, InviteAgent
from application.automation_run import ApplyAutomation
from application.availability import SetAvailability, SetCapacity
from application.bus import CommandBus
from application.command import Command
from application.handlers import HANDLERS
from application.handling import (
    AcceptConversation,
    AssignConversation,
    EndConversation,
    SnoozeConversation,
    TransferConversation,
)
from application.macro import ApplyMacro, CreateMacro
from application.ports import Seat
from application.seats import Seats, seated
from application.team import AddTeamMember, CreateTeam, RemoveTeam, RouteTeam
from domain.automation import AutomationRules
from domain.ids import wire
from domain.refusals import AgentUnavailable, AlreadyAccepted, AtCapacity, NotFound, Refusal
from domain.rule_actions import ME, AddLabels, AssignAgent, AssignTeam, Resolve, SendMessage
from domain.team import Routing
from tests.support.house import ADMIN, ANNA, BEN, TENANT, House, agent
from tests.support.memory_desks import MemoryDesks
from tests.support.memory_log import MemoryLog

PRODUCT = system(TENANT)


class Scene(House):
    """A house with desks, as old as `lag` says."""

    def __init__(self) -> None:
        self.lag = 0
        super().__init__(MemoryLog())

    def new_bus(self) -> CommandBus:
        assert isinstance(self.log, MemoryLog)
        desks = MemoryDesks(self.log, lambda: self.lag)
        return CommandBus(self.log, seated(HANDLERS, Seats(desks)), lambda: self.now, self.new_id)

    async def invite(self, capacity: int | None = 2) -> None:
        for id in (ANNA, BEN):
            await self.do(ADMIN, InviteAgent(agent_id=id, name="A", email=f"{id.hex}@example.test"))
            await self.do(ADMIN, SetCapacity(agent_id=id, capacity=capacity))
            await self.do(agent(id), SetAvailability(agent_id=id, availability="online"))

    async def chats(self, count: int) -> list[UUID]:
        return [await self.chat(with_assistant=False) for _ in range(count)]

    async def refused(self, actor_id: UUID, command: Command) -> Refusal:
        with pytest.raises(Refusal) as caught:
            await self.do(agent(actor_id), command)
        return caught.value


@pytest.fixture
async def scene() -> Scene:
    made = Scene()
    await made.invite()
    return made


@pytest.mark.parametrize("lag", [0, 1_000])
async def test_who_is_full_is_told_so_however_old_the_read_model_is(scene: Scene, lag: int) -> None:
    chats = await scene.chats(3)
    await scene.bus.execute(agent(), AcceptConversation(conversation_id=chats[0]))
    scene.lag = lag
    await scene.do(agent(), AcceptConversation(conversation_id=chats[1]))
    full = await scene.refused(ANNA, AcceptConversation(conversation_id=chats[2]))
    assert isinstance(full, AtCapacity)
    assert full.details == {"capacity": 2, "load": 2}


async def test_many_accepts_at_once_take_exactly_the_room_there_is(scene: Scene) -> None:
    first, *chats = await scene.chats(6)
    await scene.do(agent(), AcceptConversation(conversation_id=first))
    scene.lag = 1_000
    asked = [scene.do(agent(), AcceptConversation(conversation_id=chat)) for chat in chats]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(one, AtCapacity) for one in answers) == 4


async def test_whoever_asked_before_anybody_was_given_a_seat_is_still_refused_by_the_append(scene: Scene) -> None:
    class Together(MemoryDesks):
        """Answers when all have asked."""

        async def seat(self, tenant_id: int, agent_id: UUID) -> Seat:
            seat = await super().seat(tenant_id, agent_id)
            await asked.wait()
            return seat

    asked, chats = asyncio.Barrier(6), await scene.chats(6)
    assert isinstance(scene.log, MemoryLog)
    handlers = seated(HANDLERS, Seats(Together(scene.log)))
    bus = CommandBus(scene.log, handlers, lambda: scene.now, scene.new_id)
    many = (bus.execute(agent(), AcceptConversation(conversation_id=chat)) for chat in chats)
    answers = await asyncio.gather(*many, return_exceptions=True)
    full = [one.details for one in answers if isinstance(one, AtCapacity)]
    assert full == [{"capacity": 2, "load": 2}] * 4


async def test_a_rule_that_gives_a_conversation_away_and_ends_it_frees_the_seat(scene: Scene) -> None:
    team_id = (await scene.do(ADMIN, CreateTeam(name="Support"))).events[0].originator_id
    macro = CreateMacro(name="Done", actions=(AssignTeam(wire("team", team_id)), Resolve()))
    macro_id = (await scene.do(ADMIN, macro)).events[0].originator_id
    [chat] = await scene.chats(1)
    await scene.do(agent(), AcceptConversation(conversation_id=chat))
    await scene.do(agent(), ApplyMacro(conversation_id=chat, macro_id=macro_id))
    assert isinstance(scene.log, MemoryLog)
    assert scene.log.seats == {}


async def test_one_that_sleeps_in_the_queue_needs_a_seat_like_one_that_is_awake(scene: Scene) -> None:
    *mine, asleep = await scene.chats(3)
    await scene.do(agent(), SnoozeConversation(conversation_id=asleep))
    for chat in mine:
        await scene.do(agent(), AcceptConversation(conversation_id=chat))
    assert isinstance(await scene.refused(ANNA, AcceptConversation(conversation_id=asleep)), AtCapacity)


async def test_a_lowered_number_holds_at_once_and_takes_nothing_away(scene: Scene) -> None:
    scene.lag = 1_000
    chats = await scene.chats(3)
    for chat in chats[:2]:
        await scene.do(agent(), AcceptConversation(conversation_id=chat))
    await scene.do(ADMIN, SetCapacity(agent_id=ANNA, capacity=1))
    full = await scene.refused(ANNA, AcceptConversation(conversation_id=chats[2]))
    assert full.details == {"capacity": 1, "load": 2}


async def test_what_is_over_asleep_or_elsewhere_takes_no_room(scene: Scene) -> None:
    chats = await scene.chats(5)
    for chat in chats[:2]:
        await scene.do(agent(), AcceptConversation(conversation_id=chat))
    await scene.do(agent(), EndConversation(conversation_id=chats[0]))
    await scene.do(agent(), SnoozeConversation(conversation_id=chats[1]))
    for chat in chats[2:4]:
        await scene.do(agent(), AcceptConversation(conversation_id=chat))
    await scene.do(agent(), TransferConversation(conversation_id=chats[2], agent_id=BEN))
    await scene.do(agent(), AcceptConversation(conversation_id=chats[4]))


async def test_ones_own_again_and_one_that_is_taken_are_answered_before_room_is_asked_for(scene: Scene) -> None:
    mine, other, third = await scene.chats(3)
    for chat in (mine, other):
        await scene.do(agent(), AcceptConversation(conversation_id=chat))
    assert (await scene.do(agent(), AcceptConversation(conversation_id=mine))).events == ()
    await scene.do(agent(BEN), AcceptConversation(conversation_id=third))
    taken = await scene.refused(ANNA, AcceptConversation(conversation_id=third))
    assert isinstance(taken, AlreadyAccepted)


async def test_a_repeat_with_the_same_key_gets_the_first_answer_though_the_agent_is_full(scene: Scene) -> None:
    first, second = await scene.chats(2)
    await scene.do(agent(), AcceptConversation(conversation_id=first), key="k")
    await scene.do(agent(), AcceptConversation(conversation_id=second))
    await scene.do(agent(BEN), EndConversation(conversation_id=first))
    again = await scene.do(agent(), AcceptConversation(conversation_id=first), key="k")
    assert again.replayed


async def test_without_a_number_of_their_own_their_teams_counts_and_then_eight(scene: Scene) -> None:
    await scene.invite(capacity=None)
    chats = await scene.chats(10)
    for chat in chats[:8]:
        await scene.do(agent(), AcceptConversation(conversation_id=chat))
    assert isinstance(await scene.refused(ANNA, AcceptConversation(conversation_id=chats[8])), AtCapacity)
    team_id = (await scene.do(ADMIN, CreateTeam(name="Support"))).events[0].originator_id
    await scene.do(ADMIN, AddTeamMember(team_id=team_id, agent_id=ANNA))
    await scene.do(ADMIN, RouteTeam(team_id=team_id, routing=Routing(capacity=9)))
    await scene.do(agent(), AcceptConversation(conversation_id=chats[8]))
    assert isinstance(await scene.refused(ANNA, AcceptConversation(conversation_id=chats[9])), AtCapacity)


@pytest.mark.parametrize("gone", ["away", "offline"])
async def test_a_transfer_to_somebody_who_is_not_there_needs_force(scene: Scene, gone: str) -> None:
    [chat] = await scene.chats(1)
    await scene.do(agent(BEN), SetAvailability(agent_id=BEN, availability=gone))  # pyright: ignore
    absent = await scene.refused(ANNA, TransferConversation(conversation_id=chat, agent_id=BEN))
    assert isinstance(absent, AgentUnavailable)
    receipt = await scene.do(agent(), TransferConversation(conversation_id=chat, agent_id=BEN, force=True))
    assert receipt.events


async def test_a_transfer_to_somebody_who_is_full_needs_force(scene: Scene) -> None:
    chats = await scene.chats(3)
    for chat in chats[:2]:
        await scene.do(agent(BEN), AcceptConversation(conversation_id=chat))
    full = await scene.refused(ANNA, TransferConversation(conversation_id=chats[2], agent_id=BEN))
    assert isinstance(full, AtCapacity)
    await scene.do(agent(), TransferConversation(conversation_id=chats[2], agent_id=BEN, force=True))


@pytest.mark.parametrize("force", [True, False])
async def test_nothing_is_transferred_to_who_does_not_exist_or_has_gone(scene: Scene, force: bool) -> None:
    [chat] = await scene.chats(1)
    team_id = (await scene.do(ADMIN, CreateTeam(name="Support"))).events[0].originator_id
    await scene.do(ADMIN, RemoveTeam(team_id=team_id))
    await scene.do(ADMIN, DeactivateAgent(agent_id=BEN))
    unknown = UUID(int=5)
    for to_agent, to_team in ((unknown, None), (None, unknown), (None, team_id)):
        command = TransferConversation(conversation_id=chat, agent_id=to_agent, team_id=to_team, force=force)
        assert isinstance(await scene.refused(ANNA, command), NotFound)
    gone = await scene.refused(ANNA, TransferConversation(conversation_id=chat, force=force, agent_id=BEN))
    assert isinstance(gone, NotFound if force else AgentUnavailable)


async def test_routing_assigns_nobody_who_has_left_or_is_full_since_it_looked(scene: Scene) -> None:
    chats = await scene.chats(4)
    for chat in chats[:2]:
        await scene.do(PRODUCT, AssignConversation(conversation_id=chat, agent_id=ANNA, rule="round_robin"))
    with pytest.raises(AtCapacity):
        await scene.do(PRODUCT, AssignConversation(conversation_id=chats[2], agent_id=ANNA, rule="round_robin"))
    await scene.do(agent(BEN), SetAvailability(agent_id=BEN, availability="away"))
    with pytest.raises(AgentUnavailable):
        await scene.do(PRODUCT, AssignConversation(conversation_id=chats[2], agent_id=BEN, rule="round_robin"))
    quiet = await scene.do(PRODUCT, AssignConversation(conversation_id=chats[0], agent_id=BEN, rule="sticky"))
    assert quiet.events == ()


async def test_what_a_rule_assigns_needs_a_seat_too(scene: Scene) -> None:
    first, second, third, fourth = await scene.chats(4)
    macro = CreateMacro(name="Take", actions=(AssignAgent(ME), AddLabels(("mine",))))
    macro_id = (await scene.do(ADMIN, macro)).events[0].originator_id
    for chat in (first, second):
        await scene.do(agent(), ApplyMacro(conversation_id=chat, macro_id=macro_id))
    full = await scene.refused(ANNA, ApplyMacro(conversation_id=third, macro_id=macro_id))
    assert isinstance(full, AtCapacity)
    rules = AutomationRules("To Anna", "started", (AssignAgent(wire("agent", ANNA)),))
    with pytest.raises(AtCapacity):
        await scene.do(PRODUCT, run_of(fourth, rules))
    to_ben = AutomationRules("To Ben", "started", (AssignAgent(wire("agent", BEN)),))
    await scene.do(PRODUCT, run_of(fourth, to_ben))
    await scene.do(agent(BEN), SetAvailability(agent_id=BEN, availability="away"))
    with pytest.raises(AgentUnavailable):
        await scene.do(PRODUCT, run_of(third, to_ben))


async def test_who_is_full_may_answer_with_a_macro_as_by_hand(scene: Scene) -> None:
    chats = await scene.chats(3)
    for chat in chats[:2]:
        await scene.do(agent(), AcceptConversation(conversation_id=chat))
    macro = CreateMacro(name="Thank", actions=(SendMessage("Thank you"),))
    macro_id = (await scene.do(ADMIN, macro)).events[0].originator_id
    done = await scene.do(agent(), ApplyMacro(conversation_id=chats[2], macro_id=macro_id))
    assert [one.TYPE for one in done.events] == ["conversation.accepted.1", "conversation.message_posted.1"]


def run_of(chat: UUID, rules: AutomationRules) -> ApplyAutomation:
    return ApplyAutomation(
        conversation_id=chat,
        automation_id=UUID(int=0xA1),
        automation_version=1,
        rules=rules,
        position=1,
        origin=1,
    )
