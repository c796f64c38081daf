"""Whenever something happens to a conversation, automations act: in order, once, all or none, never in circles."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from application.actor import system
from application.agent import DeactivateAgent, InviteAgent
from application.automation import ChangeAutomation, CreateAutomation, RemoveAutomation
from application.bus import Request
from application.causes import chain_of
from application.conversation import PostMessage
from application.handling import AssignConversation, TransferConversation
from application.log import Recorded
from application.marks import ChangeLabels, SetPriority
from application.team import CreateTeam
from domain.automation import AutomationRules
from domain.automation_conditions import (
    Condition,
    HandledByIs,
    IsOpen,
    LabelIs,
    PriorityIs,
    TextContains,
    TextHasWord,
)
from domain.automation_run import MOST_DEPTH, AutomationApplied, AutomationFailed, AutomationStopped
from domain.automation_triggers import Trigger
from domain.conversation import MessagePosted
from domain.handling import Assigned, Transferred
from domain.ids import wire
from domain.kernel import TenantRule
from domain.marks import LabelsChanged, Priority, PriorityChanged
from domain.refusals import Unavailable
from domain.rule_actions import (
    Action,
    AddLabels,
    AssignAgent,
    AssignTeam,
    GiveAttribute,
    GivePriority,
    Qualify,
    RemoveLabels,
    Resolve,
    SendMessage,
    SnoozeFor,
    WriteNote,
)
from tests.support.automation_scene import AutomationScene
from tests.support.house import ADMIN, ANNA, BEN, TENANT, VISITING, agent

VIP, URGENT = AddLabels(("vip",)), GivePriority("urgent")


@pytest.fixture
def scene() -> AutomationScene:
    return AutomationScene()


async def test_what_it_does_names_it_its_version_and_the_event_it_reacted_to(scene: AutomationScene) -> None:
    id = await scene.automation("visitorMessage", VIP, URGENT, name="VIPs")
    chat = await scene.chat("I want a refund")
    await scene.follow()
    conversation = await scene.conversation(chat)
    assert (conversation.labels, conversation.priority) == ({"vip"}, "urgent")
    said, run, label, priority = scene.memory.recorded[-4:]
    assert isinstance(said.event, MessagePosted)
    assert isinstance(run.event, AutomationApplied)
    assert isinstance(label.event, LabelsChanged)
    assert isinstance(priority.event, PriorityChanged)
    for one in (run, label, priority):
        assert (one.event.by.kind, one.event.cause.policy) == ("system", "apply_automations")
        assert one.event.cause.rule == TenantRule("automation", id, 1, "VIPs")
        assert (one.event.cause.position, one.event.cause.origin, one.event.cause.depth) == (
            said.position, said.position, 1,
        )  # fmt: skip
    assert len({one.meta.command_id for one in (run, label, priority)}) == 1, "one append"


async def test_reacting_twice_is_reacting_once(scene: AutomationScene) -> None:
    await scene.automation("visitorMessage", SendMessage("Hello"))
    await scene.chat("Hi")
    await scene.follow()
    length = len(scene.memory.recorded)
    scene.policy, scene.followed = scene.new_policy(), 0
    await scene.follow()
    assert len(scene.memory.recorded) == length


async def test_nothing_to_do_is_no_run(scene: AutomationScene) -> None:
    await scene.automation("visitorMessage", VIP)
    chat = await scene.chat("One")
    await scene.follow()
    await scene.say(chat, "Two")
    await scene.follow()
    assert scene.outcomes() == ["applied"]


async def test_they_are_asked_in_their_order_and_each_sees_what_the_ones_before_did(
    scene: AutomationScene,
) -> None:
    await scene.automation("visitorMessage", AddLabels(("late",)), place=2, conditions=(LabelIs(value="early"),))
    await scene.automation("visitorMessage", AddLabels(("never",)), place=0, conditions=(LabelIs(value="early"),))
    await scene.automation("visitorMessage", AddLabels(("early",)), place=1)
    chat = await scene.chat("Hi")
    await scene.follow()
    assert (await scene.conversation(chat)).labels == {"early", "late"}


@pytest.mark.parametrize(
    ("conditions", "match", "is_met"),
    [
        ((TextContains(contains=("REFUND",)),), "all", True),
        ((TextHasWord(any=("refund", "refunds")), HandledByIs(value="queue")), "all", True),
        ((TextHasWord(any=("fund",)),), "all", False),
        ((TextHasWord(any=("fund",)), HandledByIs(value="queue")), "any", True),
        ((TextContains(contains=("refund",), negated=True),), "all", False),
        ((PriorityIs(value=None), IsOpen()), "all", True),
    ],
)
async def test_it_acts_where_its_conditions_hold(
    scene: AutomationScene, conditions: tuple[Condition, ...], match: Any, is_met: bool
) -> None:
    await scene.automation("visitorMessage", VIP, conditions=conditions, match=match)
    chat = await scene.chat("Where is my refund?")
    await scene.follow()
    assert ("vip" in (await scene.conversation(chat)).labels) == is_met


async def test_each_action_does_what_the_ordinary_command_does(scene: AutomationScene) -> None:
    team_id = (await scene.do(ADMIN, CreateTeam(name="Sales"))).events[0].originator_id
    actions: tuple[Action, ...] = (
        AddLabels(("a", "b")),
        RemoveLabels(("b",)),
        GiveAttribute("plan", "pro"),
        Qualify("asked for a price"),
        AssignTeam(wire("team", team_id)),
        WriteNote("Look at {{custom.plan}}"),
        SendMessage("{{contact.name}}, we look into {{custom.plan}}."),
        SnoozeFor(60),
    )
    await scene.automation("visitorMessage", *actions)
    chat = await scene.chat("Hi")
    await scene.follow()
    conversation = await scene.conversation(chat)
    assert conversation.labels == {"a"}
    assert conversation.attributes == {"plan": "pro"}
    assert conversation.is_qualified
    assert (conversation.handling.team_id, conversation.handling.status) == (team_id, "snoozed")
    texts = [getattr(one.event, "text", None) for one in scene.memory.recorded]
    assert ", we look into pro." in texts
    assert "Look at pro" in texts
    assert scene.outcomes() == ["applied"]


async def test_a_refused_action_undoes_all_of_them_and_is_shown_once(scene: AutomationScene) -> None:
    await scene.do(ADMIN, InviteAgent(agent_id=ANNA, name="Anna", email="a@example.test"))
    id = await scene.automation("visitorMessage", VIP, AssignAgent(wire("agent", ANNA)))
    await scene.do(ADMIN, DeactivateAgent(agent_id=ANNA))
    chat = await scene.chat("Hi")
    await scene.follow()
    assert (await scene.conversation(chat)).labels == frozenset()
    (failed,) = scene.runs()
    assert isinstance(failed, AutomationFailed)
    assert (failed.code, failed.occasion.automation_id) == ("agent_unavailable", id)
    scene.policy, scene.followed = scene.new_policy(), 0
    await scene.follow()
    assert scene.outcomes() == ["failed"]


async def test_an_outage_is_no_failure_of_the_automation(
    scene: AutomationScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.automation("visitorMessage", VIP)
    await scene.chat("Hi")

    async def overloaded(_: object) -> None:
        raise Unavailable

    with monkeypatch.context() as broken:
        broken.setattr(scene.memory, "append", overloaded)
        with pytest.raises(Unavailable):
            await scene.follow()
    scene.followed = 0
    await scene.follow()
    assert scene.outcomes() == ["applied"]


async def test_an_automation_never_sets_itself_off(scene: AutomationScene) -> None:
    id = await scene.automation("labelAdded", AddLabels(("again",)), SendMessage("Labelled"))
    chat = await scene.chat("Hi")
    await scene.do(agent(), ChangeLabels(conversation_id=chat, add=("vip",)))
    await scene.follow()
    applied, stopped = scene.runs()
    assert isinstance(stopped, AutomationStopped)
    assert (stopped.reason, stopped.occasion.depth, stopped.occasion.automation_id) == ("again", 1, id)
    assert stopped.occasion.origin == applied.occasion.position
    await scene.do(agent(), ChangeLabels(conversation_id=chat, add=("other",)))
    await scene.follow()
    assert scene.outcomes() == ["applied", "stopped", "applied"], "somebody else's label sets it off anew"


async def test_two_that_set_each_other_off_act_once_each(scene: AutomationScene) -> None:
    await scene.automation("priorityChanged", GivePriority("low"), conditions=(PriorityIs(value="high"),))
    await scene.automation("priorityChanged", GivePriority("high"), conditions=(PriorityIs(value="low"),))
    chat = await scene.chat("Hi")
    await scene.do(agent(), SetPriority(conversation_id=chat, priority="high"))
    await scene.follow(most=100)
    assert scene.outcomes() == ["applied", "applied", "stopped"]


async def test_a_chain_of_different_ones_ends_at_its_depth(scene: AutomationScene) -> None:
    for number in range(MOST_DEPTH + 2):
        condition = LabelIs(value=f"l{number}")
        action = AddLabels((f"l{number + 1}",))
        await scene.automation("labelAdded", action, conditions=(condition,), place=MOST_DEPTH + 2 - number)
    chat = await scene.chat("Hi")
    await scene.do(agent(), ChangeLabels(conversation_id=chat, add=("l0",)))
    await scene.follow(most=200)
    assert (await scene.conversation(chat)).labels == {f"l{number}" for number in range(MOST_DEPTH + 1)}
    last = scene.runs()[-1]
    assert isinstance(last, AutomationStopped)
    assert (last.reason, last.occasion.depth) == ("too_deep", MOST_DEPTH)


class Router:
    """A policy that gives whatever is put into a queue to Anna: what it does is caused by what automations did.

    `misnames`: it names an older event as its cause, as routing does when one look answers for many.
    """

    name = "router"

    def __init__(self, scene: AutomationScene, *, misnames: bool) -> None:
        self._scene = scene
        self._misnames = misnames

    def concerns(self, recorded: Recorded) -> bool:
        return isinstance(recorded.event, Transferred)

    async def react(self, recorded: Recorded) -> None:
        command = AssignConversation(conversation_id=recorded.stream_id, agent_id=ANNA, rule="all")
        position = 1 if self._misnames else recorded.position
        request = Request(f"{self.name}:{recorded.position}", policy=self.name, position=position)
        await self._scene.bus.execute(system(TENANT), command, request)


@pytest.mark.parametrize("misnames", [False, True])
async def test_a_circle_through_another_policy_is_one_too(scene: AutomationScene, misnames: bool) -> None:
    await scene.do(ADMIN, InviteAgent(agent_id=ANNA, name="Anna", email="a@example.test"))
    team_id = (await scene.do(ADMIN, CreateTeam(name="Sales"))).events[0].originator_id
    await scene.automation("assigned", AssignTeam(wire("team", team_id)))
    scene.beside.append(Router(scene, misnames=misnames))
    chat = await scene.chat("Hi")
    await scene.do(agent(ANNA), TransferConversation(conversation_id=chat, team_id=team_id))
    await scene.follow(most=100)
    assert scene.outcomes() == ["applied", "stopped"]
    assigned = [one for one in scene.memory.recorded if isinstance(one.event, Assigned)]
    assert len(assigned) == 2
    chain = await chain_of(scene.memory, scene.stream_of, assigned[-1])
    assert chain.depth == 1


async def test_the_version_in_force_when_the_event_is_reacted_to_is_the_one_that_runs(
    scene: AutomationScene,
) -> None:
    id = await scene.automation("visitorMessage", AddLabels(("one",)))
    first = await scene.chat("Hi")
    await scene.follow()
    await scene.do(ADMIN, ChangeAutomation(automation_id=id, actions=(AddLabels(("two",)),)))
    second = await scene.chat("Hi")
    await scene.do(ADMIN, ChangeAutomation(automation_id=id, actions=(AddLabels(("three",)),)))
    await scene.follow()
    third = await scene.chat("Hi")
    await scene.do(ADMIN, RemoveAutomation(automation_id=id))
    await scene.follow()
    fourth = await scene.chat("Hi")
    await scene.follow()
    labels = [(await scene.conversation(chat)).labels for chat in (first, second, third, fourth)]
    assert labels[0] == {"one"}
    assert labels[3] == frozenset()
    ran = [(one.occasion.conversation_id, one.occasion.automation_version) for one in scene.runs()]
    assert ran[0] == (first, 1)
    assert all(version > 1 for _, version in ran[1:])


async def test_a_tenant_without_automations_is_asked_about_once(scene: AutomationScene) -> None:
    for _ in range(5):
        await scene.chat("Hi")
    await scene.follow()
    assert scene.read.asked == 1
    await scene.automation("visitorMessage", VIP)
    await scene.chat("Hi")
    await scene.follow()
    assert scene.read.asked == 2


async def test_what_the_product_says_is_nobodys_message(scene: AutomationScene) -> None:
    await scene.automation("agentMessage", VIP)
    await scene.automation("visitorMessage", SendMessage("Hello"))
    chat = await scene.chat("Hi")
    await scene.follow()
    assert (await scene.conversation(chat)).labels == frozenset()
    await scene.do(agent(BEN), PostMessage(conversation_id=chat, text="Hello"))
    await scene.follow()
    assert (await scene.conversation(chat)).labels == {"vip"}


async def test_another_tenants_automation_does_nothing_here(scene: AutomationScene) -> None:
    rules = AutomationRules(name="Theirs", trigger="visitorMessage", actions=(VIP,))
    await scene.do(agent(UUID(int=0xE1), "admin", TENANT + 1), CreateAutomation(rules=rules))
    chat = await scene.chat("Hi")
    await scene.follow()
    assert (await scene.conversation(chat)).labels == frozenset()


LABELS = ("a", "b", "c")
PRIORITIES: tuple[Priority | None, ...] = ("low", "high", "urgent", None)
TRIGGERS: tuple[Trigger, ...] = (
    "visitorMessage", "labelAdded", "priorityChanged", "resolved", "reopened", "snoozed", "qualified",
)  # fmt: skip
ACTIONS = st.one_of(
    st.sampled_from(LABELS).map(lambda one: AddLabels((one,))),
    st.sampled_from(LABELS).map(lambda one: RemoveLabels((one,))),
    st.sampled_from(PRIORITIES).map(GivePriority),
    st.just(SendMessage("Hello")),
    st.just(WriteNote("Look")),
    st.just(SnoozeFor(5)),
    st.just(Resolve()),
    st.just(Qualify()),
)
CONDITIONS = st.one_of(
    st.builds(LabelIs, value=st.sampled_from(LABELS), negated=st.booleans()),
    st.builds(PriorityIs, value=st.sampled_from(PRIORITIES), negated=st.booleans()),
)
SETS = st.lists(
    st.tuples(
        st.sampled_from(TRIGGERS),
        st.lists(ACTIONS, min_size=1, max_size=4),
        st.lists(CONDITIONS, max_size=2),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SETS, st.sampled_from(PRIORITIES), st.sampled_from(LABELS))
async def test_no_set_of_automations_goes_on_for_ever(
    chosen: list[tuple[Trigger, list[Action], list[Condition]]], priority: Priority | None, label: str
) -> None:
    scene = AutomationScene()
    for trigger, actions, conditions in chosen:
        await scene.automation(trigger, *actions, conditions=tuple(conditions))
    chat = await scene.chat("Hi")
    await scene.do(agent(), SetPriority(conversation_id=chat, priority=priority))
    await scene.do(agent(), ChangeLabels(conversation_id=chat, add=(label,)))
    await scene.do(VISITING, PostMessage(conversation_id=chat, text="Again"))
    begun = len(scene.memory.recorded)
    await scene.follow(most=begun + begun * len(chosen) * 12)
    seen = [
        (run.occasion.automation_id, run.occasion.origin)
        for run in scene.runs()
        if not isinstance(run, AutomationStopped)
    ]
    assert len(seen) == len(set(seen)), "once per automation and beginning"
    assert all(one.event.cause.depth <= MOST_DEPTH for one in scene.memory.recorded)
