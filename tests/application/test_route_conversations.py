"""Whatever happens in whatever order: one owner, nobody over their room, nothing stuck, nothing ended assigned."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from application.actor import system
from application.agent import ChangeAgentRole, DeactivateAgent, InviteAgent
from application.availability import SetAvailability, SetCapacity, SetSkills
from application.bus import CommandBus
from application.cache import AggregateCache
from application.command import Command
from application.handlers import HANDLERS
from application.handling import (
    AcceptConversation,
    AwakenConversation,
    EndConversation,
    HandOverConversation,
    ReopenConversation,
    ReturnConversation,
    SnoozeConversation,
    TransferConversation,
)
from application.log import Recorded
from application.marks import ChangeLabels
from application.policies.route_conversations import RouteConversations
from application.routing import decide
from application.seats import Seats, seated
from application.team import AddTeamMember, BeginTeamHours, CreateTeam, RemoveTeam, RemoveTeamMember, RouteTeam
from domain.conversation import Conversation
from domain.handling import Accepted, Assigned, Ended, HandlingChanged, Returned
from domain.hours import Hours, Opening
from domain.refusals import Refusal
from domain.team import Routing
from tests.support.house import ADMIN, ANNA, BEN, TENANT, VISITING, House, agent
from tests.support.memory_desks import MemoryDesks, capacity_of
from tests.support.memory_log import MemoryLog

CARA = UUID(int=0xC3)
EVERYBODY = (ANNA, BEN, CARA)
PRODUCT = system(TENANT)
LONGEST_LAG = 20
"""Events that the read model may be behind."""
DAILY = Hours("UTC", tuple(Opening(day, "09:00", "17:00") for day in range(7)))


class Scene(House):
    """A house with routing that follows the log, as a reactor does: at least once, as late as a test wants."""

    def __init__(self) -> None:
        self.memory = MemoryLog()
        self.lag = 0
        self.desks = MemoryDesks(self.memory, lambda: self.lag)
        self.seats = Seats(self.desks)
        super().__init__(self.memory)
        self.policy = self.new_policy()
        self.followed = 0

    def new_bus(self, cached: int = 10_000) -> CommandBus:
        handlers = seated(HANDLERS, self.seats)
        return CommandBus(self.memory, handlers, lambda: self.now, self.new_id, AggregateCache(cached))

    def new_policy(self) -> RouteConversations:
        """As it is put together for a reactor: others change what it decides about, so it remembers nothing."""
        return RouteConversations(self.memory, self.new_bus(cached=0), self.desks, lambda: self.now)

    async def follow(self) -> None:
        while self.followed < len(self.memory.recorded):
            one = self.memory.recorded[self.followed]
            self.followed += 1
            if self.policy.concerns(one):
                await self.policy.react(one)

    async def invite(self, *ids: UUID, capacity: int | None = None) -> None:
        for id in ids:
            await self.do(ADMIN, InviteAgent(agent_id=id, name="A", email=f"{id.hex}@example.test"))
            await self.do(ADMIN, SetCapacity(agent_id=id, capacity=capacity))
            await self.do(agent(id), SetAvailability(agent_id=id, availability="online"))

    async def team(self, routing: Routing, *members: UUID) -> UUID:
        team_id = (await self.do(ADMIN, CreateTeam(name="Support"))).events[0].originator_id
        for id in members:
            await self.do(ADMIN, AddTeamMember(team_id=team_id, agent_id=id))
        await self.do(ADMIN, RouteTeam(team_id=team_id, routing=routing))
        return team_id

    async def owner(self, chat: UUID) -> UUID | None:
        return (await self.conversation(chat)).handling.assignee_id

    async def conversation(self, chat: UUID) -> Conversation:
        aggregate: Any = None
        for event in (await self.memory.load(TENANT, chat)).events:
            aggregate = event.mutate(aggregate)
        return aggregate


@pytest.fixture
async def scene() -> Scene:
    made = Scene()
    await made.invite(ANNA, BEN)
    return made


async def test_who_waits_gets_to_whom_has_room_and_the_event_says_why(scene: Scene) -> None:
    await scene.team(Routing("least_loaded"), ANNA, BEN)
    chat = await scene.chat(with_assistant=False)
    await scene.follow()
    assigned = next(one for one in scene.memory.recorded if isinstance(one.event, Assigned))
    event = assigned.event
    assert isinstance(event, Assigned)
    assert (event.agent_id, event.rule) == (await scene.owner(chat), "least_loaded")
    assert event.cause.policy == "route_conversations"
    assert event.cause.position is not None


@pytest.mark.parametrize("routing", [Routing("manual"), Routing("round_robin", hours=Hours())])
async def test_manual_and_closed_teams_are_given_nothing(scene: Scene, routing: Routing) -> None:
    await scene.team(routing, ANNA, BEN)
    chat = await scene.chat(with_assistant=False)
    await scene.follow()
    assert await scene.owner(chat) is None


async def test_what_the_assistant_has_is_its_own_until_it_hands_over(scene: Scene) -> None:
    await scene.open()
    await scene.team(Routing("round_robin"), ANNA)
    chat = await scene.chat()
    await scene.follow()
    assert await scene.owner(chat) is None
    await scene.do(VISITING, HandOverConversation(conversation_id=chat, reason="asked"))
    await scene.follow()
    assert await scene.owner(chat) == ANNA


async def test_the_queue_moves_up_when_room_is_freed(scene: Scene) -> None:
    await scene.do(ADMIN, SetCapacity(agent_id=ANNA, capacity=1))
    await scene.team(Routing("round_robin"), ANNA)
    first, second, third = [await scene.chat(with_assistant=False) for _ in range(3)]
    await scene.follow()
    assert [await scene.owner(chat) for chat in (first, second, third)] == [ANNA, None, None]
    await scene.do(agent(), EndConversation(conversation_id=first))
    await scene.follow()
    assert [await scene.owner(chat) for chat in (second, third)] == [ANNA, None]
    await scene.do(agent(), SnoozeConversation(conversation_id=second))
    await scene.follow()
    assert await scene.owner(third) == ANNA


async def test_who_comes_online_gets_what_waits(scene: Scene) -> None:
    for id in (ANNA, BEN):
        await scene.do(agent(id), SetAvailability(agent_id=id, availability="away"))
    await scene.team(Routing("round_robin"), ANNA, BEN)
    chat = await scene.chat(with_assistant=False)
    await scene.follow()
    assert await scene.owner(chat) is None
    await scene.do(agent(BEN), SetAvailability(agent_id=BEN, availability="online"))
    await scene.follow()
    assert await scene.owner(chat) == BEN


async def test_who_waited_over_night_is_served_when_the_hours_begin(scene: Scene) -> None:
    team_id = await scene.team(Routing("round_robin", hours=DAILY), ANNA)
    chat = await scene.chat(with_assistant=False)
    await scene.follow()
    assert await scene.owner(chat) is None
    scene.later(hours=9)
    await scene.do(PRODUCT, BeginTeamHours(team_id=team_id))
    await scene.follow()
    assert await scene.owner(chat) == ANNA


async def test_what_a_deactivated_agent_had_goes_to_somebody_else(scene: Scene) -> None:
    await scene.team(Routing("round_robin"), ANNA, BEN)
    chat = await scene.chat(with_assistant=False)
    await scene.do(agent(), AcceptConversation(conversation_id=chat))
    await scene.do(ADMIN, DeactivateAgent(agent_id=ANNA))
    await scene.follow()
    assert await scene.owner(chat) == BEN
    returned = [one.event for one in scene.memory.recorded if isinstance(one.event, Returned)]
    assert [event.reason for event in returned] == ["agent_left"]


async def test_what_wakes_for_somebody_who_is_away_goes_to_somebody_else(scene: Scene) -> None:
    await scene.team(Routing("round_robin"), ANNA, BEN)
    chat = await scene.chat(with_assistant=False)
    await scene.do(agent(), AcceptConversation(conversation_id=chat))
    await scene.do(agent(), SnoozeConversation(conversation_id=chat))
    await scene.do(agent(), SetAvailability(agent_id=ANNA, availability="offline"))
    await scene.say(chat, "I am back")
    await scene.follow()
    assert await scene.owner(chat) == BEN


async def test_what_wakes_stays_with_its_agent_where_nobody_assigns(scene: Scene) -> None:
    chat = await scene.chat(with_assistant=False)
    await scene.do(agent(), AcceptConversation(conversation_id=chat))
    await scene.do(agent(), SnoozeConversation(conversation_id=chat))
    await scene.do(agent(), SetAvailability(agent_id=ANNA, availability="offline"))
    await scene.say(chat, "I am back")
    await scene.follow()
    assert await scene.owner(chat) == ANNA


async def test_who_asks_for_a_skill_is_given_to_whoever_learns_it(scene: Scene) -> None:
    await scene.team(Routing("round_robin", skills=("german",), skill_rule="need"), ANNA, BEN)
    chat = await scene.chat(with_assistant=False)
    await scene.follow()
    assert await scene.owner(chat) is None
    await scene.do(ADMIN, SetSkills(agent_id=BEN, skills=(" German ",)))
    await scene.follow()
    assert await scene.owner(chat) == BEN


async def test_a_label_that_asks_for_a_skill_is_taken_away_and_nobody_waits_any_more(scene: Scene) -> None:
    chat = await scene.chat(with_assistant=False)
    await scene.do(agent(), ChangeLabels(conversation_id=chat, add=("Skill:German", "vip")))
    await scene.team(Routing("round_robin", skill_rule="need"), ANNA)
    await scene.follow()
    assert await scene.owner(chat) is None
    await scene.do(agent(), ChangeLabels(conversation_id=chat, remove=("skill:german",)))
    await scene.follow()
    assert await scene.owner(chat) == ANNA


async def test_reacting_twice_and_two_reactors_at_once_assign_once(scene: Scene) -> None:
    await scene.team(Routing("round_robin"), ANNA, BEN)
    chats = [await scene.chat(with_assistant=False) for _ in range(5)]
    other = scene.new_policy()
    for one in list(scene.memory.recorded):
        if scene.policy.concerns(one):
            await asyncio.gather(scene.policy.react(one), other.react(one), scene.policy.react(one))
    for chat in chats:
        assert scene.memory.types(chat).count("conversation.assigned.1") == 1


class Floor(RuleBasedStateMachine):
    """Anything an agent, a visitor, a supervisor or a clock may do; routing follows at any time, or late."""

    chats = Bundle("chats")
    agents = st.sampled_from(EVERYBODY)

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.scene = Scene()
        self.teams: list[UUID] = []
        self.hand_given: set[UUID] = set()

    def teardown(self) -> None:
        self.settle()
        self.loop.close()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def attempt(self, actor: Any, command: Command) -> None:
        try:
            self.run(self.scene.do(actor, command))
        except Refusal:
            return

    @initialize(capacity=st.integers(0, 3), strategy=st.sampled_from(["round_robin", "least_loaded"]))
    def begin(self, capacity: int, strategy: Any) -> None:
        self.run(self.scene.invite(*EVERYBODY))
        self.teams.append(self.run(self.scene.team(Routing(strategy, capacity), ANNA, BEN)))
        night = Routing(strategy, capacity, hours=DAILY, serves_everyone=False)
        self.teams.append(self.run(self.scene.team(night, BEN, CARA)))

    @rule(target=chats)
    def somebody_comes(self) -> UUID:
        return self.run(self.scene.chat(with_assistant=False))

    @rule(chat=chats)
    def the_visitor_writes(self, chat: UUID) -> None:
        try:
            self.run(self.scene.say(chat, "Hello?"))
        except Refusal:
            return

    @rule(chat=chats, who=agents)
    def an_agent_accepts(self, chat: UUID, who: UUID) -> None:
        self.attempt(agent(who), AcceptConversation(conversation_id=chat))

    @rule(chat=chats, who=agents, force=st.booleans())
    def an_agent_transfers_to_an_agent(self, chat: UUID, who: UUID, force: bool) -> None:
        self.attempt(agent(ANNA), TransferConversation(conversation_id=chat, agent_id=who, force=force))

    @rule(chat=chats, number=st.integers(0, 1))
    def an_agent_transfers_to_a_team(self, chat: UUID, number: int) -> None:
        self.attempt(agent(ANNA), TransferConversation(conversation_id=chat, team_id=self.teams[number]))

    @rule(chat=chats, reason=st.sampled_from(["agent_returned", "accept_timed_out"]))
    def one_comes_back(self, chat: UUID, reason: Any) -> None:
        self.attempt(PRODUCT, ReturnConversation(conversation_id=chat, reason=reason))

    @rule(chat=chats, what=st.sampled_from([EndConversation, SnoozeConversation, AwakenConversation]))
    def an_agent_ends_or_snoozes_or_wakes(self, chat: UUID, what: Any) -> None:
        self.attempt(agent(BEN), what(conversation_id=chat))

    @rule(chat=chats)
    def an_agent_reopens(self, chat: UUID) -> None:
        self.attempt(agent(BEN), ReopenConversation(conversation_id=chat))

    @rule(who=agents, availability=st.sampled_from(["online", "away", "offline"]))
    def an_agent_comes_or_goes(self, who: UUID, availability: Any) -> None:
        self.attempt(agent(who), SetAvailability(agent_id=who, availability=availability))

    @rule(who=agents, capacity=st.none() | st.integers(0, 3))
    def room_changes(self, who: UUID, capacity: int | None) -> None:
        self.attempt(ADMIN, SetCapacity(agent_id=who, capacity=capacity))

    @rule(who=agents, skills=st.sets(st.sampled_from(["german", "legal"])))
    def an_agent_learns_or_forgets(self, who: UUID, skills: set[str]) -> None:
        self.attempt(ADMIN, SetSkills(agent_id=who, skills=tuple(skills)))

    @rule(chat=chats, skill=st.sampled_from(["german", "legal"]), is_asked=st.booleans())
    def a_conversation_asks_for_a_skill_or_no_more(self, chat: UUID, skill: str, is_asked: bool) -> None:
        names = (f"skill:{skill}",)
        change = {"add": names} if is_asked else {"remove": names}
        self.attempt(agent(ANNA), ChangeLabels(conversation_id=chat, **change))

    @rule(who=agents, role=st.sampled_from(["agent", "analyst"]))
    def a_role_changes(self, who: UUID, role: Any) -> None:
        self.attempt(ADMIN, ChangeAgentRole(agent_id=who, role=role))

    @rule(who=agents)
    def somebody_is_deactivated(self, who: UUID) -> None:
        self.attempt(ADMIN, DeactivateAgent(agent_id=who))

    @rule(who=agents, number=st.integers(0, 1), what=st.sampled_from([AddTeamMember, RemoveTeamMember]))
    def a_team_changes(self, who: UUID, number: int, what: Any) -> None:
        self.attempt(ADMIN, what(team_id=self.teams[number], agent_id=who))

    @rule(
        number=st.integers(0, 1),
        strategy=st.sampled_from(["manual", "round_robin", "least_loaded"]),
        skills=st.sampled_from([(), ("german",)]),
        skill_rule=st.sampled_from(["prefer", "need"]),
    )
    def the_rules_change(self, number: int, strategy: Any, skills: Any, skill_rule: Any) -> None:
        routing = Routing(strategy, 2, skills=skills, skill_rule=skill_rule)
        self.attempt(ADMIN, RouteTeam(team_id=self.teams[number], routing=routing))

    @rule(number=st.integers(0, 1))
    @precondition(lambda self: len(self.scene.memory.recorded) > 60)
    def a_team_is_removed(self, number: int) -> None:
        self.attempt(ADMIN, RemoveTeam(team_id=self.teams[number]))

    @rule(hours=st.integers(1, 12))
    def time_passes(self, hours: int) -> None:
        """And the timers, which are tested elsewhere, do what is due."""
        self.scene.later(hours=hours)
        for due in self.run(self.scene.desks.outstanding(10**9)):
            if due.at <= self.scene.now and due.kind == "accept":
                self.one_comes_back(due.stream_id, "accept_timed_out")
            elif due.at <= self.scene.now and due.kind == "hours":
                self.attempt(PRODUCT, BeginTeamHours(team_id=due.stream_id))

    @rule(lag=st.integers(0, LONGEST_LAG))
    def the_read_model_lags(self, lag: int) -> None:
        self.scene.lag = lag

    @rule()
    def routing_follows(self) -> None:
        self.run(self.scene.follow())

    @rule()
    def routing_begins_anew(self) -> None:
        """As after a crash: what was done is done again."""
        self.scene.policy = self.scene.new_policy()
        self.scene.followed = max(0, self.scene.followed - 20)

    @rule()
    def settle(self) -> None:
        """Once routing has seen all, nobody waits for whom there is room, and nothing lies with who has gone.

        On the way nothing that had ended or was somebody's was assigned, and nobody was given too much.
        """
        self.scene.lag = 0
        self.run(self.scene.follow())
        floor = self.run(MemoryDesks(self.scene.memory).floor(TENANT, 0, self.scene.now))
        assert decide(floor, self.scene.now) == ()
        self.nobody_waits_whom_an_agent_could_take(floor)
        assert floor.abandoned == ()
        load = _Load()
        for one in self.scene.memory.recorded:
            load.see(one)

    def nobody_waits_whom_an_agent_could_take(self, floor: Any) -> None:
        """Said once more, without the code that decides: everybody who waits against everybody there."""
        desks = self.run(self.everything())
        known = {team.team_id for team in floor.teams}
        for waiting, asked in desks:
            queue = waiting.team_id if waiting.team_id in known else None
            for team in floor.teams:
                serves = team.team_id == queue or (queue is None and team.routing.serves_everyone)
                if not serves or team.routing.strategy == "manual" or not team.routing.is_open(self.scene.now):
                    continue
                for desk in floor.desks:
                    room = team.routing.capacity if desk.capacity is None else desk.capacity
                    lacks = team.routing.skill_rule == "need" and (asked | {*team.routing.skills}) - desk.skills
                    able = desk.is_there and desk.agent_id in team.members and desk.load < room and not lacks
                    assert not able, (waiting, desk, team)

    async def everything(self) -> list[tuple[Any, set[str]]]:
        """Who waits, and the skills they ask for, out of the log itself."""
        desks = MemoryDesks(self.scene.memory)
        desks.fold(0)
        waiting = [task for task in desks.tasks.values() if task.waiting_since is not None]
        found: list[tuple[Any, set[str]]] = []
        for task in waiting:
            labels = (await self.scene.conversation(task.conversation_id)).labels
            found.append((task, {one.removeprefix("skill:") for one in labels if one.startswith("skill:")}))
        return found


class _Load:
    """Replays the log: who had how much when they were given one more, or took one.

    An agent's own room holds from its event on; a team's counts as long as the read model may not show another.
    """

    def __init__(self) -> None:
        self.desks = MemoryDesks(MemoryLog())
        self.rooms: list[dict[UUID, int]] = []

    def see(self, one: Recorded) -> None:
        event = one.event
        if isinstance(event, Assigned):
            assert event.before.status == "open"
            assert event.before.assignee_id is None
        if isinstance(event, Assigned | Accepted) and event.before.seat is None:
            own = self.desks.desks[TENANT, event.agent_id].capacity
            lagging = max(rooms[event.agent_id] for rooms in self.rooms[-LONGEST_LAG - 2 :])
            assert len(self.desks.held(event.agent_id)) < (lagging if own is None else own)
        if isinstance(event, HandlingChanged) and not isinstance(event, Ended):
            assert event.before != event.after or event.TYPE in ACCEPTING
        self.desks.take(one)
        self.rooms.append({id: self._team_room(id) for id in EVERYBODY})

    def _team_room(self, agent_id: UUID) -> int:
        teams = [team for team in self.desks.teams.values() if agent_id in team.members and not team.is_removed]
        return capacity_of(None, [team.routing.capacity for team in teams])


ACCEPTING = ("conversation.accepted.1", "conversation.snoozed.1")
"""Events that may change no handling: accepting a transfer, another time to wake."""


def test_whatever_happens_nothing_is_stuck_and_nobody_overfilled() -> None:
    run_state_machine_as_test(
        Floor,
        settings=settings(
            max_examples=60,
            stateful_step_count=40,
            deadline=None,
            report_multiple_bugs=False,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
