"""The list of mentions, its counter, and the inbox of those who take part."""

from __future__ import annotations

from uuid import UUID

import pytest

from application.actor import system
from application.agent import InviteAgent
from application.contact import EraseContact
from application.conversation import PostMessage
from application.handling import EndConversation
from application.marks import ChangeLabels
from application.mention import Named, ReadMentions, ReadUpTo
from application.participant import AddParticipant, RemoveParticipant
from domain.refusals import Invalid
from infrastructure.postgres import Connection, Database
from projections.inbox import read_inbox
from projections.inbox_filter import InboxFilter
from projections.mentions import MentionPage, read_mentions
from projections.mentions_fold import MENTIONS, UNREAD
from projections.transcript_fold import Transcript
from tests.projections.conftest import ReadModels
from tests.support.house import ADMIN, ANNA, BEN, TENANT, VISITOR, House, agent


@pytest.fixture
async def team(house: House) -> House:
    await house.open()
    for agent_id in (ANNA, BEN):
        await house.do(system(TENANT), InviteAgent(agent_id=agent_id, name="A", email=f"{agent_id}@shop.test"))
    return house


async def mention(house: House, chat: UUID, text: str = "@Ben look", who: UUID = BEN) -> int:
    """The note's version."""
    named = Named((who,))
    command = PostMessage(conversation_id=chat, text=text, private=True, mentions=named)
    author = agent(ANNA if who == BEN else BEN)  # nobody is told of their own note
    return (await house.do(author, command)).version


async def shown(
    models: ReadModels, *, unread: bool = False, limit: int = 50, cursor: str | None = None
) -> MentionPage:
    await models.fold()
    async with models.tenant() as connection:
        return await read_mentions(connection, TENANT, BEN, unread=unread, limit=limit, cursor=cursor)


async def test_the_newest_is_first_page_by_page(team: House, models: ReadModels) -> None:
    chats = [await team.chat() for _ in range(2)]
    for number in range(5):
        await mention(team, chats[number % 2], f"@Ben {number}")
    texts, cursor = list[str | None](), None
    while True:
        page = await shown(models, limit=2, cursor=cursor)
        texts += [row.text for row in page.rows]
        assert page.unread == 5
        cursor = page.next_cursor
        if cursor is None:
            break
    assert texts == [f"@Ben {number}" for number in (4, 3, 2, 1, 0)]
    with pytest.raises(Invalid):
        await shown(models, cursor="nonsense")


async def test_what_is_read_is_listed_but_not_among_the_unread(team: House, models: ReadModels) -> None:
    chat = await team.chat()
    first = await mention(team, chat)
    await mention(team, chat, "@Ben again")
    await team.do(agent(BEN), ReadMentions(places=(ReadUpTo(chat, first),)))
    everything, unread = await shown(models), await shown(models, unread=True)
    assert [row.is_read for row in everything.rows] == [False, True]
    assert [row.text for row in unread.rows] == ["@Ben again"]
    assert everything.unread == unread.unread == 1


async def test_reading_again_counts_only_what_came_since(team: House, models: ReadModels) -> None:
    chat = await team.chat()
    for _ in range(3):
        await mention(team, chat)
        assert (await shown(models)).unread == 1
        await team.do(agent(BEN), ReadMentions(places=(ReadUpTo(chat),)))
        assert (await shown(models)).unread == 0


async def test_nobody_sees_what_mentions_others_or_another_tenants(team: House, models: ReadModels) -> None:
    await mention(team, await team.chat(), who=ANNA)
    await mention(team, await team.chat())
    await models.fold()
    async with models.tenant(TENANT + 1) as connection:
        assert (await read_mentions(connection, TENANT + 1, BEN)).rows == ()
        assert (await read_mentions(connection, TENANT, BEN)).rows == ()  # row-level security
    assert len((await shown(models)).rows) == 1


async def test_an_erased_contact_takes_the_words_along_but_not_the_count(team: House, models: ReadModels) -> None:
    await mention(team, await team.chat(), "@Ben she said so")
    await models.fold()
    await team.do(ADMIN, EraseContact(contact_id=VISITOR, reason="asked"))
    page = await shown(models)
    assert [row.text for row in page.rows] == [None]
    assert page.unread == 1


async def test_a_stream_that_is_forgotten_takes_its_mentions_out_of_the_counter(
    team: House, models: ReadModels, database: Database
) -> None:
    kept, parked = await team.chat(), await team.chat()
    for chat in (kept, parked, parked):
        await mention(team, chat)
    await team.do(agent(BEN), ReadMentions(places=(ReadUpTo(parked, 3),)))
    await models.fold()
    async with database.worker() as connection:
        await Transcript().forget(connection, 1, TENANT, parked)
        assert await rows(connection, MENTIONS.name) == 1
        assert await rows(connection, UNREAD.name) == 1
    assert (await shown(models)).unread == 1


async def rows(connection: Connection, table: str) -> int:
    found = await (await connection.execute(f"SELECT count(*) FROM read.{table}_1".encode())).fetchone()
    assert found is not None
    return found[0]


async def listed(models: ReadModels, **wanted: object) -> list[UUID]:
    await models.fold()
    async with models.tenant() as connection:
        page = await read_inbox(connection, TENANT, InboxFilter(**wanted), None)  # type: ignore[arg-type]
    return [row.conversation_id for row in page.rows]


async def test_the_inbox_finds_those_in_which_somebody_takes_part(team: House, models: ReadModels) -> None:
    joined, named, other = [await team.chat() for _ in range(3)]
    await team.do(agent(BEN), AddParticipant(conversation_id=joined, agent_id=BEN))
    await mention(team, named)
    assert {*await listed(models, participant=BEN)} == {joined, named}
    assert await listed(models, participant=ANNA) == [named]
    assert other not in await listed(models, participant=BEN, sort="waiting")
    await team.do(agent(BEN), RemoveParticipant(conversation_id=joined, agent_id=BEN))
    assert await listed(models, participant=BEN) == [named]


async def test_the_filter_goes_with_the_others(team: House, models: ReadModels) -> None:
    labelled, ended = await team.chat(), await team.chat()
    for chat in (labelled, ended):
        await mention(team, chat)
    await team.do(agent(), ChangeLabels(conversation_id=labelled, add=("vip",)))
    await team.do(agent(), EndConversation(conversation_id=ended))
    assert await listed(models, participant=BEN, label="vip") == [labelled]
    assert await listed(models, participant=BEN, status="resolved") == [ended]
    assert await listed(models, participant=UUID(int=1), label="vip") == []
    assert {*await listed(models, participant=BEN, channel="chat", assignee="none")} == {labelled, ended}
