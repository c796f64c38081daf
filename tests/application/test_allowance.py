"""Allowance: what is charged, when the plan is looked at, and the notice at 80 %."""

from __future__ import annotations

from uuid import UUID

import pytest

from application.actor import system
from application.allowance import Allowance
from application.bus import CommandBus
from application.command import Command
from application.conversation import PostMessage, ReplyAsAssistant, StartConversation
from application.file import UploadFile
from application.handlers import HANDLERS
from application.log import Append, Appended, Charge, LimitReached
from application.plan import ChangePlan
from application.policies.notice_usage import NoticeNearLimits
from application.tenant import OpenTenant
from domain.conversation import MessagePosted
from domain.handling import HandedOver
from domain.metering import Weights
from domain.plan import LimitNeared, Limits, Meter
from domain.refusals import UsageLimitExceeded
from tests.support.house import ADMIN, ANSWERING, ASSISTANT, TENANT, VISITING, VISITOR, House, agent
from tests.support.memory_log import MemoryLog


class Ledger(MemoryLog):
    """A log in memory that keeps what it was asked to charge, and a counter that says what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.charges: list[Charge] = []
        self.counted = 0
        self.true_ups = 0
        self.full: frozenset[Meter] = frozenset()

    async def append(self, append: Append) -> Appended:
        full = self.full & {one.meter for one in append.charges if one.limit is not None}
        if full:
            raise LimitReached(full)
        self.charges += append.charges
        return await super().append(append)

    async def true_up(self, tenant_id: int, meter: Meter, period: int, weights: Weights) -> None:
        self.true_ups += 1

    async def used(self, tenant_id: int, meter: Meter, period: int) -> int:
        return self.counted


class Metered(House):
    """A house whose bus charges; `seconds` is its allowance's clock."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.seconds = 0.0
        self.allowance = Allowance(self.ledger, self.ledger, lambda: self.seconds)
        super().__init__(self.ledger)

    def new_bus(self) -> CommandBus:
        return CommandBus(self.log, HANDLERS, lambda: self.now, self.new_id, allowance=self.allowance)

    async def limit(self, **limits: int) -> None:
        await self.do(ADMIN, ChangePlan(limits=Limits(**limits)))
        self.seconds += 6

    def charged(self) -> list[tuple[str, str, int, int | None]]:
        """(act, meter, amount, limit) of what was charged since the last look."""
        found, self.ledger.charges = self.ledger.charges, []
        return [(one.act, one.meter, one.amount, one.limit) for one in found]


@pytest.fixture
async def metered() -> Metered:
    house = Metered()
    await house.open()
    return house


async def test_without_limits_nothing_is_charged_and_no_counter_is_asked(metered: Metered) -> None:
    await metered.chat()
    assert metered.charged() == []
    assert metered.ledger.true_ups == 0


async def test_only_what_the_plan_limits_is_charged(metered: Metered) -> None:
    await metered.limit(messages=10)
    id = await metered.chat()
    assert metered.charged() == [("used", "messages", 1, 10)]
    await metered.say(id, "Hello", agent())
    await metered.do(agent(), PostMessage(conversation_id=id, text="note", private=True))
    assert metered.charged() == []


async def test_an_answer_settles_what_was_held_for_it(metered: Metered) -> None:
    await metered.limit(tokens=5_000)
    receipt = await metered.do(VISITING, start())
    id = receipt.events[-1].originator_id
    assert metered.charged() == [("held", "tokens", 2_000, 5_000)]
    reply = ReplyAsAssistant(conversation_id=id, text="Hi", asked_version=receipt.version, model="m", tokens=30)
    await metered.do(ANSWERING, reply)
    assert metered.charged() == [("used", "tokens", 30, None), ("let_go", "tokens", 0, None)]


async def test_a_reply_that_came_too_late_is_paid_and_the_next_try_stays_held(metered: Metered) -> None:
    await metered.limit(tokens=5_000)
    id = await metered.chat()
    metered.charged()
    await metered.do(agent(), PostMessage(conversation_id=id, text="note", private=True))
    await metered.do(ANSWERING, ReplyAsAssistant(conversation_id=id, text="Hi", asked_version=2, tokens=30))
    assert metered.charged() == [("used", "tokens", 30, None)]


async def test_a_human_who_takes_it_lets_the_tokens_go(metered: Metered) -> None:
    await metered.limit(tokens=5_000)
    id = await metered.chat()
    metered.charged()
    await metered.say(id, "I am here", agent())
    assert metered.charged() == [("let_go", "tokens", 0, None)]


async def test_a_message_over_a_limit_is_stored_and_handed_over_in_one_append(metered: Metered) -> None:
    await metered.limit(messages=1)
    metered.ledger.full = frozenset(["messages"])
    receipt = await metered.do(VISITING, start())
    posted = next(event for event in receipt.events if isinstance(event, MessagePosted))
    handed = next(event for event in receipt.events if isinstance(event, HandedOver))
    assert (posted.beyond, handed.reason) == ("messages", "messages_limit")
    assert metered.charged() == []


async def test_a_flood_over_a_limit_asks_the_log_once_a_second(metered: Metered) -> None:
    await metered.limit(messages=1)
    metered.ledger.full = frozenset(["messages"])
    await metered.do(VISITING, start())
    metered.ledger.full = frozenset()
    second = await metered.do(VISITING, start())
    metered.seconds += 1.1
    third = await metered.do(VISITING, start())
    assert [_beyond(one.events) for one in (second, third)] == ["messages", None]


async def test_a_human_answers_without_tokens(metered: Metered) -> None:
    await metered.limit(tokens=1)
    id = await metered.chat(with_assistant=False)
    metered.ledger.full = frozenset(["tokens"])
    with_bot = await metered.do(VISITING, start())
    assert _beyond(with_bot.events) == "tokens"
    assert _beyond((await metered.say(id, "still there?")).events) is None


async def test_what_is_not_a_message_is_refused_over_its_limit(metered: Metered) -> None:
    await metered.do(system(TENANT), OpenTenant(name="Shop"))
    await metered.limit(storage_bytes=10)
    metered.ledger.full = frozenset(["storage_bytes"])
    upload = UploadFile(file_id=UUID(int=9), name="a.txt", content_type="text/plain", size=11, sha256="0", key="k")
    with pytest.raises(UsageLimitExceeded) as refused:
        await metered.do(agent(), upload)
    assert refused.value.details == {"meter": "storage_bytes", "limit": 10, "resetAt": None}


async def test_a_counter_is_compared_with_the_log_when_it_is_met_then_when_all_know_the_plan_then_hourly(
    metered: Metered,
) -> None:
    await metered.limit(messages=10)
    counts = []
    for wait in (0, 1, 6, 60, 3600):
        metered.seconds += wait
        await metered.chat()
        counts.append(metered.ledger.true_ups)
    assert counts == [1, 1, 2, 2, 3]


async def test_eighty_percent_are_said_once(metered: Metered) -> None:
    await metered.limit(messages=10)
    policy = NoticeNearLimits(metered.allowance, metered.ledger, metered.bus)
    for counted in (7, 8, 9):
        await metered.chat()
        metered.ledger.counted = counted
        for one in tuple(metered.ledger.recorded):
            if policy.concerns(one):
                await policy.react(one)
    noticed = [one.event for one in metered.ledger.recorded if isinstance(one.event, LimitNeared)]
    assert [(one.meter, one.period, one.used, one.limit) for one in noticed] == [("messages", 203001, 8, 10)]


async def test_nobody_is_told_of_limits_that_there_are_not(metered: Metered) -> None:
    await metered.chat()
    metered.ledger.counted = 10**9
    policy = NoticeNearLimits(metered.allowance, metered.ledger, metered.bus)
    for one in tuple(metered.ledger.recorded):
        if policy.concerns(one):
            await policy.react(one)
    assert not any(isinstance(one.event, LimitNeared) for one in metered.ledger.recorded)


def start() -> Command:
    return StartConversation(contact_id=VISITOR, assistant_id=ASSISTANT, text="Hello")


def _beyond(events: tuple[object, ...]) -> str | None:
    return next(event.beyond for event in events if isinstance(event, MessagePosted))
