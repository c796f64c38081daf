"""Automations and macros are saved as a whole, and their runs say each thing once."""

from __future__ import annotations

from uuid import UUID

import pytest
from msgspec.structs import replace

from domain.automation import Automation, AutomationRules, automation_rules
from domain.automation_run import MOST_DEPTH, AutomationRun, Occasion, run_id
from domain.canned_response import EVERYBODY, Reach
from domain.macro import Macro, macro_content
from domain.refusals import Conflict, Invalid, NotFound
from domain.rule_actions import (
    ME,
    AddLabels,
    AssignAgent,
    AssignTeam,
    GiveAttribute,
    Qualify,
    SendMessage,
    SnoozeFor,
    named_in,
    valid_actions,
)
from tests.support.stamps import refolded, stamp, types

TEAM, AGENT = "tea_" + "0" * 31 + "1", "agt_" + "0" * 31 + "2"
RULES = AutomationRules("VIPs", "started", (AddLabels(("vip",)),))
OCCASION = Occasion(UUID(int=1), 3, UUID(int=2), 40, 40)


def saved() -> Automation:
    automation = Automation(UUID(int=1))
    automation.save(stamp(), 7, RULES)
    return automation


def test_each_save_holds_the_whole_of_it() -> None:
    automation = saved()
    automation.save(stamp(), 7, replace(RULES, enabled=False))
    events = list(automation.collect_events())
    assert [one.TYPE for one in events] == ["automation.saved.1"] * 2
    again = refolded(events)
    assert isinstance(again, Automation)
    assert (again.rules, again.version) == (replace(RULES, enabled=False), 2)


def test_saving_the_same_and_removing_twice_change_nothing() -> None:
    automation = saved()
    automation.save(stamp(), 7, RULES, expected_version=1)
    automation.remove(stamp())
    automation.remove(stamp())
    assert types(automation) == ["automation.saved.1", "automation.removed.1"]


def test_somebody_elses_change_is_not_overwritten() -> None:
    with pytest.raises(Conflict):
        saved().save(stamp(), 7, replace(RULES, name="Other"), expected_version=0)


@pytest.mark.parametrize(
    "wrong", [{"name": " "}, {"place": -1}, {"place": 10_001}, {"actions": ()}, {"actions": (AssignAgent(ME),)}]
)
def test_rules_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        automation_rules(replace(RULES, **wrong))


@pytest.mark.parametrize(
    "wrong",
    [
        AddLabels(()),
        AddLabels(("",)),
        SendMessage(" "),
        SnoozeFor(0),
        SnoozeFor(600_000),
        GiveAttribute("1", 1),
        GiveAttribute("a", "x" * 1001),
        Qualify("x" * 1001),
    ],
)
def test_actions_that_could_never_be_carried_out_are_refused(wrong: AddLabels) -> None:
    with pytest.raises(Invalid):
        valid_actions((wrong,), knows_me=True)


def test_ids_are_those_of_their_noun() -> None:
    assert list(named_in((AssignTeam(TEAM), AssignAgent(AGENT), AssignAgent(ME)))) == [
        ("team", TEAM),
        ("agent", AGENT),
    ]
    with pytest.raises(NotFound):
        valid_actions((AssignTeam(AGENT),), knows_me=False)


def test_a_run_acts_once_for_one_beginning_and_is_stopped_once() -> None:
    run = AutomationRun(run_id(7, OCCASION))
    assert run.stop_reason(OCCASION) is None
    run.apply_all(stamp(), 7, OCCASION)
    later = replace(OCCASION, position=50, depth=1)
    assert run.stop_reason(later) == "again"
    run.stop(stamp(), 7, later, "again")
    run.stop(stamp(), 7, later, "again")
    run.fail(stamp(), 7, later, "conflict", "No.")
    assert types(run) == ["automation_run.applied.1", "automation_run.stopped.1"]


def test_what_is_too_deep_does_not_act() -> None:
    run = AutomationRun(run_id(7, OCCASION))
    assert run.stop_reason(replace(OCCASION, depth=MOST_DEPTH - 1)) is None
    assert run.stop_reason(replace(OCCASION, depth=MOST_DEPTH)) == "too_deep"


def test_one_beginning_is_one_run_per_tenant_automation_and_conversation() -> None:
    others = [
        replace(OCCASION, automation_id=UUID(int=9)),
        replace(OCCASION, conversation_id=UUID(int=9)),
        replace(OCCASION, origin=41),
    ]
    assert len({run_id(7, one) for one in [OCCASION, *others]} | {run_id(8, OCCASION)}) == 5
    assert run_id(7, replace(OCCASION, automation_version=4, position=99, depth=2)) == run_id(7, OCCASION)


def test_a_macro_is_saved_as_a_whole_and_removed_once() -> None:
    macro = Macro(UUID(int=1))
    content = macro_content("Close", (AssignAgent(ME),))
    macro.save(stamp(), 7, content, EVERYBODY)
    macro.save(stamp(), 7, content, EVERYBODY)
    macro.save(stamp(), 7, content, Reach("private", owner_id=UUID(int=5)))
    with pytest.raises(Conflict):
        macro.save(stamp(), 7, content, EVERYBODY, expected_version=1)
    macro.remove(stamp())
    macro.remove(stamp())
    events = list(macro.collect_events())
    assert [one.TYPE for one in events] == ["macro.saved.1", "macro.saved.1", "macro.removed.1"]
    again = refolded(events)
    assert isinstance(again, Macro)
    assert (again.content, again.reach.owner_id, again.is_removed) == (content, UUID(int=5), True)
