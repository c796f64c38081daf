"""Live frames: their shapes, who sees which, and what happens to a socket that does not keep up."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Any

from application.actor import assistant, system
from application.assistant import ConfigureAssistant
from application.conversation import ReplyAsAssistant
from application.handling import AcceptConversation, EndConversation, HandOverConversation
from domain.assistant import Persona
from domain.ids import event_wire, wire
from infrastructure.clock import uuid7
from infrastructure.embedded.nats import NatsServer
from interfaces.ws.limits import SocketLimits
from tests.interfaces.ws.edge import Edge, open_edge, seqs, visible


async def test_a_conversation_is_told_as_the_contract_says(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    agent, session = await edge.agent(tenant_id)
    guest = await edge.visitor(tenant_id)
    async with edge.member(session) as client:
        await client.until("resume:complete")
        chat = await edge.chat(guest.actor, "Hello", name="Zoë", email="zoe@home.test")
        await edge.do(agent, AcceptConversation(conversation_id=chat))
        await edge.do(agent, EndConversation(conversation_id=chat, reason="solved"))
        frames = [frame for frame in await client.up_to(await edge.head(tenant_id)) if "eventId" in frame]
    new, message, accepted, ended = frames
    cnv, agt, vis = wire("conversation", chat), wire("agent", agent.by.id), wire("contact", guest.actor.by.id)
    assert set(new) == {"type", "seq", "eventId", "at", "data"}
    assert [frame["eventId"] for frame in frames] == [event_wire(chat, number) for number in (1, 2, 3, 4)]
    assert new["type"] == "conversation:new"
    assert new["data"] == {
        "id": cnv,
        "channel": "chat",
        "contact_data": {"id": vis, "name": "Zoë", "email": "zoe@home.test"},
        "status": "open",
        "handledBy": "queue",
        "assigneeId": None,
        "widgetId": None,
        "version": 1,
    }
    assert message["type"] == "message:new"
    said = message["data"]
    assert (said["conversationId"], said["role"], said["authorId"]) == (cnv, "visitor", vis)
    assert (said["text"], said["private"], said["version"]) == ("Hello", False, 2)
    assert said["seq"] == message["seq"]
    assert said["createdAt"] == message["at"]
    assert said["createdAt"].endswith("Z")
    changes = {"handledBy": ["queue", "agent"], "assigneeId": [None, agt]}
    assert accepted["type"] == "conversation:updated"
    assert accepted["data"] == {"id": cnv, "changes": changes, "version": 3}
    assert ended["data"] == {
        "id": cnv,
        "changes": {"status": ["open", "resolved"]},
        "reason": "solved",
        "version": 4,
    }


async def test_a_visitor_hears_its_own_conversations_only_and_no_note(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    agent, _ = await edge.agent(tenant_id)
    guest, other = await edge.visitor(tenant_id), await edge.visitor(tenant_id)
    before = await edge.chat(guest.actor, "before the socket")
    async with edge.guest(guest) as client:
        await client.until("resume:complete")
        foreign = await edge.chat(other.actor, "foreign words")
        mine = await edge.chat(guest.actor, "my words")
        for chat in (foreign, mine, before):
            await edge.do(agent, AcceptConversation(conversation_id=chat))
            await edge.say(agent, chat, "a private note", private=True)
            await edge.say(agent, chat, "an answer")
            await edge.do(agent, EndConversation(conversation_id=chat, reason="internal words"))
        last = await edge.say(guest.actor, mine, "thanks")
        frames = await client.up_to(last.seq)
    shown = [frame["data"].get("conversationId") or frame["data"]["id"] for frame in frames if "eventId" in frame]
    assert set(shown) == {wire("conversation", mine), wire("conversation", before)}
    text = repr(frames)
    assert "foreign" not in text
    assert "private note" not in text
    assert "internal words" not in text
    log = [one for one in await edge.log(tenant_id) if one.stream_id in (mine, before)]
    start = next(one.seq for one in log if one.stream_id == mine)
    assert seqs(frames) == [one.seq for one in log if one.seq >= start and "note" not in one.type]


async def test_a_discarded_reply_is_told_to_nobody(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    _, session = await edge.agent(tenant_id)
    guest = await edge.visitor(tenant_id)
    bot = uuid7()
    persona = Persona(name="Ada", fallback="One moment.")
    await edge.do(system(tenant_id), ConfigureAssistant(assistant_id=bot, persona=persona))
    async with edge.member(session, since=0) as member, edge.guest(guest, since=0) as client:
        chat = await edge.chat(guest.actor, "Hello", assistant_id=bot)
        answer = ReplyAsAssistant(conversation_id=chat, text="an answer", asked_version=2)
        late = ReplyAsAssistant(conversation_id=chat, text="late words", asked_version=1)
        await edge.do(assistant(tenant_id, bot), answer)
        await edge.do(assistant(tenant_id, bot), late)
        last = await edge.do(guest.actor, HandOverConversation(conversation_id=chat, reason="a human, please"))
        told, shown = await member.up_to(last.seq), await client.up_to(last.seq)
    assert "late words" not in repr([told, shown])
    assert [frame["data"].get("role") for frame in shown if frame["type"] == "message:new"] == [
        "visitor",
        "assistant",
    ]
    assert seqs(told) == visible(await edge.log(tenant_id))
    assert "reason" not in shown[-1]["data"]


async def test_two_tenants_never_hear_of_each_other(edge: Edge) -> None:
    here, there = await edge.tenant(), await edge.tenant()
    _, session = await edge.agent(here)
    async with edge.member(session, since=0) as client:
        foreign = await edge.visitor(there)
        await edge.chat(foreign.actor, "foreign words")
        own = await edge.visitor(here)
        await edge.chat(own.actor, "our words")
        frames = await client.up_to(await edge.head(here))
    assert "foreign words" not in repr(frames)
    assert seqs(frames) == visible(await edge.log(here))


async def test_sockets_of_two_processes_hear_the_same(database_url: str, nats_server: NatsServer) -> None:
    async with (
        open_edge(database_url, nats_server.url) as one,
        open_edge(database_url, nats_server.url, relays=False) as two,
    ):
        tenant_id = await one.tenant()
        agent, session = await one.agent(tenant_id)
        guest = await one.visitor(tenant_id)
        async with one.member(session, since=0) as near, two.member(session, since=0) as far:
            await near.until("resume:complete")
            await far.until("resume:complete")
            chat = await one.chat(guest.actor)
            await two.do(agent, AcceptConversation(conversation_id=chat))
            for number in range(20):
                await (one, two)[number % 2].say(agent, chat, f"line {number}")
            head = await one.head(tenant_id)
            heard = [_durable(await client.up_to(head)) for client in (near, far)]
        assert heard[0] == heard[1]
        assert len(heard[0]) == 23


async def test_a_slow_reader_is_closed_and_resumes_to_the_whole(
    database_url: str, nats_server: NatsServer
) -> None:
    limits = SocketLimits(queue_frames=50, send_seconds=60, close_seconds=30)
    async with open_edge(database_url, nats_server.url, limits) as edge:
        tenant_id = await edge.tenant()
        agent, session = await edge.agent(tenant_id)
        guest = await edge.visitor(tenant_id)
        chat = await edge.chat(guest.actor)
        async with edge.member(session, since=0) as quick, edge.member(session, since=0) as slow:
            heard = _durable(await slow.until("resume:complete"))
            listening = asyncio.create_task(quick.until("conversation:updated"))
            while edge.closures(4429, "too_slow") == 0:  # the slow one reads nothing meanwhile
                assert await edge.say(guest.actor, chat, "x" * 9_900)
            await edge.do(agent, EndConversation(conversation_id=chat))
            heard += _durable(await slow.rest())
            assert slow.connection.close_code == 4429
            everything = visible(await edge.log(tenant_id))
            assert seqs(await listening) == everything
        assert 0 < len(heard) < len(everything)
        async with edge.member(session, since=heard[-1]["seq"]) as again:
            heard += _durable(await again.until("resume:complete"))
        assert seqs(heard) == everything


async def test_a_stopping_process_closes_its_sockets_with_1012(database_url: str, nats_server: NatsServer) -> None:
    async with open_edge(database_url, nats_server.url) as edge:
        _, session = await edge.agent(await edge.tenant())
        async with edge.member(session) as client, edge.dial() as stranger:
            await client.until("resume:complete")
            await edge.hub.close()
            assert await client.closed() == (1012, "restart")
            await stranger.send(type="auth", token=session.access_token)
            assert (await stranger.closed())[0] == 1012
            async with edge.dial() as late:
                assert (await late.closed())[0] == 1012


async def test_a_server_that_stops_does_not_wait_for_its_sockets(
    database_url: str, nats_server: NatsServer
) -> None:
    async with AsyncExitStack() as sockets:
        async with open_edge(database_url, nats_server.url) as edge:
            _, session = await edge.agent(await edge.tenant())
            client = await sockets.enter_async_context(edge.member(session))
            stranger = await sockets.enter_async_context(edge.dial())
            await client.until("resume:complete")
            began = time.monotonic()
        assert time.monotonic() - began < 4
        assert (await client.closed())[0] == (await stranger.closed())[0] == 1012


def _durable(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [frame for frame in frames if "eventId" in frame]
