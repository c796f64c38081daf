"""What is asked of the inbox: every filter finds what fits and nothing else, in every order, page by page."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from application.actor import visitor
from application.contact import IntroduceContact
from application.conversation import StartConversation
from application.handling import AcceptConversation, AwakenConversation, EndConversation, SnoozeConversation
from application.marks import ChangeLabels, SetPriority
from application.receipts import MarkRead
from domain.marks import Priority
from infrastructure.postgres import Database
from projections.inbox import InboxPage, read_inbox
from projections.inbox_filter import InboxFilter, InboxSort
from projections.inbox_fold import Inbox
from tests.projections.conftest import ReadModels
from tests.support.house import ANNA, TENANT, House, agent


async def chat_of(house: House, number: int, name: str | None = None, email: str | None = None) -> UUID:
    """One minute after the one before, each of another visitor."""
    house.later(minutes=1)
    who = visitor(TENANT, UUID(int=0xE000 + number))
    if name or email:
        await house.do(who, IntroduceContact(contact_id=who.by.id, name=name, email=email))
    receipt = await house.do(who, StartConversation(contact_id=who.by.id, text=f"Question {number}"))
    return receipt.events[-1].originator_id


async def page(models: ReadModels, filter: InboxFilter) -> InboxPage:
    await models.fold()
    async with models.tenant() as connection:
        return await read_inbox(connection, TENANT, filter, ANNA)


async def found(models: ReadModels, filter: InboxFilter) -> list[UUID]:
    return [row.conversation_id for row in (await page(models, filter)).rows]


async def paged(models: ReadModels, **wanted: object) -> list[UUID]:
    """All pages of two rows, one after the other."""
    ids: list[UUID] = []
    cursor = None
    while True:
        shown = await page(models, InboxFilter(limit=2, cursor=cursor, **wanted))  # type: ignore[arg-type]
        ids += [row.conversation_id for row in shown.rows]
        cursor = shown.next_cursor
        if cursor is None:
            return ids


async def test_a_snoozed_one_is_not_among_the_open(house: House, models: ReadModels) -> None:
    chat, other = await chat_of(house, 1), await chat_of(house, 2)
    until = house.now + timedelta(hours=1)
    await house.do(agent(), SnoozeConversation(conversation_id=chat, until=until))
    shown = await page(models, InboxFilter(status="snoozed"))
    assert [(row.conversation_id, row.snoozed_until) for row in shown.rows] == [(chat, until)]
    assert (shown.counts.open, shown.counts.snoozed) == (1, 1)
    assert await found(models, InboxFilter(status="open")) == [other]
    await house.do(agent(), AwakenConversation(conversation_id=chat))
    assert (await page(models, InboxFilter())).counts.snoozed == 0
    assert await found(models, InboxFilter(status="open")) == [other, chat]


@pytest.mark.parametrize("sort", ["newest", "oldest", "waiting", "priority"])
async def test_a_label_is_found_in_every_order(house: House, models: ReadModels, sort: InboxSort) -> None:
    chats = [await chat_of(house, number) for number in range(7)]
    for chat in chats[::2]:
        await house.do(agent(), ChangeLabels(conversation_id=chat, add=("vip", "bug")))
    await house.do(agent(), EndConversation(conversation_id=chats[2]))
    await house.do(agent(), ChangeLabels(conversation_id=chats[4], remove=("vip",)))
    ids = await paged(models, label="vip", sort=sort)
    expected = {
        "newest": [chats[6], chats[2], chats[0]],
        "oldest": [chats[0], chats[2], chats[6]],
        "waiting": [chats[0], chats[6], chats[2]],
        "priority": [chats[0], chats[6], chats[2]],
    }
    assert ids == expected[sort]
    assert await found(models, InboxFilter(label="vip", status="resolved")) == [chats[2]]
    assert await found(models, InboxFilter(label="nobody has it")) == []


async def test_the_urgent_come_first_and_among_them_who_waits_longest(house: House, models: ReadModels) -> None:
    chats = [await chat_of(house, number) for number in range(5)]
    given: tuple[Priority | None, ...] = ("low", "urgent", None, "urgent", "high")
    for chat, priority in zip(chats, given, strict=True):
        await house.do(agent(), SetPriority(conversation_id=chat, priority=priority))
    assert await paged(models, sort="priority") == [chats[1], chats[3], chats[4], chats[0], chats[2]]
    assert await found(models, InboxFilter(priority="urgent", sort="newest")) == [chats[3], chats[1]]


async def test_a_contact_is_found_by_how_their_name_or_address_begins(house: House, models: ReadModels) -> None:
    vera = await chat_of(house, 1, name="Véra Miller", email="miller@home.test")
    max_ = await chat_of(house, 2, name="Max_100%", email="max@home.test")
    await chat_of(house, 3)
    for q, ids in (
        ("véRA", [vera]),
        ("mill", [vera]),
        ("m", [max_, vera]),
        ("MAX_1", [max_]),
        ("%", []),
        ("x", []),
    ):
        assert await found(models, InboxFilter(q=q)) == ids, q
    assert await found(models, InboxFilter(q="m", status="resolved")) == []
    assert await paged(models, q="m", sort="oldest") == [vera, max_]


async def test_filters_add_up(house: House, models: ReadModels) -> None:
    chats = [await chat_of(house, number) for number in range(4)]
    for chat in chats[:3]:
        await house.do(agent(), AcceptConversation(conversation_id=chat))
    for chat in chats[1:]:
        await house.do(agent(), ChangeLabels(conversation_id=chat, add=("vip",)))
    await house.do(agent(), SetPriority(conversation_id=chats[2], priority="high"))
    every = InboxFilter(
        status="open", handled_by="agent", assignee=ANNA, label="vip", channel="chat", priority="high", q=None
    )
    assert await found(models, every) == [chats[2]]
    assert await found(models, InboxFilter(team=UUID(int=1))) == []
    assert await found(models, InboxFilter(channel="voice")) == []


async def test_reading_is_not_answering(house: House, models: ReadModels) -> None:
    chat = await chat_of(house, 1)
    await house.do(agent(), MarkRead(conversation_id=chat, up_to=2))
    row = (await page(models, InboxFilter())).rows[0]
    assert (row.unread, row.waiting_since) == (0, house.now)


async def test_what_an_end_has_read_does_not_come_back_unread(house: House, models: ReadModels) -> None:
    chat = await house.chat("One", with_assistant=False)
    await house.say(chat, "Two")
    await house.do(agent(), EndConversation(conversation_id=chat))
    await house.do(agent(), MarkRead(conversation_id=chat, up_to=2))
    assert (await page(models, InboxFilter())).rows[0].unread == 0


async def test_a_conversation_that_is_forgotten_is_no_longer_counted(
    database: Database, house: House, models: ReadModels
) -> None:
    chat, _ = await chat_of(house, 1), await chat_of(house, 2)
    await house.do(agent(), ChangeLabels(conversation_id=chat, add=("vip",)))
    await models.fold()
    async with database.worker() as connection:
        await Inbox().forget(connection, 1, TENANT, chat)
    assert (await page(models, InboxFilter())).counts.open == 1
    assert await found(models, InboxFilter(label="vip")) == []
