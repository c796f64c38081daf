"""Which event is which trigger; everything else is none."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domain.automation_triggers import trigger_of
from domain.conversation import Conversation
from domain.kernel import Event
from tests.support.stamps import stamp

ANNA, BEN, MESSAGE = UUID(int=0xA), UUID(int=0xB), UUID(int=0xC)


def started() -> Conversation:
    conversation = Conversation(UUID(int=1))
    conversation.start(stamp(), tenant_id=7, contact_id=UUID(int=2))
    return conversation


def last(done: Any) -> Event:
    """The last event after this was done to a conversation that waits."""
    conversation = started()
    done(conversation)
    return conversation.collect_events()[-1]


@pytest.mark.parametrize(
    ("done", "trigger"),
    [
        (lambda _: None, "started"),
        (lambda one: one.post(stamp("visitor"), MESSAGE, "Hi"), "visitorMessage"),
        (lambda one: one.post(stamp("agent", 0xA), MESSAGE, "Hi"), "agentMessage"),
        (lambda one: one.post(stamp("integration", 0xA), MESSAGE, "Hi"), "agentMessage"),
        (lambda one: one.post(stamp("system"), MESSAGE, "Hi"), None),
        (lambda one: one.add_note(stamp("agent"), MESSAGE, "Hi"), None),
        (lambda one: one.accept(stamp("agent", 0xA), ANNA), "assigned"),
        (lambda one: one.assign(stamp(), ANNA, "rule"), "assigned"),
        (lambda one: one.transfer(stamp(), agent_id=BEN), "assigned"),
        (lambda one: one.transfer(stamp(), team_id=BEN), None),
        (lambda one: one.end(stamp()), "resolved"),
        (lambda one: (one.end(stamp()), one.reopen(stamp())), "reopened"),
        (lambda one: one.snooze(stamp()), "snoozed"),
        (lambda one: (one.snooze(stamp()), one.awaken(stamp(), "agent")), None),
        (lambda one: one.change_labels(stamp(), add=["a"]), "labelAdded"),
        (lambda one: (one.change_labels(stamp(), ["a"]), one.change_labels(stamp(), remove=["a"])), None),
        (lambda one: one.set_priority(stamp(), "high"), "priorityChanged"),
        (lambda one: one.qualify(stamp()), "qualified"),
        (lambda one: one.disqualify(stamp()), None),
        (lambda one: (one.end(stamp()), one.rate_once(stamp("visitor"), 5, None)), "rated"),
        (lambda one: (one.accept(stamp("agent"), ANNA), one.transfer(stamp(), agent_id=BEN)), "assigned"),
    ],
)
def test_each_event_is_its_trigger(done: Any, trigger: str | None) -> None:
    assert trigger_of(last(done)) == trigger


def test_accepting_what_one_was_given_is_no_second_assignment() -> None:
    conversation = started()
    conversation.transfer(stamp(), agent_id=ANNA)
    conversation.accept(stamp("agent", 0xA), ANNA)
    assert trigger_of(conversation.collect_events()[-1]) is None
