"""Who takes part in a conversation, by what fact, and who may leave."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.conversation import Conversation
from domain.mention import Mentions
from domain.participants import MOST_PARTICIPANTS, ParticipantJoined, ParticipantLeft
from domain.refusals import Invalid, OwnerTakesPart
from tests.support.stamps import refolded, stamp, types

CHAT, CONTACT, MESSAGE = UUID(int=1), UUID(int=2), UUID(int=6)
ANNA, BEN, CARLA = UUID(int=4), UUID(int=5), UUID(int=7)
ANNA_SAYS, BEN_SAYS = stamp("agent", 4), stamp("agent", 5)
VISITOR_SAYS = stamp("visitor", 2)


def begun() -> Conversation:
    conversation = Conversation(CHAT)
    conversation.start(VISITOR_SAYS, tenant_id=7, contact_id=CONTACT)
    conversation.collect_events()
    return conversation


def test_who_has_it_writes_or_is_named_takes_part_by_that_very_fact() -> None:
    conversation = begun()
    conversation.accept(ANNA_SAYS, ANNA)
    conversation.add_note(BEN_SAYS, MESSAGE, "Hm", mentions=Mentions((CARLA,), (), (CARLA,)))
    assert conversation.participants == {ANNA, BEN, CARLA}
    assert types(conversation) == ["conversation.accepted.1", "conversation.note_added.1"]


def test_visitors_assistants_and_integrations_are_no_participants() -> None:
    conversation = begun()
    conversation.post(VISITOR_SAYS, MESSAGE, "Hello")
    conversation.add_note(stamp("integration", 9), MESSAGE, "From the shop")
    conversation.add_note(stamp("assistant", 3), MESSAGE, "I am lost")
    assert conversation.participants == frozenset()


def test_joining_by_hand_names_who_brought_whom() -> None:
    conversation = begun()
    conversation.join(ANNA_SAYS, BEN)
    (event,) = conversation.collect_events()
    assert isinstance(event, ParticipantJoined)
    assert (event.agent_id, event.by.id) == (BEN, ANNA)
    conversation.join(ANNA_SAYS, BEN)
    assert types(conversation) == []


def test_a_conversation_can_be_full() -> None:
    conversation = begun()
    for number in range(MOST_PARTICIPANTS):
        conversation.join(ANNA_SAYS, UUID(int=1_000 + number))
    with pytest.raises(Invalid):
        conversation.join(ANNA_SAYS, BEN)


def test_leaving_twice_changes_nothing() -> None:
    conversation = begun()
    conversation.join(BEN_SAYS, BEN)
    conversation.leave(BEN_SAYS, BEN)
    assert types(conversation) == [ParticipantJoined.TYPE, ParticipantLeft.TYPE]
    conversation.leave(BEN_SAYS, BEN)
    assert types(conversation) == []


def test_whoever_has_it_cannot_leave_but_who_had_it_can() -> None:
    conversation = begun()
    conversation.accept(ANNA_SAYS, ANNA)
    with pytest.raises(OwnerTakesPart):
        conversation.leave(ANNA_SAYS, ANNA)
    conversation.transfer(ANNA_SAYS, agent_id=BEN)
    conversation.leave(ANNA_SAYS, ANNA)
    assert conversation.participants == {BEN}


def test_who_left_and_writes_again_is_back() -> None:
    conversation = begun()
    conversation.join(BEN_SAYS, BEN)
    conversation.leave(BEN_SAYS, BEN)
    conversation.add_note(BEN_SAYS, MESSAGE, "One more thing")
    assert conversation.participants == {BEN}


def test_joining_and_leaving_do_not_outdate_an_answer_on_its_way() -> None:
    conversation = Conversation(CHAT)
    conversation.start(VISITOR_SAYS, tenant_id=7, contact_id=CONTACT, assistant_id=UUID(int=3))
    asked = conversation.version
    conversation.join(BEN_SAYS, BEN)
    conversation.leave(BEN_SAYS, BEN)
    assert conversation.moved_since(asked) is None


def test_folding_the_events_again_gives_the_same_participants() -> None:
    conversation = Conversation(CHAT)
    conversation.start(VISITOR_SAYS, tenant_id=7, contact_id=CONTACT)
    conversation.accept(ANNA_SAYS, ANNA)
    conversation.join(ANNA_SAYS, BEN)
    conversation.leave(BEN_SAYS, BEN)
    folded = refolded(list(conversation.collect_events()))
    assert isinstance(folded, Conversation)
    assert folded.participants == conversation.participants == {ANNA}
