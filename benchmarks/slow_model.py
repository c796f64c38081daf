"""A slow model slows nobody else: p99 of plain sends with 200 replies pending, to p99 with none."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import uuid4

from application.actor import system, visitor
from application.answer_models import AnswerModels
from application.assistant import ConfigureAssistant
from application.bus import CommandBus
from application.cited_answers import CitedAnswers
from application.conversation import PostMessage, StartConversation
from application.handlers import HANDLERS
from application.policies.answer_with_assistant import AnswerWithAssistant
from benchmarks.rounds import Demand, Rates, Suite
from benchmarks.servers import MASTER_KEY, Servers
from benchmarks.tenants import open_tenants
from domain.assistant import Persona
from infrastructure.clock import now, uuid7
from infrastructure.ending import end
from infrastructure.eventstore.store import EventStore, open_event_store
from infrastructure.language_model import LanguageModel
from infrastructure.projector.builds import install_builds
from infrastructure.reactor import Reactor
from interfaces.knowledge import Knowledge
from projections.registry import PROJECTIONS

SLOW = "plain send p99, 200 replies pending / none pending"
LONGER = 4
"""A hundredth of what 200 a second send in 3 s is six: too few to know where the hundredth begins."""
PENDING = 200
TENANT = 7
RATE = 200.0
CONVERSATIONS = 64
DEADLINE = 60.0


class SilentModel:
    """A server that takes every question and answers none; `asked` are those that wait."""

    def __init__(self) -> None:
        self.asked = 0

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.asked += 1
        try:
            await reader.read()  # until the other side gives up
        finally:
            self.asked -= 1
            writer.close()


async def _measure(servers: Servers, seconds: float) -> Rates:
    silent = SilentModel()
    server = await asyncio.start_server(silent.take, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    async with server, _reacting(servers, url) as store:
        bus = await open_tenants(store, TENANT)
        await _p99(bus, 1.0)  # warm
        alone = await _p99(bus, LONGER * seconds)
        asking = await _ask(bus, silent)
        beside = await _p99(bus, LONGER * seconds)
        if silent.asked < asking:
            raise RuntimeError(f"only {silent.asked} of {asking} replies were still pending at the end")
        return {SLOW: beside / alone}


@asynccontextmanager
async def _reacting(servers: Servers, url: str) -> AsyncGenerator[EventStore]:
    """The reactor beside the senders, in their very process: the worst place for it."""
    database_url = servers.migrated_database()
    async with open_event_store(database_url, MASTER_KEY) as store:
        async with store.database.worker() as connection:
            await install_builds(connection, PROJECTIONS)
        knowledge = Knowledge(store.database)
        # Nobody gives up while it is measured; the first byte alone may take 0.4 of this.
        model = LanguageModel(knowledge, url=url, model="slow", deadline=10 * DEADLINE)
        models = AnswerModels(CitedAnswers(knowledge), model, 10 * DEADLINE)
        bus = CommandBus(store, HANDLERS, now, uuid7)
        reactor = Reactor(store.database, store.reader, [AnswerWithAssistant(store, bus, models)])
        await reactor.register()
        store.on_commit.append(lambda _: reactor.wake())
        running = asyncio.create_task(reactor.run())
        try:
            yield store
        finally:
            await end([running])
            await model.close()


async def _ask(bus: CommandBus, silent: SilentModel) -> int:
    """How many questions wait once they all do."""
    assistant_id = uuid4()
    persona = Persona(name="Slow", model="slow")
    await bus.execute(system(TENANT), ConfigureAssistant(assistant_id=assistant_id, persona=persona))
    for _ in range(PENDING):
        actor = visitor(TENANT, uuid4())
        start = StartConversation(contact_id=actor.by.id, assistant_id=assistant_id, text="Are you there?")
        await bus.execute(actor, start)
    async with asyncio.timeout(DEADLINE):
        while silent.asked < PENDING:
            await asyncio.sleep(0.05)
    return silent.asked


async def _p99(bus: CommandBus, seconds: float) -> float:
    """Open loop, 200 a second, to conversations that have no assistant."""
    actor = visitor(TENANT, uuid4())
    start = StartConversation(contact_id=actor.by.id)
    talks = [(await bus.execute(actor, start)).events[-1].originator_id for _ in range(CONVERSATIONS)]
    took: list[float] = []

    async def post(number: int, due: float) -> None:
        await bus.execute(actor, PostMessage(conversation_id=talks[number % CONVERSATIONS], text="x" * 420))
        took.append(time.perf_counter() - due)

    due, chance = time.perf_counter(), random.Random(1)
    until, tasks = due + seconds, list[asyncio.Task[None]]()
    while due < until:
        due += chance.expovariate(RATE)
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(post(len(tasks), due)))
    await asyncio.gather(*tasks)
    return statistics.quantiles(took, n=100)[98]


SUITE = Suite((Demand(SLOW, 1.1, at_least=False),), _measure)
