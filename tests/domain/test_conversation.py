"""Who may speak in a conversation, and who has it."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.conversation import AssistantReplied, Conversation, ConversationStarted, MessagePosted, ReplyDiscarded
from domain.handling import Accepted, Ended, HandedOver, Handling
from domain.personal import ERASED
from domain.refusals import (
    AlreadyAccepted,
    ConversationChanged,
    ConversationIsEnded,
    Invalid,
    MissingMessage,
)
from tests.support.stamps import refolded, stamp, types

CHAT, CONTACT, ASSISTANT = UUID(int=1), UUID(int=2), UUID(int=3)
ANNA, BEN, MESSAGE = UUID(int=4), UUID(int=5), UUID(int=6)
VISITOR_SAYS = stamp("visitor", 2)
ASSISTANT_SAYS = stamp("assistant", 3)
ANNA_SAYS = stamp("agent", 4)
BEN_SAYS = stamp("agent", 5)


def started(assistant_id: UUID | None = ASSISTANT) -> Conversation:
    conversation = Conversation(CHAT)
    conversation.start(VISITOR_SAYS, tenant_id=7, contact_id=CONTACT, assistant_id=assistant_id)
    conversation.collect_events()
    return conversation


def asked() -> Conversation:
    conversation = started()
    conversation.post(VISITOR_SAYS, MESSAGE, "Where is it?")
    conversation.collect_events()
    return conversation


def ended() -> Conversation:
    conversation = asked()
    conversation.end(ANNA_SAYS, "solved")
    conversation.collect_events()
    return conversation


def test_with_an_assistant_it_begins_with_the_bot() -> None:
    assert started().handling == Handling("open", "bot")


def test_without_one_it_begins_in_the_queue() -> None:
    assert started(None).handling == Handling("open", "queue")


def test_starting_twice_changes_nothing() -> None:
    conversation = started()
    conversation.start(VISITOR_SAYS, tenant_id=7, contact_id=CONTACT)
    assert types(conversation) == []


def test_the_contact_is_the_subject_of_all_that_is_said() -> None:
    conversation = Conversation(CHAT)
    conversation.start(VISITOR_SAYS, tenant_id=7, contact_id=CONTACT, assistant_id=ASSISTANT)
    conversation.post(VISITOR_SAYS, MESSAGE, "Hi")
    conversation.reply(ASSISTANT_SAYS, MESSAGE, "Hello", 2)
    conversation.add_note(ANNA_SAYS, MESSAGE, "hm")
    assert {event.subject_id for event in conversation.collect_events()} == {CONTACT}


def test_a_message_keeps_its_words_as_they_are() -> None:
    conversation = started()
    conversation.post(VISITOR_SAYS, MESSAGE, "  Hi\n ")
    [event] = conversation.collect_events()
    assert isinstance(event, MessagePosted)
    assert (event.text, event.message_id, event.by.kind) == ("  Hi\n ", MESSAGE, "visitor")


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_a_message_without_a_text_is_refused(text: str) -> None:
    with pytest.raises(MissingMessage):
        started().post(VISITOR_SAYS, MESSAGE, text)


@pytest.mark.parametrize("text", ["x" * 10_001, "a\x00b", "a\ud800b"])
def test_a_text_that_cannot_be_kept_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        started().post(VISITOR_SAYS, MESSAGE, text)


def test_a_message_for_a_version_that_is_gone_is_refused() -> None:
    conversation = asked()
    with pytest.raises(ConversationChanged) as refused:
        conversation.post(ANNA_SAYS, MESSAGE, "Hi", expected_version=1)
    assert refused.value.details == {"expected": 1, "version": 2}
    conversation.post(ANNA_SAYS, MESSAGE, "Hi", expected_version=2)


def test_an_agents_first_message_takes_a_conversation_that_nobody_has() -> None:
    conversation = asked()
    conversation.post(ANNA_SAYS, MESSAGE, "Hi")
    assert types(conversation) == ["conversation.accepted.1", "conversation.message_posted.1"]
    assert conversation.handling == Handling("open", "agent", ANNA)


def test_an_agent_may_speak_in_a_colleagues_conversation_without_taking_it() -> None:
    conversation = asked()
    conversation.accept(ANNA_SAYS, ANNA)
    conversation.collect_events()
    conversation.post(BEN_SAYS, MESSAGE, "Hi")
    assert types(conversation) == ["conversation.message_posted.1"]
    assert conversation.handling.assignee_id == ANNA


def test_a_visitors_message_reopens_what_ended_within_72_hours() -> None:
    conversation = ended()
    conversation.post(stamp("visitor", 2, hours=72), MESSAGE, "Still broken")
    assert types(conversation) == ["conversation.reopened.1", "conversation.message_posted.1"]
    assert conversation.handling == Handling("open", "bot")


def test_without_an_assistant_it_reopens_in_the_queue() -> None:
    conversation = started(None)
    conversation.end(VISITOR_SAYS)
    conversation.post(VISITOR_SAYS, MESSAGE, "Still broken")
    assert conversation.handling == Handling("open", "queue")


def test_after_72_hours_a_message_is_refused() -> None:
    with pytest.raises(ConversationIsEnded):
        ended().post(stamp("visitor", 2, hours=72.01), MESSAGE, "Still broken")


def test_an_agents_message_does_not_reopen() -> None:
    with pytest.raises(ConversationIsEnded):
        ended().post(ANNA_SAYS, MESSAGE, "One more thing")


def test_a_refused_message_leaves_no_trace() -> None:
    conversation = ended()
    with pytest.raises(ConversationIsEnded):
        conversation.post(ANNA_SAYS, MESSAGE, "One more thing")
    assert types(conversation) == []


def test_a_note_may_be_added_to_what_has_ended() -> None:
    conversation = ended()
    conversation.add_note(ANNA_SAYS, MESSAGE, "Called them.")
    assert types(conversation) == ["conversation.note_added.1"]
    assert conversation.is_ended


def test_a_note_without_a_text_is_refused() -> None:
    with pytest.raises(MissingMessage):
        asked().add_note(ANNA_SAYS, MESSAGE, " ")


def test_a_reply_stands_where_nothing_has_happened_since() -> None:
    conversation = asked()
    conversation.reply(ASSISTANT_SAYS, MESSAGE, "Soon.", 2, model="m", tokens=5)
    [event] = conversation.collect_events()
    assert isinstance(event, AssistantReplied)
    assert (event.text, event.asked_version, event.model, event.tokens) == ("Soon.", 2, "m", 5)


def test_labels_do_not_make_a_reply_come_too_late_but_words_among_them_do() -> None:
    conversation = asked()
    conversation.change_labels(ANNA_SAYS, add=["vip"])
    conversation.set_priority(ANNA_SAYS, "high")
    assert conversation.moved_since(2) is None
    conversation.add_note(ANNA_SAYS, MESSAGE, "Call them.")
    conversation.change_labels(ANNA_SAYS, add=["called"])
    assert conversation.moved_since(2) == "conversation_moved"
    assert conversation.moved_since(5) is None


def test_receipts_do_not_make_a_reply_come_too_late() -> None:
    conversation = asked()
    conversation.mark_delivered(VISITOR_SAYS, 2)
    conversation.mark_read(VISITOR_SAYS, 2)
    conversation.mark_read(ANNA_SAYS, 2)
    assert conversation.version == 5
    assert conversation.moved_since(2) is None
    conversation.post(VISITOR_SAYS, MESSAGE, "Hello?")
    conversation.mark_read(ANNA_SAYS, 6)
    assert conversation.moved_since(2) == "conversation_moved"


def test_a_reply_to_a_conversation_that_has_moved_is_recorded_as_discarded() -> None:
    conversation = asked()
    conversation.post(VISITOR_SAYS, MESSAGE, "Hello?")
    conversation.collect_events()
    conversation.reply(ASSISTANT_SAYS, MESSAGE, "Soon.", 2, model="m", tokens=5)
    [event] = conversation.collect_events()
    assert isinstance(event, ReplyDiscarded)
    assert (event.text, event.reason, event.model, event.tokens) == ("Soon.", "conversation_moved", "m", 5)


def test_a_reply_never_speaks_over_an_agent() -> None:
    conversation = asked()
    conversation.accept(ANNA_SAYS, ANNA)
    conversation.collect_events()
    conversation.reply(ASSISTANT_SAYS, MESSAGE, "Soon.", conversation.version)
    [event] = conversation.collect_events()
    assert isinstance(event, ReplyDiscarded)
    assert event.reason == "handled_by_agent"


def test_a_reply_to_what_has_ended_is_discarded() -> None:
    conversation = ended()
    conversation.reply(ASSISTANT_SAYS, MESSAGE, "Soon.", conversation.version)
    [event] = conversation.collect_events()
    assert isinstance(event, ReplyDiscarded)
    assert event.reason == "conversation_ended"


def test_handing_over_says_why_and_both_ends() -> None:
    conversation = asked()
    conversation.hand_over(ASSISTANT_SAYS, "visitor_asked")
    [event] = conversation.collect_events()
    assert isinstance(event, HandedOver)
    assert event.reason == "visitor_asked"
    assert (event.before, event.after) == (Handling("open", "bot"), Handling("open", "queue"))


@pytest.mark.parametrize("make", [lambda: started(None), ended])
def test_where_no_bot_has_it_there_is_nothing_to_hand_over(make) -> None:
    conversation = make()
    conversation.hand_over(ASSISTANT_SAYS, "visitor_asked")
    assert types(conversation) == []


def test_accepting_takes_it_from_the_bot() -> None:
    conversation = asked()
    conversation.accept(ANNA_SAYS, ANNA)
    [event] = conversation.collect_events()
    assert isinstance(event, Accepted)
    assert event.after == Handling("open", "agent", ANNA)


def test_accepting_ones_own_again_changes_nothing() -> None:
    conversation = asked()
    conversation.accept(ANNA_SAYS, ANNA)
    conversation.collect_events()
    conversation.accept(ANNA_SAYS, ANNA)
    assert types(conversation) == []


def test_there_is_one_winner_and_the_other_learns_who() -> None:
    conversation = asked()
    conversation.accept(ANNA_SAYS, ANNA)
    with pytest.raises(AlreadyAccepted) as refused:
        conversation.accept(stamp("agent", 5, hours=1), BEN)
    assert refused.value.details == {"by": f"agt_{ANNA.hex}", "at": ANNA_SAYS.at}


def test_what_has_ended_cannot_be_accepted() -> None:
    with pytest.raises(ConversationIsEnded):
        ended().accept(ANNA_SAYS, ANNA)


def test_ending_resolves_it_and_keeps_who_had_it() -> None:
    conversation = asked()
    conversation.accept(ANNA_SAYS, ANNA)
    conversation.collect_events()
    conversation.end(ANNA_SAYS, "solved")
    [event] = conversation.collect_events()
    assert isinstance(event, Ended)
    assert (event.reason, event.after) == ("solved", Handling("resolved", "agent", ANNA))


def test_ending_twice_changes_nothing() -> None:
    conversation = ended()
    conversation.end(VISITOR_SAYS)
    assert types(conversation) == []


def test_a_reopened_conversation_can_be_accepted_by_anybody() -> None:
    conversation = asked()
    conversation.accept(ANNA_SAYS, ANNA)
    conversation.end(ANNA_SAYS)
    conversation.post(VISITOR_SAYS, MESSAGE, "Again")
    conversation.accept(BEN_SAYS, BEN)
    assert conversation.handling.assignee_id == BEN


def test_its_events_make_it_again() -> None:
    conversation = Conversation(CHAT)
    conversation.start(VISITOR_SAYS, tenant_id=7, contact_id=CONTACT, assistant_id=ASSISTANT)
    conversation.post(VISITOR_SAYS, MESSAGE, "Hi")
    conversation.hand_over(ASSISTANT_SAYS, "visitor_asked")
    conversation.accept(ANNA_SAYS, ANNA)
    conversation.end(ANNA_SAYS)
    again = refolded(list(conversation.collect_events()))
    assert isinstance(again, Conversation)
    facts = ("id", "version", "handling", "contact_id", "assistant_id", "accepted_at", "ended_at", "modified_at")
    assert [getattr(again, name) for name in facts] == [getattr(conversation, name) for name in facts]


def test_erased_words_fold_like_any_others() -> None:
    started_event = ConversationStarted(
        originator_id=CHAT,
        originator_version=1,
        at=VISITOR_SAYS.at,
        by=VISITOR_SAYS.by,
        cause=VISITOR_SAYS.cause,
        subject_id=CONTACT,
        tenant_id=7,
        contact_id=CONTACT,
        channel="chat",
        handling=Handling("open", "queue"),
        contact_name=ERASED,
    )
    assert refolded([started_event]).version == 1
