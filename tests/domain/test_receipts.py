"""What was delivered, read and thought of a conversation. It only moves forwards."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.conversation import Conversation
from domain.receipts import Rated, Read
from domain.refusals import ConversationIsOpen, Forbidden, Invalid, RatingIsClosed
from tests.support.stamps import stamp, types

BY_VISITOR, BY_ANNA = stamp("visitor", 2), stamp("agent", 4)


def talk() -> Conversation:
    """Version 1: started; 2 and 3: the visitor; 4: accepted; 5: the agent; 6 and 7: the visitor."""
    made = Conversation(UUID(int=1))
    made.start(BY_VISITOR, tenant_id=7, contact_id=UUID(int=2))
    for by in (BY_VISITOR, BY_VISITOR, BY_ANNA, BY_VISITOR, BY_VISITOR):
        made.post(by, UUID(int=made.version), "Words")
    made.collect_events()
    return made


def test_reading_tells_what_is_left() -> None:
    conversation = talk()
    assert conversation.unread == {"visitor": [5], "agent": [6, 7]}
    conversation.mark_read(BY_ANNA, 6)
    (read,) = conversation.collect_events()
    assert isinstance(read, Read)
    assert (read.side, read.up_to, read.left) == ("agent", 6, 1)


def test_an_agent_who_ends_it_has_read_all_of_it_and_a_visitor_has_not() -> None:
    for by, left in ((BY_ANNA, []), (BY_VISITOR, [6, 7])):
        conversation = talk()
        conversation.end(by)
        assert conversation.unread["agent"] == left
        conversation.post(BY_VISITOR, UUID(int=99), "One more thing")
        assert len(conversation.unread["agent"]) == len(left) + 1


def test_what_an_agent_has_ended_needs_no_reading() -> None:
    conversation = talk()
    conversation.end(BY_ANNA)
    conversation.collect_events()
    conversation.mark_read(BY_ANNA, 8)
    assert list(conversation.collect_events()) == []


def test_reading_backwards_or_twice_changes_nothing() -> None:
    conversation = talk()
    conversation.mark_read(BY_ANNA, 7)
    conversation.collect_events()
    for up_to in (7, 6, 1):
        conversation.mark_read(stamp("agent", 5), up_to)
    assert types(conversation) == []


def test_an_agent_who_finds_nothing_unread_leaves_no_trace() -> None:
    conversation = talk()
    conversation.mark_read(BY_ANNA, 5)
    assert types(conversation) == []


def test_what_a_visitor_has_read_was_delivered() -> None:
    conversation = talk()
    conversation.mark_delivered(BY_VISITOR, 5)
    conversation.mark_read(BY_VISITOR, 6)
    conversation.mark_delivered(BY_VISITOR, 6)
    assert types(conversation) == ["conversation.delivered.1", "conversation.read.1"]
    assert (conversation.delivered_to, conversation.read_to) == (6, {"visitor": 6})


def test_nobody_has_read_what_is_not_written_yet() -> None:
    for up_to in (0, 8):
        with pytest.raises(Invalid):
            talk().mark_read(BY_VISITOR, up_to)
        with pytest.raises(Invalid):
            talk().mark_delivered(BY_VISITOR, up_to)


def rated(hours: float = 0, score: int = 4) -> Conversation:
    conversation = talk()
    conversation.end(BY_ANNA)
    conversation.rate_once(stamp("visitor", 2), 5, "Quick")
    conversation.collect_events()
    conversation.rate_once(stamp("visitor", 2, hours=hours), score, "Quick")
    return conversation


def test_a_rating_can_be_changed_within_a_day() -> None:
    (changed,) = rated(hours=24).collect_events()
    assert isinstance(changed, Rated)
    assert changed.score == 4
    with pytest.raises(RatingIsClosed):
        rated(hours=24.01)


def test_the_same_rating_again_changes_nothing() -> None:
    assert types(rated(hours=100, score=5)) == []


def test_only_the_visitor_rates_only_what_has_ended_and_only_with_one_to_five() -> None:
    with pytest.raises(ConversationIsOpen):
        talk().rate_once(BY_VISITOR, 5, None)
    conversation = talk()
    conversation.end(BY_ANNA)
    with pytest.raises(Forbidden):
        conversation.rate_once(BY_ANNA, 5, None)
    for score in (0, 6):
        with pytest.raises(Invalid):
            conversation.rate_once(BY_VISITOR, score, None)
