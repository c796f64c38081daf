"""Commands about a conversation: each does it, refuses it, stays quiet."""

from __future__ import annotations

from uuid import UUID

import pytest

from application.actor import visitor
from application.conversation import PostMessage, ReplyAsAssistant, StartConversation
from application.handling import AcceptConversation, EndConversation, HandOverConversation
from application.log import EventLog
from domain.conversation import AssistantReplied, ConversationStarted, MessagePosted
from domain.refusals import AlreadyAccepted, Forbidden, Invalid, NoAssistant, NotFound
from tests.support.house import (
    ANNA,
    ANSWERING,
    ASSISTANT,
    BEN,
    STRANGER,
    TENANT,
    VISITING,
    VISITOR,
    WIDGET,
    House,
    agent,
)
from tests.support.memory_log import MemoryLog

ELSEWHERE = UUID(int=0xFFFF)


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
async def house(log: EventLog) -> House:
    opened = House(log)
    await opened.open()
    return opened


def start(**facts: object) -> StartConversation:
    return StartConversation(**({"contact_id": VISITOR, "widget_id": WIDGET} | facts))


async def test_starting_meets_the_contact_and_takes_the_widgets_assistant(house: House, log: MemoryLog) -> None:
    receipt = await house.do(VISITING, start(name="Mia", email="mia@example.org", session_id="s1", text="Hi"))
    assert [event.TYPE for event in receipt.events] == [
        "contact.met.1",
        "contact.introduced.1",
        "conversation.started.1",
        "conversation.message_posted.1",
    ]
    started = receipt.events[2]
    assert isinstance(started, ConversationStarted)
    assert (started.assistant_id, started.handling.handled_by) == (ASSISTANT, "bot")
    assert (started.contact_name, started.contact_email, started.session_id) == ("Mia", "mia@example.org", "s1")
    assert receipt.seq == len(log.recorded)


async def test_an_assistant_that_is_named_overrides_the_widgets(house: House) -> None:
    with pytest.raises(NotFound):
        await house.do(VISITING, start(assistant_id=ELSEWHERE))


async def test_a_widget_or_assistant_that_does_not_exist_starts_nothing(house: House, log: MemoryLog) -> None:
    before = len(log.recorded)
    for wrong in ({"widget_id": ELSEWHERE}, {"assistant_id": WIDGET}, {"widget_id": ASSISTANT}):
        with pytest.raises(NotFound):
            await house.do(VISITING, start(**wrong))
    assert len(log.recorded) == before


async def test_where_nobody_answers_and_somebody_must_it_is_refused(house: House) -> None:
    with pytest.raises(NoAssistant):
        await house.do(VISITING, start(widget_id=None, needs_assistant=True))


async def test_a_visitor_cannot_start_in_anothers_name(house: House) -> None:
    with pytest.raises(NotFound):
        await house.do(visitor(TENANT, STRANGER), start())


async def test_a_bad_first_message_starts_nothing(house: House, log: MemoryLog) -> None:
    before = len(log.recorded)
    with pytest.raises(Invalid):
        await house.do(VISITING, start(text=" "))
    assert len(log.recorded) == before


async def test_starting_twice_with_one_key_starts_once(house: House, log: MemoryLog) -> None:
    first = await house.do(VISITING, start(text="Hi"), key="k")
    second = await house.do(VISITING, start(text="Hi"), key="k")
    assert second.replayed
    assert second.events == first.events
    assert sum(one.type == "conversation.started.1" for one in log.recorded) == 1


async def test_the_name_of_a_known_contact_goes_into_their_next_conversation(house: House) -> None:
    await house.do(VISITING, start(name="Mia"))
    receipt = await house.do(VISITING, start())
    started = receipt.events[-1]
    assert isinstance(started, ConversationStarted)
    assert started.contact_name == "Mia"


async def test_a_visitor_posts_to_their_conversation(house: House) -> None:
    chat = await house.chat()
    receipt = await house.say(chat, "Where is it?")
    posted = receipt.events[0]
    assert isinstance(posted, MessagePosted)
    assert (posted.text, posted.by.id, receipt.version) == ("Where is it?", VISITOR, 3)


@pytest.mark.parametrize("command", [PostMessage, EndConversation, HandOverConversation])
async def test_a_strangers_conversation_does_not_exist(house: House, command: type) -> None:
    chat = await house.chat()
    facts = {PostMessage: {"text": "Hi"}, HandOverConversation: {"reason": "me"}}.get(command, {})
    for actor in (visitor(TENANT, STRANGER), visitor(8, VISITOR), agent(tenant_id=8)):
        with pytest.raises(NotFound):
            await house.do(actor, command(conversation_id=chat, **facts))


async def test_an_agents_note_is_private(house: House, log: MemoryLog) -> None:
    chat = await house.chat()
    await house.do(agent(), PostMessage(conversation_id=chat, text="VIP", private=True))
    assert log.types(chat)[-1] == "conversation.note_added.1"


async def test_a_visitor_cannot_add_a_note(house: House) -> None:
    chat = await house.chat()
    with pytest.raises(NotFound):
        await house.do(VISITING, PostMessage(conversation_id=chat, text="VIP", private=True))


async def test_the_same_message_with_the_same_key_is_posted_once(house: House, log: MemoryLog) -> None:
    chat = await house.chat()
    command = PostMessage(conversation_id=chat, text="Hi")
    first = await house.do(VISITING, command, key="k")
    second = await house.do(VISITING, command, key="k")
    assert (second.replayed, second.events, second.seq) == (True, first.events, first.seq)
    assert log.types(chat).count("conversation.message_posted.1") == 2


async def test_the_assistant_replies_and_hands_over_in_one_append(house: House, log: MemoryLog) -> None:
    chat = await house.chat()
    reply = ReplyAsAssistant(
        conversation_id=chat, text="I do not know.", asked_version=2, hand_over="nothing_found"
    )
    receipt = await house.do(ANSWERING, reply)
    assert [event.TYPE for event in receipt.events] == [
        "conversation.assistant_replied.1",
        "conversation.handed_over.1",
    ]
    assert isinstance(receipt.events[0], AssistantReplied)
    assert len({one.meta.command_id for one in log.recorded[-2:]}) == 1


async def test_a_reply_to_a_conversation_that_is_not_there_is_refused(house: House) -> None:
    with pytest.raises(NotFound):
        await house.do(ANSWERING, ReplyAsAssistant(conversation_id=ELSEWHERE, text="Hi", asked_version=1))


async def test_handing_over_twice_changes_nothing(house: House) -> None:
    chat = await house.chat()
    await house.do(VISITING, HandOverConversation(conversation_id=chat, reason="visitor_asked"))
    again = await house.do(VISITING, HandOverConversation(conversation_id=chat, reason="visitor_asked"))
    assert again.events == ()


async def test_accepting_assigns_the_acting_agent(house: House, log: MemoryLog) -> None:
    chat = await house.chat()
    await house.do(agent(ANNA), AcceptConversation(conversation_id=chat))
    assert log.types(chat)[-1] == "conversation.accepted.1"
    assert (await house.do(agent(ANNA), AcceptConversation(conversation_id=chat))).events == ()


async def test_the_second_to_accept_is_refused(house: House) -> None:
    chat = await house.chat()
    await house.do(agent(ANNA), AcceptConversation(conversation_id=chat))
    with pytest.raises(AlreadyAccepted):
        await house.do(agent(BEN), AcceptConversation(conversation_id=chat))


async def test_either_side_may_end_it_and_once_is_enough(house: House, log: MemoryLog) -> None:
    chat = await house.chat()
    await house.do(VISITING, EndConversation(conversation_id=chat))
    assert (await house.do(agent(), EndConversation(conversation_id=chat, reason="solved"))).events == ()
    assert log.types(chat).count("conversation.ended.1") == 1


async def test_a_message_to_what_ended_long_ago_begins_a_new_conversation(house: House, log: MemoryLog) -> None:
    chat = await house.chat()
    await house.do(VISITING, EndConversation(conversation_id=chat))
    house.later(hours=73)
    receipt = await house.say(chat, "Hello?")
    begun = receipt.events[0]
    assert isinstance(begun, ConversationStarted)
    assert begun.originator_id != chat
    assert (begun.continues, begun.contact_id, begun.assistant_id) == (chat, VISITOR, ASSISTANT)
    assert log.types(chat)[-1] == "conversation.ended.1"


async def test_nobody_but_the_assistant_may_reply_as_it(house: House) -> None:
    chat = await house.chat()
    for actor in (VISITING, agent(), agent(role="owner")):
        with pytest.raises(Forbidden):
            await house.do(actor, ReplyAsAssistant(conversation_id=chat, text="Hi", asked_version=2))
