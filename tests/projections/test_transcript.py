"""The transcript: what was said, by whom, oldest first; notes for agents only; nothing of the erased."""

from __future__ import annotations

from uuid import UUID

import pytest

from application.contact import EraseContact, IntroduceContact
from application.conversation import PostMessage, ReplyAsAssistant
from application.handling import EndConversation
from domain.conversation import Citation
from domain.refusals import Invalid
from projections.transcript import (
    ConversationView,
    MessagePage,
    read_conversation,
    read_messages,
    visitor_conversations,
)
from tests.projections.conftest import ReadModels
from tests.support.house import ANNA, ANSWERING, ASSISTANT, TENANT, VISITING, VISITOR, House, agent


async def read(models: ReadModels, conversation_id: UUID, private: bool = True) -> MessagePage:
    await models.fold()
    async with models.tenant() as connection:
        return await read_messages(connection, TENANT, conversation_id, include_private=private)


async def view(models: ReadModels, conversation_id: UUID) -> ConversationView:
    await models.fold()
    async with models.tenant() as connection:
        found = await read_conversation(connection, TENANT, conversation_id)
    assert found is not None
    return found


async def test_every_speaker_is_told_apart_in_the_order_they_spoke(house: House, models: ReadModels) -> None:
    await house.open()
    chat = await house.chat("Hello")
    sources = (Citation(UUID(int=0xF1), "Opening hours"),)
    answer = ReplyAsAssistant(conversation_id=chat, text="We open at nine", asked_version=2, citations=sources)
    await house.do(ANSWERING, answer)
    await house.say(chat, "I take over", agent())
    said = (await read(models, chat)).messages
    assert [(one.role, one.author_id, one.text) for one in said] == [
        ("visitor", VISITOR, "Hello"),
        ("assistant", ASSISTANT, "We open at nine"),
        ("agent", ANNA, "I take over"),
    ]
    assert [one.citations for one in said] == [(), sources, ()]
    assert [one.version for one in said] == [2, 3, 5]


async def test_a_visitor_never_gets_a_private_note(house: House, models: ReadModels) -> None:
    chat = await house.chat("Hello", with_assistant=False)
    await house.do(agent(), PostMessage(conversation_id=chat, text="angry", private=True))
    assert [one.text for one in (await read(models, chat, private=False)).messages] == ["Hello"]
    assert [one.private for one in (await read(models, chat)).messages] == [False, True]


async def test_pages_hold_every_message_once(house: House, models: ReadModels) -> None:
    chat = await house.chat("0", with_assistant=False)
    for number in range(1, 8):
        await house.say(chat, str(number))
    await models.fold()
    texts: list[str | None] = []
    cursor = None
    while True:
        async with models.tenant() as connection:
            page = await read_messages(connection, TENANT, chat, include_private=False, limit=3, cursor=cursor)
        texts += [one.text for one in page.messages]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert texts == [str(number) for number in range(8)]


async def test_a_cursor_of_another_list_is_refused(house: House, models: ReadModels) -> None:
    async with models.tenant() as connection:
        with pytest.raises(Invalid):
            await read_messages(
                connection, TENANT, VISITOR, include_private=True, cursor="WyJuZXdlc3QiLCIxIiwiIl0"
            )


async def test_a_conversation_tells_where_it_stands(house: House, models: ReadModels) -> None:
    await house.do(VISITING, IntroduceContact(contact_id=VISITOR, name="Vera", email="Vera@Example.test"))
    chat = await house.chat("Hello", with_assistant=False)
    house.later(minutes=1)
    await house.do(VISITING, EndConversation(conversation_id=chat))
    ended = await view(models, chat)
    assert (ended.status, ended.ended_at, ended.version) == ("resolved", house.now, 3)
    assert (ended.contact_name, ended.contact_email) == ("Vera", "vera@example.test")
    await house.say(chat, "Wait")
    again = await view(models, chat)
    assert (again.status, again.handled_by, again.ended_at, again.version) == ("open", "queue", None, 5)
    assert again.seq == await house.log.head(TENANT)


async def test_a_contact_has_their_conversations_newest_first(house: House, models: ReadModels) -> None:
    first = await house.chat("One", with_assistant=False)
    house.later(days=5)
    second = await house.chat("Two", with_assistant=False)
    await models.fold()
    async with models.tenant() as connection:
        found = await visitor_conversations(connection, TENANT, VISITOR)
    assert [one.conversation_id for one in found] == [second, first]


async def test_an_erased_contact_leaves_messages_without_words(house: House, models: ReadModels) -> None:
    await house.do(VISITING, IntroduceContact(contact_id=VISITOR, name="Vera", email="vera@example.test"))
    chat = await house.chat("I live in Elm Street", with_assistant=False)
    await house.say(chat, "Elm Street it is", agent())
    await models.fold()
    await house.say(chat, "Number 5")
    await house.do(agent(role="owner"), EraseContact(contact_id=VISITOR, reason="asked"))
    said = (await read(models, chat)).messages
    assert [one.text for one in said] == [None, None, None]
    erased = await view(models, chat)
    assert (erased.contact_name, erased.contact_email) == (None, None)


async def test_another_tenants_conversation_does_not_exist(house: House, models: ReadModels) -> None:
    chat = await house.chat("Hello", with_assistant=False)
    await models.fold()
    async with models.tenant(TENANT + 1) as connection:
        assert await read_conversation(connection, TENANT, chat) is None
        assert await visitor_conversations(connection, TENANT, VISITOR) == ()
        page = await read_messages(connection, TENANT, chat, include_private=True)
    assert page == MessagePage((), None)
