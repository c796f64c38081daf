"""Who is on the site: told to the members of every process, once a second at most; an open socket counts too."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from domain.ids import wire
from infrastructure.embedded.nats import NatsServer
from infrastructure.ending import end
from infrastructure.nats.connection import nats_connection
from infrastructure.nats.feed import Feed
from infrastructure.track.ingest import Ingest
from interfaces.ws.attendance import Attendance
from interfaces.ws.limits import SocketLimits
from tests.interfaces.ws.edge import SECRET, Edge, open_edge
from tests.support.beacons import beacon, page, rows


@asynccontextmanager
async def attending(edge: Edge, nats_url: str) -> AsyncIterator[tuple[Ingest, Attendance]]:
    """Another process that takes beacons, and knows the sockets of this one."""
    ingest = Ingest(edge.store.database, SECRET)
    async with nats_connection(nats_url, "attending") as nats:
        feed = Feed(nats, edge.store.reader, edge.store.mapper)
        attendance = Attendance(ingest, edge.store.database, feed, edge.hub.guests)
        ingest.observers.append(attendance.observe)
        telling = asyncio.create_task(attendance.tell())
        yield ingest, attendance
        await end([telling])


async def test_members_hear_who_came_moved_and_left(edge: Edge, nats_server: NatsServer) -> None:
    tenant_id, who = await edge.tenant(), uuid4()
    _, session = await edge.agent(tenant_id)
    async with edge.member(session) as client, attending(edge, nats_server.url) as (ingest, attendance):
        await client.until("resume:complete")
        await ingest.accept(beacon(page("a", title="A"), visitor=who, tenant_id=tenant_id))
        came = await client.receive()
        assert came["type"] == "presence"
        assert came["data"]["more"] is False
        here = came["data"]["visitors"][0]
        assert (here["id"], here["state"], here["url"]) == (wire("contact", who), "online", "https://shop.test/a")
        await ingest.accept(beacon(page("b"), visitor=who, tenant_id=tenant_id))
        assert (await client.receive())["data"]["visitors"][0]["url"] == "https://shop.test/b"
        await attendance.look(seconds=-1)
        left = (await client.receive())["data"]["visitors"][0]
        assert (left["id"], left["state"], left["url"]) == (wire("contact", who), "offline", None)


async def test_many_arrivals_are_few_frames_and_no_other_tenant_hears_of_them(
    database_url: str, nats_server: NatsServer
) -> None:
    limits = SocketLimits(presence_seconds=1.5)
    async with open_edge(database_url, nats_server.url, limits) as edge:
        tenant_id, other = await edge.tenant(), await edge.tenant()
        (_, session), (_, foreign) = await edge.agent(tenant_id), await edge.agent(other)
        guest = await edge.visitor(tenant_id)
        async with (
            edge.member(session) as client,
            edge.member(foreign) as stranger,
            edge.guest(guest) as visiting,
            attending(edge, nats_server.url) as (ingest, _),
        ):
            for one in (client, stranger, visiting):
                await one.until("resume:complete")
            began, frames, visitors = time.monotonic(), 0, {uuid4() for _ in range(40)}
            for one in visitors:
                await ingest.accept(beacon(page("x"), visitor=one, tenant_id=tenant_id))
            waiting = {wire("contact", one) for one in visitors}
            while waiting:
                frame = (await client.until("presence"))[-1]
                frames += 1
                waiting -= {one["id"] for one in frame["data"]["visitors"]}
            assert frames <= (time.monotonic() - began) / limits.presence_seconds + 1
            for one in (stranger, visiting):
                await one.send(type="ping")
                heard = {frame["type"] for frame in await one.until("pong")}
                assert heard <= {"pong", "checkpoint"}


async def test_a_visitor_with_an_open_socket_is_there(edge: Edge, nats_server: NatsServer) -> None:
    guest = await edge.visitor(await edge.tenant())
    async with attending(edge, nats_server.url) as (_, attendance):
        async with edge.guest(guest) as client:
            await client.until("resume:complete")
            await attendance.look()
            await attendance.look()
        assert await online(edge) == [guest.actor.by.id]
        await attendance.look(seconds=-1)
        assert await online(edge) == []


async def online(edge: Edge) -> list[UUID]:
    return [one[0] for one in await rows(edge.store.database, "SELECT visitor_id FROM track.online")]
