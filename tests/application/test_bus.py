"""The bus: permit, load, decide, append; quiet repeats, honest conflicts."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from application.actor import system
from application.article import WriteArticle
from application.bus import CommandBus, Request
from application.conversation import PostMessage, StartConversation
from application.handlers import HANDLERS
from application.handling import AcceptConversation, EndConversation, ReopenConversation, ReturnConversation
from application.log import Append, Appended, LoadedStream
from application.permissions import PERMISSIONS
from application.tenant import OpenTenant, RenameTenant
from domain.refusals import AlreadyAccepted, Conflict, Forbidden, IdempotencyMismatch, NotFound
from tests.support.house import ADMIN, ANNA, BEN, TENANT, VISITING, House, agent
from tests.support.memory_log import MemoryLog


class CountingLog(MemoryLog):
    """Counts what is asked of it. `rivals`: how often another process posts just before an append."""

    def __init__(self) -> None:
        super().__init__()
        self.loads = 0
        self.appends = 0
        self.rivals = 0
        self.rival: CommandBus | None = None

    async def load(self, tenant_id: int, stream_id: UUID) -> LoadedStream:
        self.loads += 1
        return await super().load(tenant_id, stream_id)

    async def append(self, append: Append) -> Appended:
        self.appends += 1
        left, self.rivals = self.rivals - 1, 0
        if left >= 0 and self.rival is not None:
            message = PostMessage(conversation_id=append.slices[0].stream_id, text="me first")
            await self.rival.execute(agent(BEN), message)
            self.rivals = left
        return await super().append(append)


@pytest.fixture
def log() -> CountingLog:
    return CountingLog()


@pytest.fixture
def house(log: CountingLog) -> House:
    return House(log)


async def test_every_command_has_a_handler_and_a_line_in_the_permission_table() -> None:
    assert set(HANDLERS) == set(PERMISSIONS)


async def test_a_command_of_the_wrong_role_touches_nothing(house: House, log: CountingLog) -> None:
    with pytest.raises(Forbidden):
        await house.do(VISITING, OpenTenant(name="Mine"))
    assert (log.loads, log.appends) == (0, 0)


async def test_a_receipt_says_what_happened_and_where(house: House) -> None:
    chat = await house.chat(with_assistant=False)
    receipt = await house.say(chat, "Hi")
    assert (receipt.seq, receipt.version, receipt.replayed) == (4, 3, False)


async def test_a_command_that_changes_nothing_says_where_the_tenant_stands(house: House) -> None:
    chat = await house.chat(with_assistant=False)
    await house.do(VISITING, EndConversation(conversation_id=chat))
    receipt = await house.do(VISITING, EndConversation(conversation_id=chat))
    assert (receipt.events, receipt.seq, receipt.version) == ((), 4, 0)


async def test_an_aggregate_is_loaded_once_while_it_stays_in_the_cache(house: House, log: CountingLog) -> None:
    chat = await house.chat(with_assistant=False)
    await house.do(system(TENANT), OpenTenant(name="Shop"))  # which says whether texts are masked
    before = log.loads
    for number in range(5):
        await house.say(chat, f"message {number}")
    assert log.loads == before


async def test_a_refused_command_does_not_poison_the_cache(house: House, log: CountingLog) -> None:
    chat = await house.chat(with_assistant=False)
    await house.do(agent(ANNA), AcceptConversation(conversation_id=chat))
    for _ in range(2):
        with pytest.raises(AlreadyAccepted):
            await house.do(agent(BEN), AcceptConversation(conversation_id=chat))
    await house.say(chat, "Hi")
    assert log.types(chat) == [
        "conversation.started.1",
        "conversation.message_posted.1",
        "conversation.accepted.1",
        "conversation.message_posted.1",
    ]


async def test_who_was_overtaken_decides_again_on_what_is_true_now(house: House, log: CountingLog) -> None:
    other = house.new_bus()
    chat = await house.chat(with_assistant=False)
    await other.execute(agent(BEN), AcceptConversation(conversation_id=chat))
    with pytest.raises(AlreadyAccepted):
        await house.do(agent(ANNA), AcceptConversation(conversation_id=chat))
    await house.say(chat, "Still there?")
    assert log.types(chat)[-2:] == ["conversation.accepted.1", "conversation.message_posted.1"]


@pytest.mark.parametrize(("times", "wins"), [(1, True), (2, True), (3, False)])
async def test_three_lost_races_are_a_conflict(house: House, log: CountingLog, times: int, wins: bool) -> None:
    chat = await house.chat(with_assistant=False)
    log.rival, log.rivals = house.new_bus(), times
    posting = house.say(chat, "and me")
    if wins:
        assert (await posting).events
    else:
        with pytest.raises(Conflict):
            await posting
    assert log.types(chat).count("conversation.message_posted.1") == 1 + times + wins


async def test_commands_for_one_stream_do_not_race_within_a_process(house: House, log: CountingLog) -> None:
    chat = await house.chat(with_assistant=False)
    before = log.appends
    await asyncio.gather(*(house.say(chat, f"message {number}") for number in range(50)))
    assert log.appends == before + 50
    assert [one.version for one in log.recorded if one.stream_id == chat] == list(range(1, 53))


async def test_one_key_is_one_command_for_ever(house: House, log: CountingLog) -> None:
    chat = await house.chat(with_assistant=False)
    command = PostMessage(conversation_id=chat, text="Hi")
    first = await house.do(VISITING, command, key="k")
    await house.say(chat, "something else")
    house.later(days=400)
    again = await house.new_bus().execute(VISITING, command, Request("k"))
    assert (again.events, again.seq, again.replayed) == (first.events, first.seq, True)


async def test_a_repeat_is_answered_even_where_the_command_would_be_refused_by_now(house: House) -> None:
    chat = await house.chat(with_assistant=False)
    command = PostMessage(conversation_id=chat, text="Hi")
    first = await house.do(agent(ANNA), command, key="k")
    await house.do(agent(ANNA), EndConversation(conversation_id=chat))
    again = await house.do(agent(ANNA), command, key="k")
    assert (again.events, again.replayed) == (first.events, True)


async def test_a_repeat_is_answered_even_where_there_is_nothing_left_to_do(house: House) -> None:
    chat = await house.chat(with_assistant=False)
    first = await house.do(VISITING, EndConversation(conversation_id=chat), key="k")
    again = await house.do(VISITING, EndConversation(conversation_id=chat), key="k")
    assert (again.events, again.seq, again.replayed) == (first.events, first.seq, True)


@pytest.mark.parametrize("text", ["Other", "Hi "])
async def test_one_key_for_two_contents_is_refused(house: House, log: CountingLog, text: str) -> None:
    chat = await house.chat(with_assistant=False)
    await house.do(VISITING, PostMessage(conversation_id=chat, text="Hi"), key="k")
    before = len(log.recorded)
    with pytest.raises(IdempotencyMismatch):
        await house.do(VISITING, PostMessage(conversation_id=chat, text=text), key="k")
    assert len(log.recorded) == before


async def test_another_tenants_key_is_another_key(house: House) -> None:
    await house.do(VISITING, StartConversation(contact_id=VISITING.by.id), key="k")
    elsewhere = agent(tenant_id=8, role="admin")
    receipt = await house.do(elsewhere, StartConversation(contact_id=BEN), key="k")
    assert not receipt.replayed


async def test_a_refusal_is_not_remembered_under_its_key(house: House) -> None:
    wrong = RenameTenant(name="Shop")
    with pytest.raises(NotFound):
        await house.do(ADMIN, wrong, key="k")
    await house.do(agent(role="system"), OpenTenant(name="Store"))
    assert (await house.do(ADMIN, wrong, key="k")).events


async def test_two_repeats_at_once_store_one_event(house: House, log: CountingLog) -> None:
    chat = await house.chat(with_assistant=False)
    command = PostMessage(conversation_id=chat, text="Hi")
    other = house.new_bus()
    both = await asyncio.gather(house.do(VISITING, command, "k"), other.execute(VISITING, command, Request("k")))
    assert sorted(receipt.replayed for receipt in both) == [False, True]
    assert both[0].events == both[1].events


async def test_every_event_says_which_command_and_request_brought_it(house: House, log: CountingLog) -> None:
    request = Request(id="req-1", policy="some_policy", position=5)
    command = WriteArticle(article_id=UUID(int=1), title="t", body="b")
    await house.bus.execute(ADMIN, command, request)
    stored = log.recorded[-1]
    assert (stored.meta.request_id, stored.event.by) == ("req-1", ADMIN.by)
    cause = stored.event.cause
    assert (cause.command, cause.policy, cause.position) == ("WriteArticle", "some_policy", 5)


async def test_an_id_of_another_kind_names_nothing(house: House) -> None:
    chat = await house.chat(with_assistant=False)
    with pytest.raises(NotFound):
        await house.do(ADMIN, WriteArticle(article_id=chat, title="t", body="b"))


async def test_another_tenants_id_is_neither_read_nor_written(house: House, log: CountingLog) -> None:
    article_id = UUID(int=1)
    await house.do(ADMIN, WriteArticle(article_id=article_id, title="t", body="b"))
    before = len(log.recorded)
    stolen = WriteArticle(article_id=article_id, title="stolen", body="b")
    with pytest.raises(Conflict):
        await house.do(agent(tenant_id=TENANT + 1, role="admin"), stolen)
    assert len(log.recorded) == before


async def test_a_no_is_never_given_on_a_stale_copy(house: House) -> None:
    """Another process returned the conversation; this one still remembers Anna having it."""
    chat, elsewhere = await house.chat(with_assistant=False), house.new_bus()
    await house.do(agent(ANNA), AcceptConversation(conversation_id=chat))
    await elsewhere.execute(agent(ANNA), ReturnConversation(conversation_id=chat))
    receipt = await house.do(agent(BEN), AcceptConversation(conversation_id=chat))
    assert [event.TYPE for event in receipt.events] == ["conversation.accepted.1"]


async def test_nothing_to_do_is_never_said_on_a_stale_copy(house: House) -> None:
    """Another process reopened it; this one still remembers that it has ended."""
    chat, elsewhere = await house.chat(with_assistant=False), house.new_bus()
    await house.do(agent(ANNA), EndConversation(conversation_id=chat))
    await elsewhere.execute(agent(ANNA), ReopenConversation(conversation_id=chat))
    receipt = await house.do(agent(ANNA), EndConversation(conversation_id=chat))
    assert [event.TYPE for event in receipt.events] == ["conversation.ended.1"]
