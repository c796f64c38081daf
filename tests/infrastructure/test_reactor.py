"""The reactor on the real PostgreSQL: at least once, in order per stream, taken over, never stuck."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from psycopg import OperationalError

from application.log import Recorded
from application.policies.answer_with_assistant import AnswerWithAssistant
from application.ports import Answer, Question
from domain.conversation import MessagePosted
from infrastructure.ending import end
from infrastructure.eventstore.store import EventStore, open_event_store
from infrastructure.postgres import connect
from infrastructure.reactor import Reactor
from tests.support.house import TENANT, House

AT_ONCE = (0.0, 0.0)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_event_store(database_url, b"k" * 32) as opened:
        yield opened


@pytest.fixture
def house(store: EventStore) -> House:
    return House(store)


class Notes:
    """A policy that notes the messages it reacts to; `on` says what happens with one text."""

    name = "notes"

    def __init__(self) -> None:
        self.done: list[str] = []
        self.begun: list[str] = []
        self.on: dict[str, Callable[[], Awaitable[object]]] = {}
        self.begins = asyncio.Condition()

    def concerns(self, recorded: Recorded) -> bool:
        return isinstance(recorded.event, MessagePosted)

    async def react(self, recorded: Recorded) -> None:
        text = str(recorded.event.text)
        async with self.begins:
            self.begun.append(text)
            self.begins.notify_all()
        if text in self.on:
            await self.on[text]()
        self.done.append(text)

    async def has_begun(self, text: str, times: int = 1) -> None:
        async with self.begins:
            await self.begins.wait_for(lambda: self.begun.count(text) >= times)


@asynccontextmanager
async def running(reactor: Reactor) -> AsyncIterator[Reactor]:
    task = asyncio.create_task(reactor.run())
    try:
        yield reactor
    finally:
        await end([task])


def reactor_of(store: EventStore, *policies: object) -> Reactor:
    return Reactor(store.database, store.reader, policies, AT_ONCE)  # pyright: ignore[reportArgumentType]


async def settled(store: EventStore, reactor: Reactor) -> None:
    """Done with everything that is in the log now."""
    reactor.wake()
    await reactor.reached(await store.reader.head())


async def parked(store: EventStore) -> list[tuple[int, str, int]]:
    async with store.database.worker() as connection:
        cursor = await connection.execute("SELECT pos, error, tries FROM es.reactor_parked ORDER BY pos")
        return [(pos, error, tries) for pos, error, tries in await cursor.fetchall()]


async def forever() -> None:
    await asyncio.Event().wait()


async def test_every_concerned_event_is_reacted_to(store: EventStore, house: House) -> None:
    notes = Notes()
    async with running(reactor_of(store, notes)) as reactor:
        await reactor.register()
        chat = await house.chat("one", with_assistant=False)
        await house.say(chat, "two")
        await settled(store, reactor)
    assert notes.done == ["one", "two"]


async def test_a_new_policy_begins_at_the_head_of_the_log(store: EventStore, house: House) -> None:
    chat = await house.chat("long ago", with_assistant=False)
    notes = Notes()
    reactor = reactor_of(store, notes)
    await reactor.register()
    await house.say(chat, "now")
    async with running(reactor):
        await settled(store, reactor)
    assert notes.done == ["now"]


async def test_it_goes_on_where_it_stopped(store: EventStore, house: House) -> None:
    first, second = Notes(), Notes()
    async with running(reactor_of(store, first)) as reactor:
        await reactor.register()
        chat = await house.chat("one", with_assistant=False)
        await settled(store, reactor)
    await house.say(chat, "two")
    async with running(reactor_of(store, second)) as reactor:
        await settled(store, reactor)
    assert (first.done, second.done) == (["one"], ["two"])


async def test_what_was_under_way_when_it_was_killed_is_done_again(store: EventStore, house: House) -> None:
    first, second = Notes(), Notes()
    first.on["slow"] = forever
    async with running(reactor_of(store, first)) as reactor:
        await reactor.register()
        await house.chat("slow", with_assistant=False)
        other = await house.chat("quick", with_assistant=False)
        await first.has_begun("quick")
    assert first.done == ["quick"]
    await house.say(other, "later")
    async with running(reactor_of(store, second)) as reactor:
        await settled(store, reactor)
    assert sorted(second.done) == ["later", "quick", "slow"]


async def test_one_slow_stream_holds_up_no_other(store: EventStore, house: House) -> None:
    notes = Notes()
    notes.on["slow"] = forever
    async with running(reactor_of(store, notes)) as reactor:
        await reactor.register()
        slow = await house.chat("slow", with_assistant=False)
        await house.say(slow, "behind it")
        await house.chat("elsewhere", with_assistant=False)
        await notes.has_begun("elsewhere")
    assert notes.begun == ["slow", "elsewhere"]


async def test_a_message_waits_for_the_one_before_it_in_its_stream(store: EventStore, house: House) -> None:
    notes = Notes()
    gate = asyncio.Event()
    notes.on["first"] = gate.wait
    async with running(reactor_of(store, notes)) as reactor:
        await reactor.register()
        chat = await house.chat("first", with_assistant=False)
        await house.say(chat, "second")
        await house.chat("elsewhere", with_assistant=False)
        await notes.has_begun("elsewhere")
        gate.set()
        await settled(store, reactor)
    assert notes.done == ["elsewhere", "first", "second"]


async def test_what_fails_three_times_is_parked_and_the_rest_goes_on(store: EventStore, house: House) -> None:
    notes = Notes()

    async def fail() -> None:
        raise KeyError("a secret")

    notes.on["poison"] = fail
    async with running(reactor_of(store, notes)) as reactor:
        await reactor.register()
        chat = await house.chat("poison", with_assistant=False)
        at = await store.reader.head()
        await house.say(chat, "after")
        await settled(store, reactor)
    assert notes.begun.count("poison") == 3
    assert notes.done == ["after"]
    [(position, error, tries)] = await parked(store)
    assert (position, tries) == (at, 3)
    assert error.startswith("KeyError at test_reactor.py:")


async def test_an_outage_is_waited_out_and_parks_nothing(
    store: EventStore, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infrastructure.reactions.OUTAGE_PAUSE", 0.0)
    notes = Notes()

    async def until_the_fifth_time() -> None:
        if notes.begun.count("storm") < 5:
            raise OperationalError

    notes.on["storm"] = until_the_fifth_time
    async with running(reactor_of(store, notes)) as reactor:
        await reactor.register()
        await house.chat("storm", with_assistant=False)
        await settled(store, reactor)
    assert notes.done == ["storm"]
    assert await parked(store) == []


async def test_the_standby_waits_and_takes_over(store: EventStore, house: House) -> None:
    leading, standing_by = Notes(), Notes()
    second = reactor_of(store, standing_by)
    async with running(reactor_of(store, leading)) as first:
        await first.register()
        chat = await house.chat("one", with_assistant=False)
        await settled(store, first)
        task = asyncio.create_task(second.run())
        await house.say(chat, "two")
        await settled(store, first)
        assert (first.state.is_leading, second.state.is_leading) == (True, False)
    await house.say(chat, "three")
    await settled(store, second)
    assert second.state.is_leading
    assert (leading.done, standing_by.done) == (["one", "two"], ["three"])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_who_loses_its_connection_steps_down_and_comes_back(store: EventStore, house: House) -> None:
    notes = Notes()
    async with running(reactor_of(store, notes)) as reactor:
        await reactor.register()
        chat = await house.chat("one", with_assistant=False)
        await settled(store, reactor)
        async with await connect(store.database.url, None) as owner:
            await owner.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7010"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        await house.say(chat, "two")
        await settled(store, reactor)
    assert notes.done == ["one", "two"]


class Fixed:
    """Answers the same, after `gate` opens."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.gate = asyncio.Event()
        self.asked = asyncio.Event()

    async def answer(self, question: Question) -> Answer:
        self.asked.set()
        await self.gate.wait()
        return Answer(self.text)


async def types(store: EventStore, chat: UUID) -> list[str]:
    return [one.type for one in await store.reader.stream(TENANT, chat)]


async def test_a_visitor_is_answered_once_though_the_reactor_is_killed_and_run_again(
    store: EventStore, house: House
) -> None:
    await house.open()
    killed, again = Fixed("never said"), Fixed("Here you are.")
    again.gate.set()
    async with running(reactor_of(store, AnswerWithAssistant(store, house.bus, killed))) as reactor:
        await reactor.register()
        chat = await house.chat("Where is it?")
        await killed.asked.wait()
    async with running(reactor_of(store, AnswerWithAssistant(store, house.new_bus(), again))) as reactor:
        await settled(store, reactor)
    await rewound(store)
    async with running(reactor_of(store, AnswerWithAssistant(store, house.new_bus(), again))) as reactor:
        await settled(store, reactor)
    assert await types(store, chat) == [
        "conversation.started.1",
        "conversation.message_posted.1",
        "conversation.assistant_replied.1",
    ]


async def test_two_reactors_at_work_at_once_answer_once(store: EventStore, house: House) -> None:
    """What happens when a leader does not notice that it lost the lock."""
    await house.open()
    models = [Fixed("One."), Fixed("Two.")]
    chat = await house.chat("Where is it?")
    [message] = [one for one in await store.reader.page(0) if isinstance(one.event, MessagePosted)]
    policies = [AnswerWithAssistant(store, house.new_bus(), model) for model in models]
    reacting = [asyncio.create_task(policy.react(message)) for policy in policies]
    for model in models:
        await model.asked.wait()
    for model in models:
        model.gate.set()
    await asyncio.gather(*reacting)
    assert (await types(store, chat)).count("conversation.assistant_replied.1") == 1
    assert "conversation.reply_discarded.1" not in await types(store, chat)


async def rewound(store: EventStore) -> None:
    """As after a crash that lost the last note of the position."""
    async with store.database.worker() as connection:
        await connection.execute("UPDATE es.reactor SET pos = 0")
