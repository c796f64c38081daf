"""SLA policies by commands, and the policy that keeps each conversation's clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from application.actor import system
from application.handling import EndConversation, TransferConversation
from application.marks import ChangeLabels, SetPriority
from application.policies.keep_sla import KeepSlaClocks
from application.rule_ports import SlaRule
from application.sla_clock import TellSla
from application.sla_policy import CreateSlaPolicy, RemoveSlaPolicy, ReplaceSlaPolicy
from application.team import CreateTeam, RouteTeam
from application.work import fold
from domain.hours import Hours, Opening
from domain.refusals import Conflict, Forbidden, Invalid, NotFound
from domain.sla_clock import SlaClock, clock_of
from domain.sla_policy import SlaConditions, SlaDefinition, SlaPolicyRemoved, SlaPolicySaved, SlaTargets
from domain.team import Routing
from tests.support.house import ADMIN, TENANT, House, agent
from tests.support.memory_log import MemoryLog

FAST = SlaDefinition("Fast", SlaTargets(first_response=600, resolution=3600))
VIP = SlaDefinition("VIP", SlaTargets(first_response=60), SlaConditions(labels=("vip",)), order=0)
NIGHT = Hours("UTC", (Opening(2, "09:00", "17:00"),))
"""Wednesdays: the house's clock begins on a Tuesday."""


class MemoryPolicies:
    """`application.ports.SlaPolicies` out of a log in memory."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log

    async def of(self, tenant_id: int, seq: int) -> Sequence[SlaRule] | None:
        known: dict[UUID, SlaRule | None] = {}
        for one in self._log.recorded:
            if isinstance(one.event, SlaPolicySaved):
                known[one.stream_id] = SlaRule(one.stream_id, one.version, one.event.definition)
            elif isinstance(one.event, SlaPolicyRemoved):
                known[one.stream_id] = None
        rules = [rule for rule in known.values() if rule is not None and rule.definition.enabled]
        return sorted(rules, key=lambda rule: rule.definition.order) if known else None


class Scene(House):
    """A house whose clocks are kept when a test says so."""

    def __init__(self) -> None:
        self.memory = MemoryLog()
        super().__init__(self.memory)
        self.followed = 0

    async def follow(self, since: int | None = None) -> None:
        """As a reactor does: everything since the last time, or once more since a position."""
        policy = KeepSlaClocks(self.memory, self.bus, MemoryPolicies(self.memory))
        events = self.memory.recorded[self.followed if since is None else since :]
        self.followed = len(self.memory.recorded)
        for one in events:
            if policy.concerns(one):
                await policy.react(one)

    async def policy(self, definition: SlaDefinition = FAST) -> UUID:
        return (await self.do(ADMIN, CreateSlaPolicy(definition=definition))).events[0].originator_id

    async def clock(self, chat: UUID) -> SlaClock:
        clock = fold(await self.memory.load(TENANT, clock_of(chat)))
        assert isinstance(clock, SlaClock)
        return clock

    async def ring(self, chat: UUID) -> None:
        """What a timer does when something is due."""
        await self.do(system(TENANT), TellSla(clock_id=clock_of(chat)))

    def told(self, chat: UUID) -> list[str]:
        return [type.split(".")[1] for type in self.memory.types(clock_of(chat))]


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_a_conversation_comes_under_the_first_policy_that_fits_and_says_which(scene: Scene) -> None:
    await scene.policy(VIP)
    policy_id = await scene.policy(SlaDefinition("Fast", FAST.targets, order=5))
    await scene.policy(SlaDefinition("Slow", SlaTargets(first_response=9000), order=9))
    chat = await scene.chat(with_assistant=False)
    await scene.follow()
    terms = (await scene.clock(chat)).terms
    assert terms is not None
    assert (terms.policy_id, terms.policy_version) == (policy_id, 1)
    first = scene.memory.recorded[-2].event
    assert (first.by.kind, first.cause.policy, first.cause.command) == ("system", "keep_sla", "KeepSla")


async def test_without_a_policy_there_is_no_clock(scene: Scene) -> None:
    chat = await scene.chat(with_assistant=False)
    await scene.follow()
    assert scene.told(chat) == []
    await scene.do(ADMIN, RemoveSlaPolicy(policy_id=await scene.policy()))
    chat = await scene.chat(with_assistant=False)
    await scene.follow()
    assert scene.told(chat) == []


async def test_a_label_brings_another_policy_and_its_loss_takes_it_away(scene: Scene) -> None:
    await scene.policy(VIP)
    chat = await scene.chat(with_assistant=False)
    await scene.do(agent(), ChangeLabels(conversation_id=chat, add=("vip",)))
    await scene.follow()
    assert scene.told(chat) == ["applied"]
    assert [one.target for one in (await scene.clock(chat)).watches] == ["firstResponse"]
    await scene.do(agent(), ChangeLabels(conversation_id=chat, remove=("vip",)))
    await scene.follow()
    assert scene.told(chat) == ["applied", "lifted"]


async def test_every_event_once_more_changes_nothing(scene: Scene) -> None:
    await scene.policy(VIP)
    await scene.policy(SlaDefinition("Fast", FAST.targets, order=5))
    chat = await scene.chat(with_assistant=False)
    await scene.do(agent(), SetPriority(conversation_id=chat, priority="high"))
    await scene.follow()
    await scene.do(agent(), ChangeLabels(conversation_id=chat, add=("vip",)))
    await scene.say(chat, "Here I am", agent())
    await scene.do(agent(), EndConversation(conversation_id=chat))
    await scene.follow()
    before = len(scene.memory.recorded)
    await scene.follow(since=0)
    assert len(scene.memory.recorded) == before


async def test_a_breach_is_told_by_a_timer_at_its_time_and_not_before(scene: Scene) -> None:
    await scene.policy()
    chat = await scene.chat(with_assistant=False)
    await scene.follow()
    scene.later(seconds=599)
    await scene.ring(chat)
    assert scene.told(chat) == ["applied", "started"]
    scene.later(seconds=1)
    await scene.ring(chat)
    await scene.ring(chat)
    assert scene.told(chat) == ["applied", "started", "breached"]


async def test_an_answer_that_the_policy_has_not_heard_of_yet_is_no_breach(scene: Scene) -> None:
    await scene.policy()
    chat = await scene.chat(with_assistant=False)
    await scene.follow()
    scene.later(seconds=590)
    await scene.say(chat, "Here I am", agent())
    scene.later(seconds=11)
    await scene.ring(chat)
    assert scene.told(chat)[-1] == "met"
    before = len(scene.memory.recorded)
    await scene.follow()
    assert len(scene.memory.recorded) == before


async def test_a_label_that_a_timer_saw_first_still_brings_its_policy(scene: Scene) -> None:
    await scene.policy(VIP)
    await scene.policy(SlaDefinition("Fast", FAST.targets, order=5))
    chat = await scene.chat(with_assistant=False)
    await scene.follow()
    await scene.do(agent(), ChangeLabels(conversation_id=chat, add=("vip",)))
    await scene.say(chat, "Hello?")
    scene.later(seconds=600)
    await scene.ring(chat)
    await scene.follow()
    terms = (await scene.clock(chat)).terms
    assert terms is not None
    assert terms.targets == VIP.targets
    assert (await scene.clock(chat)).seen == len(scene.memory.types(chat))
    assert scene.told(chat) == ["applied", "started", "breached", "applied"]


async def test_the_teams_hours_count_from_the_transfer_on(scene: Scene) -> None:
    team_id = (await scene.do(ADMIN, CreateTeam(name="Day"))).events[0].originator_id
    await scene.do(ADMIN, RouteTeam(team_id=team_id, routing=Routing(hours=NIGHT)))
    await scene.policy(SlaDefinition("Fast", FAST.targets, hours="team"))
    chat = await scene.chat(with_assistant=False)
    await scene.follow()
    assert (await scene.clock(chat)).watches[1].due_at == scene.now + timedelta(seconds=600)
    await scene.do(agent(), TransferConversation(conversation_id=chat, team_id=team_id))
    await scene.follow()
    due_at = next(one.due_at for one in (await scene.clock(chat)).watches if one.target == "firstResponse")
    assert due_at == scene.now + timedelta(days=1, hours=9, seconds=600)


async def test_saving_the_same_again_is_no_new_version(scene: Scene) -> None:
    policy_id = await scene.policy()
    assert (await scene.do(ADMIN, ReplaceSlaPolicy(policy_id=policy_id, definition=FAST))).events == ()
    slower = SlaDefinition("Fast", SlaTargets(first_response=700))
    stale = ReplaceSlaPolicy(policy_id=policy_id, definition=slower, expected_version=9)
    with pytest.raises(Conflict):
        await scene.do(ADMIN, stale)
    receipt = await scene.do(ADMIN, ReplaceSlaPolicy(policy_id=policy_id, definition=slower, expected_version=1))
    assert receipt.version == 2


async def test_a_policy_is_removed_once_and_is_gone(scene: Scene) -> None:
    policy_id = await scene.policy()
    assert (await scene.do(ADMIN, RemoveSlaPolicy(policy_id=policy_id))).version == 2
    assert (await scene.do(ADMIN, RemoveSlaPolicy(policy_id=policy_id))).events == ()
    with pytest.raises(NotFound):
        await scene.do(ADMIN, ReplaceSlaPolicy(policy_id=policy_id, definition=FAST))


@pytest.mark.parametrize(
    "wrong",
    [
        SlaDefinition("Nothing promised"),
        SlaDefinition(" ", FAST.targets),
        SlaDefinition("Too soon", SlaTargets(first_response=0)),
        SlaDefinition("Too late", SlaTargets(resolution=10**9)),
        SlaDefinition("No place", FAST.targets, order=-1),
    ],
)
async def test_a_policy_that_makes_no_sense_is_refused(scene: Scene, wrong: SlaDefinition) -> None:
    with pytest.raises(Invalid):
        await scene.policy(wrong)


async def test_agents_make_no_policies_and_nobody_names_a_team_that_is_not_there(scene: Scene) -> None:
    with pytest.raises(Forbidden):
        await scene.do(agent(), CreateSlaPolicy(definition=FAST))
    stranger = SlaDefinition("Fast", FAST.targets, SlaConditions(team_ids=(UUID(int=5),)))
    with pytest.raises(NotFound):
        await scene.policy(stranger)
