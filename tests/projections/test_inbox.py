"""The inbox: who waits, since when, how much is unread, and pages that neither skip nor repeat."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from application.actor import visitor
from application.contact import EraseContact, IntroduceContact
from application.conversation import PostMessage, ReplyAsAssistant, StartConversation
from application.handling import AcceptConversation, EndConversation, HandOverConversation
from domain.refusals import Invalid
from projections.inbox import InboxRow, read_inbox
from projections.inbox_counts import InboxCounts
from projections.inbox_filter import InboxFilter, InboxSort
from tests.projections.conftest import ReadModels
from tests.support.house import ANNA, ANSWERING, BEN, TENANT, VISITING, VISITOR, House, agent


async def only_row(models: ReadModels) -> InboxRow:
    await models.fold()
    async with models.tenant() as connection:
        page = await read_inbox(connection, TENANT, InboxFilter(), ANNA)
    assert len(page.rows) == 1
    return page.rows[0]


async def reply(house: House, conversation_id: UUID, text: str = "Here you go") -> None:
    version = len([one for one in house.log.recorded if one.stream_id == conversation_id])
    command = ReplyAsAssistant(conversation_id=conversation_id, text=text, asked_version=version)
    await house.do(ANSWERING, command)


async def test_a_visitor_in_the_queue_waits_since_their_first_unanswered_message(
    house: House, models: ReadModels
) -> None:
    first = house.now
    chat = await house.chat("Hello", with_assistant=False)
    house.later(minutes=5)
    await house.say(chat, "Anybody?")
    row = await only_row(models)
    assert (row.unread, row.waiting_since, row.last_text, row.last_by) == (2, first, "Anybody?", "visitor")
    assert row.last_at == house.now


async def test_an_agents_answer_ends_the_wait_and_reads_everything(house: House, models: ReadModels) -> None:
    chat = await house.chat("Hello", with_assistant=False)
    await house.say(chat, "Hi!", agent())
    row = await only_row(models)
    assert (row.unread, row.waiting_since, row.last_by, row.assignee_id) == (0, None, "agent", ANNA)
    house.later(minutes=1)
    await house.say(chat, "One more thing")
    row = await only_row(models)
    assert (row.unread, row.waiting_since) == (1, house.now)


async def test_an_assistants_reply_reads_nothing_and_nobody_waits_for_a_human(
    house: House, models: ReadModels
) -> None:
    await house.open()
    chat = await house.chat("Hello")
    await reply(house, chat)
    row = await only_row(models)
    assert (row.handled_by, row.unread, row.waiting_since, row.last_by) == ("bot", 1, None, "assistant")


async def test_the_wait_for_a_human_begins_with_the_hand_over(house: House, models: ReadModels) -> None:
    await house.open()
    chat = await house.chat("A human, please")
    house.later(minutes=2)
    await house.do(ANSWERING, HandOverConversation(conversation_id=chat, reason="asked"))
    handed_over = house.now
    house.later(minutes=3)
    await house.say(chat, "Hello?")
    row = await only_row(models)
    assert (row.handled_by, row.unread, row.waiting_since) == ("queue", 2, handed_over)


async def test_accepting_is_not_answering(house: House, models: ReadModels) -> None:
    began = house.now
    chat = await house.chat("Hello", with_assistant=False)
    house.later(minutes=1)
    await house.do(agent(), AcceptConversation(conversation_id=chat))
    row = await only_row(models)
    assert (row.handled_by, row.unread, row.waiting_since) == ("agent", 1, began)


async def test_an_agent_who_ends_a_conversation_has_read_it(house: House, models: ReadModels) -> None:
    chat = await house.chat("Hello", with_assistant=False)
    await house.do(agent(), EndConversation(conversation_id=chat))
    row = await only_row(models)
    assert (row.status, row.unread, row.waiting_since) == ("resolved", 0, None)


async def test_a_visitor_who_ends_no_longer_waits_but_stays_unread(house: House, models: ReadModels) -> None:
    chat = await house.chat("Hello", with_assistant=False)
    await house.do(VISITING, EndConversation(conversation_id=chat))
    row = await only_row(models)
    assert (row.status, row.unread, row.waiting_since) == ("resolved", 1, None)


async def test_a_private_note_is_neither_last_message_nor_answer(house: House, models: ReadModels) -> None:
    chat = await house.chat("Hello", with_assistant=False)
    await house.do(agent(), PostMessage(conversation_id=chat, text="difficult one", private=True))
    row = await only_row(models)
    assert (row.last_text, row.unread, row.waiting_since) == ("Hello", 1, house.now)


async def test_an_introduction_renames_every_conversation(house: House, models: ReadModels) -> None:
    await house.chat("Hello", with_assistant=False)
    assert (await only_row(models)).contact_name is None
    await house.do(VISITING, IntroduceContact(contact_id=VISITOR, name="Vera"))
    assert (await only_row(models)).contact_name == "Vera"


async def test_an_erased_contact_leaves_neither_name_nor_words(house: House, models: ReadModels) -> None:
    await house.do(VISITING, IntroduceContact(contact_id=VISITOR, name="Vera", email="vera@example.test"))
    await house.chat("I live in Elm Street", with_assistant=False)
    assert (await only_row(models)).last_text is not None
    await house.do(agent(role="owner"), EraseContact(contact_id=VISITOR, reason="asked"))
    row = await only_row(models)
    assert (row.contact_name, row.last_text, row.last_by) == (None, None, "visitor")


async def test_words_and_their_erasure_in_one_page_leave_nothing(house: House, models: ReadModels) -> None:
    await house.do(VISITING, IntroduceContact(contact_id=VISITOR, name="Vera"))
    await house.chat("I live in Elm Street", with_assistant=False)
    await house.do(agent(role="owner"), EraseContact(contact_id=VISITOR, reason="asked"))
    row = await only_row(models)
    assert (row.contact_name, row.last_text) == (None, None)


async def many_chats(house: House, count: int) -> list[UUID]:
    """Each a minute after the one before, every third answered by Anna, all of different visitors."""
    chats: list[UUID] = []
    for number in range(count):
        who = visitor(TENANT, UUID(int=0xE000 + number))
        receipt = await house.do(who, StartConversation(contact_id=who.by.id, text=f"Question {number}"))
        chats.append(receipt.events[-1].originator_id)
        if number % 3 == 0:
            await house.say(chats[-1], "Answer", agent())
        house.later(minutes=1)
    return chats


@pytest.mark.parametrize("sort", ["newest", "oldest", "waiting"])
async def test_pages_hold_every_conversation_once_in_order(
    house: House, models: ReadModels, sort: InboxSort
) -> None:
    chats = await many_chats(house, 10)
    await models.fold()
    seen: list[UUID] = []
    cursor = None
    while True:
        async with models.tenant() as connection:
            page = await read_inbox(connection, TENANT, InboxFilter(sort=sort, limit=3, cursor=cursor), ANNA)
        seen += [row.conversation_id for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break
    waiting = [chat for number, chat in enumerate(chats) if number % 3]
    expected = {"newest": chats[::-1], "oldest": chats, "waiting": waiting + chats[::3]}
    assert seen == expected[sort]


async def test_counts_equal_the_lists_they_name(house: House, models: ReadModels) -> None:
    chats = await many_chats(house, 7)
    await house.do(agent(BEN), EndConversation(conversation_id=chats[1]))
    await models.fold()
    async with models.tenant() as connection:
        page = await read_inbox(connection, TENANT, InboxFilter(limit=1), ANNA)
        mine = await read_inbox(connection, TENANT, InboxFilter(status="open", assignee=ANNA), ANNA)
        nobodys = await read_inbox(connection, TENANT, InboxFilter(status="open", assignee="none"), ANNA)
        queue = await read_inbox(connection, TENANT, InboxFilter(handled_by="queue", channel="chat"), ANNA)
    assert page.counts == InboxCounts(mine=3, unassigned=3, open=6, snoozed=0)
    assert (len(mine.rows), len(nobodys.rows), len(queue.rows)) == (3, 3, 4)


async def test_a_cursor_we_did_not_make_is_refused(house: House, models: ReadModels) -> None:
    await many_chats(house, 2)
    await models.fold()
    async with models.tenant() as connection:
        page = await read_inbox(connection, TENANT, InboxFilter(limit=1), ANNA)
        assert page.next_cursor is not None
        for cursor, sort in (
            (page.next_cursor, "oldest"),
            ("nonsense", "newest"),
            ("é", "newest"),
            ("W10", "newest"),
        ):
            with pytest.raises(Invalid):
                await read_inbox(connection, TENANT, InboxFilter(cursor=cursor, sort=sort), ANNA)


async def test_another_tenant_sees_nothing_whatever_it_asks_for(house: House, models: ReadModels) -> None:
    await house.chat("Hello", with_assistant=False)
    await models.fold()
    async with models.tenant(TENANT + 1) as connection:
        theirs = await read_inbox(connection, TENANT, InboxFilter(), ANNA)
        cursor = await connection.execute("SELECT count(*) FROM read.inbox")
        assert await cursor.fetchone() == (0,)
    assert (theirs.rows, theirs.counts.open) == ((), 0)


async def test_readers_at_once_do_not_meet(house: House, models: ReadModels) -> None:
    await many_chats(house, 3)
    await models.fold()

    async def read(tenant_id: int) -> int:
        async with models.tenant(tenant_id) as connection:
            return len((await read_inbox(connection, tenant_id, InboxFilter(), None)).rows)

    assert await asyncio.gather(*(read(tenant) for tenant in (TENANT, 8, TENANT, 9))) == [3, 0, 3, 0]
