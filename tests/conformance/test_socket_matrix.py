"""The tenant matrix of sockets: whatever happens in one tenant, no socket of another one is told a word of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID

import msgspec
import pytest

from application.actor import Actor
from application.contact import IntroduceContact
from application.handling import AcceptConversation, EndConversation
from application.log import Recorded
from application.marks import ChangeLabels
from domain.agent import Role
from domain.ids import wire
from infrastructure.eventstore.reader import EventReader
from infrastructure.eventstore.rows import COLUMNS, stored_rows
from tests.interfaces.ws.conftest import edge
from tests.interfaces.ws.edge import Client, Edge, Visitor

__all__ = ["edge"]

ROLES: tuple[Role, ...] = ("owner", "admin", "supervisor", "agent")
"""Who may open a socket; the others are closed with 4403 (tests/interfaces/ws/test_handshake.py)."""
MARK = "quetzalcoatl"


class Listener(msgspec.Struct, frozen=True):
    """An open socket, and a visitor whose conversations are told on it."""

    who: str
    fence: Actor
    client: Client


class Life(msgspec.Struct, frozen=True):
    """What the victim tenant did, and where."""

    tenant_id: int
    conversation_id: UUID


async def test_no_socket_hears_of_another_tenant_nor_a_visitor_of_its_neighbour(edge: Edge) -> None:
    tenant_id, elsewhere = await edge.tenant(), await edge.tenant()
    guest = await edge.visitor(tenant_id)
    async with listeners(edge, tenant_id, elsewhere) as heard:
        life = await live(edge, tenant_id, guest)
        for role in ("owner", "agent"):
            _, session = await edge.agent(elsewhere, role)
            async with edge.member(session) as stranger:
                await stranger.until("resume:complete")
                await stranger.send(
                    type="typing", data={"conversationId": wire("conversation", life.conversation_id)}
                )
                assert (await stranger.receive())["type"] == "error"
        assert await leaks(edge, heard) == []


async def test_a_replay_from_the_beginning_tells_nothing_either(edge: Edge) -> None:
    tenant_id, elsewhere = await edge.tenant(), await edge.tenant()
    await live(edge, tenant_id, await edge.visitor(tenant_id))
    async with listeners(edge, tenant_id, elsewhere, since=0) as heard:
        assert await leaks(edge, heard) == []


async def test_the_matrix_sees_a_replay_that_forgot_its_tenant(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault is put in on purpose: a page of the log is read without asking whose it is."""

    async def anybodys(self: EventReader, tenant_id: int, after_seq: int, limit: int = 1000) -> list[Recorded]:
        async with edge.store.database.worker() as connection:
            cursor = await connection.execute(
                f"SELECT {COLUMNS} FROM es.event WHERE tpos > %s ORDER BY tpos LIMIT %s".encode(),
                (after_seq, limit),
                binary=True,
            )
            return await self.opened(stored_rows(await cursor.fetchall()))

    tenant_id, elsewhere = await edge.tenant(), await edge.tenant()
    await live(edge, tenant_id, await edge.visitor(tenant_id))
    monkeypatch.setattr(EventReader, "tenant_page", anybodys)
    async with listeners(edge, tenant_id, elsewhere, since=0) as heard:
        assert await leaks(edge, heard)


@asynccontextmanager
async def listeners(
    edge: Edge, tenant_id: int, elsewhere: int, **auth: object
) -> AsyncIterator[Sequence[Listener]]:
    """Every role and a visitor of another tenant, and another visitor of the same one, all of them listening."""
    async with AsyncExitStack() as stack:
        open_ones: list[Listener] = []
        for role in ROLES:
            _, session = await edge.agent(elsewhere, role)
            client = await stack.enter_async_context(edge.member(session, **auth))
            open_ones.append(Listener(role, (await edge.visitor(elsewhere)).actor, client))
        for who, home in (("visitor", elsewhere), ("neighbour", tenant_id)):
            guest = await edge.visitor(home)
            client = await stack.enter_async_context(edge.guest(guest, **auth))
            open_ones.append(Listener(who, guest.actor, client))
        if not auth:
            for one in open_ones:
                await one.client.until("resume:complete")
        yield open_ones


async def live(edge: Edge, tenant_id: int, guest: Visitor) -> Life:
    """Some of everything that a socket tells, all of it marked."""
    agent, session = await edge.agent(tenant_id)
    introduced = IntroduceContact(contact_id=guest.actor.by.id, name=f"{MARK} Name", email=f"{MARK}@home.test")
    await edge.do(guest.actor, introduced)
    chat = await edge.chat(guest.actor, f"{MARK} said")
    async with edge.guest(guest) as client, edge.member(session) as colleague:
        await client.until("resume:complete")
        await colleague.until("resume:complete")
        await client.send(type="typing", data={"conversationId": wire("conversation", chat), "typing": True})
        await colleague.until("typing")
        await edge.do(agent, AcceptConversation(conversation_id=chat))
        await edge.say(agent, chat, f"{MARK} answered")
        await edge.say(agent, chat, f"{MARK} noted", private=True)
        await edge.do(agent, ChangeLabels(conversation_id=chat, add=(MARK,)))
        await edge.do(agent, EndConversation(conversation_id=chat, reason=MARK))
        await colleague.up_to(await edge.head(tenant_id))
    return Life(tenant_id, chat)


async def leaks(edge: Edge, heard: Sequence[Listener]) -> list[str]:
    """What anybody was told that is not theirs, up to something that is."""
    found: list[str] = []
    for one in heard:
        await edge.chat(one.fence, "The fence")
        frames = await one.client.up_to(await edge.head(one.fence.tenant_id))
        found += [f"{one.who}: {frame}" for frame in frames if MARK in json.dumps(frame)]
    return found
