"""Row 3: a whole command (permission, aggregate, decision, sealing, hash, append) to the stock library's."""

from __future__ import annotations

import asyncio
import time
from uuid import UUID, uuid4

from application.actor import Actor, visitor
from application.bus import CommandBus
from application.conversation import PostMessage, StartConversation
from benchmarks.rounds import Demand, Rates, Suite
from benchmarks.servers import MASTER_KEY, Servers
from benchmarks.stock import stock_rate
from benchmarks.tenants import open_tenants
from infrastructure.eventstore.store import open_event_store

TEXT = "x" * 420
MESSAGES = 30
TENANTS = 50
FEW, SOME = "full command, 16 in flight / stock, 16 threads", "full command, 64 / stock, 64 threads"


async def command_rate(url: str, in_flight: int, seconds: float) -> float:
    """Commands per second of a closed loop: a conversation is started, then gets 30 messages."""
    async with open_event_store(url, MASTER_KEY) as store:
        bus = await open_tenants(store, TENANTS)
        stop, done = time.perf_counter() + seconds, 0

        async def client(number: int) -> None:
            nonlocal done
            actor = visitor(number % TENANTS + 1, uuid4())
            conversation_id, posted = await _start(bus, actor), 0
            while time.perf_counter() < stop:
                if posted == MESSAGES:
                    conversation_id, posted = await _start(bus, actor), 0
                else:
                    await bus.execute(actor, PostMessage(conversation_id=conversation_id, text=TEXT))
                    posted += 1
                done += 1

        begin = time.perf_counter()
        await asyncio.gather(*[client(number) for number in range(in_flight)])
        return done / (time.perf_counter() - begin)


async def _start(bus: CommandBus, actor: Actor) -> UUID:
    receipt = await bus.execute(actor, StartConversation(contact_id=actor.by.id))
    return receipt.events[-1].originator_id


async def _measure(servers: Servers, seconds: float) -> Rates:
    few, some = [await command_rate(servers.migrated_database(), count, seconds) for count in (16, 64)]
    stock_few, stock_some = [
        await asyncio.to_thread(stock_rate, servers.empty_database(), count, seconds) for count in (16, 64)
    ]
    return {FEW: few / stock_few, SOME: some / stock_some}


SUITE = Suite((Demand(FEW, 18.0), Demand(SOME, 28.0)), _measure)
