"""The inbox and the transcript say of every conversation what its aggregate says, whatever was done to it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from application.actor import Actor, system
from application.agent import InviteAgent
from application.command import Command
from application.conversation import PostMessage, ReplyAsAssistant
from application.handling import (
    AcceptConversation,
    AwakenConversation,
    EndConversation,
    HandOverConversation,
    ReopenConversation,
    ReturnConversation,
    SnoozeConversation,
    TransferConversation,
)
from application.marks import ChangeLabels, SetAttributes, SetPriority
from application.mention import Named, ReadMentions, ReadUpTo
from application.participant import AddParticipant, RemoveParticipant
from application.receipts import MarkDelivered, MarkRead, RateConversation
from domain.conversation import Conversation
from domain.handling import Ended
from domain.kernel import NOWHERE, Aggregate
from domain.refusals import Refusal
from infrastructure.postgres import Connection, Database
from projections.inbox_counts import COUNTS
from projections.inbox_entry import NEVER, URGENCIES
from projections.inbox_fold import ENTRIES, LABELS, Inbox
from projections.inbox_participants import PARTICIPANTS
from projections.mentions_fold import MENTIONS, UNREAD
from projections.thread import stored_attributes
from projections.transcript_fold import THREADS, Transcript
from tests.projections.conftest import fold_page
from tests.support.house import ANNA, ANSWERING, BEN, TENANT, VISITING, House, agent
from tests.support.memory_log import MemoryLog

BUILDS = count(100)
LABELLED = ("vip", "billing", "bug")

Step = Callable[[random.Random, UUID, House], tuple[Actor, Command]]


def _version(chance: random.Random, chat: UUID, house: House) -> int:
    assert isinstance(house.log, MemoryLog)
    return chance.randint(1, len(house.log.types(chat)))


STEPS: tuple[Step, ...] = (
    lambda _r, c, _h: (VISITING, PostMessage(conversation_id=c, text="Hello?")),
    lambda _r, c, _h: (VISITING, PostMessage(conversation_id=c, text="Still there?")),
    lambda r, c, _h: (agent(r.choice((ANNA, BEN))), PostMessage(conversation_id=c, text="Yes")),
    lambda _r, c, _h: (agent(), PostMessage(conversation_id=c, text="note", private=True)),
    lambda r, c, h: (ANSWERING, ReplyAsAssistant(conversation_id=c, text="Hi", asked_version=_version(r, c, h))),
    lambda _r, c, _h: (ANSWERING, HandOverConversation(conversation_id=c, reason="asked")),
    lambda r, c, _h: (agent(r.choice((ANNA, BEN))), AcceptConversation(conversation_id=c)),
    lambda _r, c, _h: (agent(), TransferConversation(conversation_id=c, agent_id=BEN, force=True)),
    lambda _r, c, _h: (agent(), ReturnConversation(conversation_id=c)),
    lambda r, c, h: (
        agent(),
        SnoozeConversation(conversation_id=c, until=r.choice((None, h.now + timedelta(hours=1)))),
    ),
    lambda r, c, _h: (agent(), AwakenConversation(conversation_id=c, reason=r.choice(("agent", "time")))),
    lambda r, c, _h: (r.choice((VISITING, agent())), EndConversation(conversation_id=c)),
    lambda _r, c, _h: (agent(), ReopenConversation(conversation_id=c)),
    lambda r, c, _h: (
        agent(),
        ChangeLabels(conversation_id=c, add=(r.choice(LABELLED),), remove=(r.choice(LABELLED),)),
    ),
    lambda r, c, _h: (agent(), SetPriority(conversation_id=c, priority=r.choice(URGENCIES))),
    lambda r, c, _h: (
        agent(),
        SetAttributes(conversation_id=c, values=r.choice(('{"a":1}', '{"a":null,"b":"x"}'))),
    ),
    lambda r, c, h: (VISITING, MarkDelivered(conversation_id=c, up_to=_version(r, c, h))),
    lambda r, c, h: (r.choice((VISITING, agent())), MarkRead(conversation_id=c, up_to=_version(r, c, h))),
    lambda r, c, h: (agent(), MarkRead(conversation_id=c, up_to=_version(r, c, h))),
    lambda r, c, _h: (
        agent(r.choice((ANNA, BEN))),
        PostMessage(conversation_id=c, text="@you", private=True, mentions=Named((r.choice((ANNA, BEN)),))),
    ),
    lambda r, c, _h: (agent(), AddParticipant(conversation_id=c, agent_id=r.choice((ANNA, BEN)))),
    lambda r, c, _h: (agent(), RemoveParticipant(conversation_id=c, agent_id=r.choice((ANNA, BEN)))),
    lambda r, c, h: (
        agent(r.choice((ANNA, BEN))),
        ReadMentions(places=(ReadUpTo(c, r.choice((None, _version(r, c, h)))),)),
    ),
    lambda r, c, _h: (VISITING, RateConversation(conversation_id=c, score=r.randint(1, 5), comment="ok")),
)


async def lived(chance: random.Random, steps: int) -> tuple[House, list[UUID]]:
    """A house in which this much was tried; refusals are part of it."""
    house = House()
    await house.open()
    for agent_id in (ANNA, BEN):
        await house.do(system(TENANT), InviteAgent(agent_id=agent_id, name="A", email=f"{agent_id}@shop.test"))
    chats = [await house.chat("Hello"), await house.chat("Hello", with_assistant=False), await house.chat(None)]
    for _ in range(steps):
        house.later(minutes=chance.choice((0, 1, 90)))
        actor, command = chance.choice(STEPS)(chance, chance.choice(chats), house)
        try:
            await house.do(actor, command)
        except Refusal:
            continue
    return house, chats


def aggregate_of(house: House, chat: UUID) -> tuple[Conversation, int]:
    """The conversation, and how many of its visitor's messages no agent has read."""
    assert isinstance(house.log, MemoryLog)
    aggregate: Aggregate | None = None
    ended = 0
    for one in house.log.recorded:
        if one.stream_id == chat:
            aggregate = one.event.mutate(aggregate)
            if isinstance(one.event, Ended) and one.event.by.kind == "agent":
                ended = one.version
    assert isinstance(aggregate, Conversation)
    return aggregate, sum(1 for version in aggregate.unread["agent"] if version > ended)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), steps=st.integers(0, 60))
async def test_what_is_folded_is_what_the_aggregates_say(database: Database, seed: int, steps: int) -> None:
    chance = random.Random(seed)
    house, chats = await lived(chance, steps)
    build = next(BUILDS)
    async with database.worker() as connection:
        await fold(connection, build, house, chance)
        for chat in chats:
            await assert_true(connection, build, house, chat)
        await assert_counted(connection, build)
        await assert_mentioned(connection, build, house, chats)


async def fold(connection: Connection, build: int, house: House, chance: random.Random) -> None:
    """In pages of any length."""
    assert isinstance(house.log, MemoryLog)
    for projection in (Inbox(), Transcript()):
        await connection.execute(projection.ddl(build).encode(), prepare=False)
        start = 0
        while start < len(house.log.recorded):
            end = start + chance.randint(1, 12)
            await fold_page(connection, projection, build, house.log.recorded[start:end])
            start = end


async def assert_true(connection: Connection, build: int, house: House, chat: UUID) -> None:
    truth, unread = aggregate_of(house, chat)
    key = (TENANT, chat)
    entry = (await ENTRIES.load(connection, build, [key]))[key]
    thread = (await THREADS.load(connection, build, [key]))[key]
    handling = truth.handling
    assert (entry.status, entry.handled_by, entry.team_id) == (
        handling.status,
        handling.handled_by,
        handling.team_id,
    )
    assert entry.assignee_id == (handling.assignee_id or NOWHERE)
    assert {*entry.labels} == truth.labels
    assert URGENCIES[entry.urgency] == truth.priority
    assert (entry.unread, entry.version, entry.snoozed_until) == (unread, truth.version, truth.snoozed_until)
    assert entry.rating == (truth.rating and truth.rating[0])
    if entry.status == "resolved" or entry.handled_by == "bot":
        assert entry.waiting_since == NEVER
    assert (thread.status, thread.assignee_id) == (handling.status, handling.assignee_id)
    assert (thread.accept_until, thread.snoozed_until) == (truth.accept_until, truth.snoozed_until)
    assert (thread.visitor_unread, thread.agent_unread) == (len(truth.unread["visitor"]), unread)
    assert (thread.visitor_read_to, thread.agent_read_to) == tuple(
        truth.read_to.get(side, 0) for side in ("visitor", "agent")
    )
    assert thread.delivered_to == truth.delivered_to
    assert {*entry.participants} == {one.agent_id for one in thread.participants} == truth.participants
    assert stored_attributes(thread.attributes) == dict(truth.attributes)
    assert (thread.priority, {*thread.labels}, thread.rated_at) == (truth.priority, truth.labels, truth.rated_at)


async def assert_counted(connection: Connection, build: int) -> None:
    """The counters and the labels' own table say what the rows say."""
    rows = await (
        await connection.execute(
            "SELECT tenant_id, status, assignee_id, labels, conversation_id, last_at, participants "
            f"FROM read.inbox_{build}".encode()
        )
    ).fetchall()
    counted = await (await connection.execute(f"SELECT * FROM read.{COUNTS.name}_{build}".encode())).fetchall()
    assert {row[:3]: row[3] for row in counted} == Counter(row[:3] for row in rows)
    labelled = await (await connection.execute(f"SELECT * FROM read.{LABELS.name}_{build}".encode())).fetchall()
    assert {(row[1], row[2], row[3], row[4]) for row in labelled} == {
        (chat, label, status, at) for _, status, _, labels, chat, at, _ in rows for label in labels
    }
    listed = await (
        await connection.execute(f"SELECT * FROM read.{PARTICIPANTS.name}_{build}".encode())
    ).fetchall()
    assert {(row[1], row[2], row[3], row[4]) for row in listed} == {
        (chat, UUID(agent_id), status, at) for _, status, _, _, chat, at, agents in rows for agent_id in agents
    }


async def assert_mentioned(connection: Connection, build: int, house: House, chats: list[UUID]) -> None:
    """What is unread, and the counter of it, say what the aggregates say."""
    unread = {
        (chat, version, agent_id)
        for chat in chats
        for agent_id, versions in aggregate_of(house, chat)[0].mentioned.items()
        for version in versions
    }
    columns = "conversation_id, version, agent_id"
    sql = f"SELECT {columns} FROM read.{MENTIONS.name}_{build} WHERE NOT is_read"
    assert {*await (await connection.execute(sql.encode())).fetchall()} == unread
    sql = f"SELECT agent_id, mentions FROM read.{UNREAD.name}_{build}"
    counted = await (await connection.execute(sql.encode())).fetchall()
    assert dict(counted) == Counter(agent_id for _, _, agent_id in unread)
