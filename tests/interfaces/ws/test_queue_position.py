"""`queue:position` reaches the visitor who waits, and nobody else."""

from __future__ import annotations

import asyncio

from application.handling import AcceptConversation
from domain.ids import wire
from infrastructure.embedded.nats import NatsServer
from infrastructure.ending import end
from infrastructure.nats.connection import nats_connection
from infrastructure.nats.feed import Feed
from infrastructure.projector.runner import Projector
from infrastructure.reactor import Reactor
from interfaces.routing import queue_places
from projections.registry import PROJECTIONS
from tests.interfaces.ws.edge import Edge


async def test_a_visitor_is_told_their_place_and_hears_of_nobody_elses(
    edge: Edge, nats_server: NatsServer
) -> None:
    tenant_id = await edge.tenant()
    anna, session = await edge.agent(tenant_id)
    one, two = await edge.visitor(tenant_id), await edge.visitor(tenant_id)
    store = edge.store
    projector = Projector(store.database, store.reader, PROJECTIONS)
    async with (
        nats_connection(nats_server.url, "reactor") as nats,
        edge.member(session) as member,
        edge.guest(one) as first,
        edge.guest(two) as second,
    ):
        places = queue_places(store, Feed(nats, store.reader, store.mapper))
        reactor = Reactor(store.database, store.reader, [places])
        await reactor.register()
        running = [asyncio.create_task(projector.run()), asyncio.create_task(reactor.run())]
        store.on_commit.append(lambda _: projector.wake())
        store.on_commit.append(lambda _: reactor.wake())
        for client in (member, first, second):
            await client.until("resume:complete")
        ahead, behind = await edge.chat(one.actor), await edge.chat(two.actor)
        mine = {"conversationId": wire("conversation", behind), "position": 2, "estimatedSeconds": None}
        assert (await second.until("queue:position"))[-1]["data"] == mine
        await edge.do(anna, AcceptConversation(conversation_id=ahead))
        moved = (await second.until("queue:position"))[-1]
        assert moved["data"] == mine | {"position": 1, "estimatedSeconds": 900}
        first_place = (await first.until("queue:position"))[-1]["data"]
        assert first_place == {
            "conversationId": wire("conversation", ahead),
            "position": 1,
            "estimatedSeconds": None,
        }
        for client in (member, first):
            await client.send(type="ping")
            assert "queue:position" not in {frame["type"] for frame in await client.until("pong")}
        await end(running)
