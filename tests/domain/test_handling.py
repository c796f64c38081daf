"""Who has a conversation, and whether it is in sight."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from domain.conversation import Conversation
from domain.handling import Handling, Transferred
from domain.refusals import AlreadyAccepted, ConversationIsEnded, Invalid
from tests.support.stamps import NEW_YEAR, refolded, stamp, types

CHAT, CONTACT, TEAM, NOTE = UUID(int=1), UUID(int=2), UUID(int=9), UUID(int=8)
ANNA, BEN = UUID(int=4), UUID(int=5)
BY_ANNA, BY_BEN, BY_VISITOR, BY_RULE = stamp("agent", 4), stamp("agent", 5), stamp("visitor", 2), stamp()


def queued() -> Conversation:
    conversation = Conversation(CHAT)
    conversation.start(BY_VISITOR, tenant_id=7, contact_id=CONTACT)
    conversation.collect_events()
    return conversation


def annas() -> Conversation:
    conversation = queued()
    conversation.accept(BY_ANNA, ANNA)
    conversation.collect_events()
    return conversation


def ended() -> Conversation:
    conversation = annas()
    conversation.end(BY_ANNA)
    conversation.collect_events()
    return conversation


def test_routing_assigns_what_waits() -> None:
    conversation = queued()
    conversation.assign(BY_RULE, BEN, "least_loaded")
    assert conversation.handling == Handling("open", "agent", BEN)


def test_routing_leaves_alone_what_somebody_has_or_what_sleeps_or_has_ended() -> None:
    asleep = queued()
    asleep.snooze(BY_ANNA)
    asleep.collect_events()
    for conversation in (annas(), ended(), asleep):
        conversation.assign(BY_RULE, BEN, "least_loaded")
        assert types(conversation) == []


def test_a_transfer_to_an_agent_waits_for_them_to_accept() -> None:
    conversation = annas()
    conversation.transfer(BY_ANNA, agent_id=BEN, note_id=NOTE, accept_seconds=60)
    assert conversation.handling == Handling("open", "agent", BEN)
    assert conversation.accept_until == NEW_YEAR + timedelta(seconds=60)
    with pytest.raises(AlreadyAccepted):
        conversation.accept(BY_ANNA, ANNA)
    conversation.accept(BY_BEN, BEN)
    assert conversation.accept_until is None
    transferred = conversation.collect_events()[0]
    assert isinstance(transferred, Transferred)
    assert (transferred.to_agent_id, transferred.note_id) == (BEN, NOTE)


def test_a_transfer_that_nobody_accepts_goes_back_when_its_time_is_over() -> None:
    conversation = annas()
    conversation.transfer(BY_ANNA, agent_id=BEN, accept_seconds=60)
    conversation.collect_events()
    conversation.return_to_queue(stamp(hours=0.01), "accept_timed_out")
    assert types(conversation) == []
    conversation.return_to_queue(stamp(hours=0.02), "accept_timed_out")
    assert types(conversation) == ["conversation.returned.1"]
    assert conversation.handling == Handling("open", "queue")


def test_a_timer_that_comes_after_the_accept_changes_nothing() -> None:
    conversation = annas()
    conversation.transfer(BY_ANNA, agent_id=BEN)
    conversation.accept(BY_BEN, BEN)
    conversation.collect_events()
    conversation.return_to_queue(stamp(hours=1), "accept_timed_out")
    assert types(conversation) == []


def test_a_transfer_to_a_team_waits_in_its_queue() -> None:
    conversation = annas()
    conversation.transfer(BY_ANNA, team_id=TEAM)
    assert conversation.handling == Handling("open", "queue", None, TEAM)
    conversation.accept(BY_BEN, BEN)
    assert conversation.handling == Handling("open", "agent", BEN, TEAM)


def test_a_transfer_to_whoever_has_it_changes_nothing() -> None:
    conversation = annas()
    conversation.transfer(BY_ANNA, agent_id=ANNA)
    assert types(conversation) == []


def test_a_transfer_goes_to_one_agent_or_to_one_team_and_not_after_the_end() -> None:
    for wrong in ({}, {"agent_id": BEN, "team_id": TEAM}):
        with pytest.raises(Invalid):
            annas().transfer(BY_ANNA, **wrong)
    with pytest.raises(ConversationIsEnded):
        ended().transfer(BY_ANNA, team_id=TEAM)


def test_a_snoozed_conversation_wakes_at_its_time_and_not_before() -> None:
    conversation = annas()
    conversation.snooze(BY_ANNA, NEW_YEAR + timedelta(hours=2))
    assert conversation.handling == Handling("snoozed", "agent", ANNA)
    conversation.awaken(stamp(hours=1), "time")
    assert conversation.handling.status == "snoozed"
    conversation.awaken(stamp(hours=2), "time")
    assert conversation.handling == Handling("open", "agent", ANNA)


def test_without_a_time_only_a_reply_or_an_agent_wakes_it() -> None:
    conversation = annas()
    conversation.snooze(BY_ANNA)
    conversation.collect_events()
    conversation.awaken(stamp(hours=1000), "time")
    assert types(conversation) == []
    conversation.post(BY_VISITOR, NOTE, "Back again")
    assert types(conversation) == ["conversation.awakened.1", "conversation.message_posted.1"]
    assert conversation.handling == Handling("open", "agent", ANNA)


def test_snoozing_and_waking_twice_change_nothing() -> None:
    conversation = annas()
    for _ in range(2):
        conversation.snooze(BY_ANNA, NEW_YEAR + timedelta(hours=2))
    assert types(conversation) == ["conversation.snoozed.1"]
    for _ in range(2):
        conversation.awaken(BY_ANNA, "agent")
    assert types(conversation) == ["conversation.awakened.1"]


def test_no_snooze_into_the_past_for_ever_or_after_the_end() -> None:
    for hours in (0, -1, 24 * 400):
        with pytest.raises(Invalid):
            annas().snooze(BY_ANNA, NEW_YEAR + timedelta(hours=hours))
    with pytest.raises(ConversationIsEnded):
        ended().snooze(BY_ANNA)


def test_an_agent_reopens_at_any_time_and_has_it_again() -> None:
    conversation = ended()
    conversation.reopen(stamp("agent", 5, hours=1000))
    assert conversation.handling == Handling("open", "agent", ANNA)
    conversation.collect_events()
    conversation.reopen(BY_BEN)
    assert types(conversation) == []


def test_the_window_for_a_visitor_is_the_conversations_own() -> None:
    conversation = Conversation(CHAT)
    conversation.start(BY_VISITOR, tenant_id=7, contact_id=CONTACT, reopen_hours=1)
    conversation.end(BY_ANNA)
    assert not conversation.is_past_reopening(NEW_YEAR + timedelta(hours=1))
    assert conversation.is_past_reopening(NEW_YEAR + timedelta(hours=1, seconds=1))


def test_it_folds_back_to_where_it_was() -> None:
    conversation = queued()
    conversation.transfer(BY_ANNA, agent_id=BEN)
    conversation.snooze(BY_BEN, NEW_YEAR + timedelta(hours=2))
    first = Conversation(CHAT)
    first.start(BY_VISITOR, tenant_id=7, contact_id=CONTACT)
    again = refolded([*first.collect_events(), *conversation.collect_events()])
    assert isinstance(again, Conversation)
    assert (again.handling, again.snoozed_until) == (conversation.handling, conversation.snoozed_until)
