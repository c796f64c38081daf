"""What is never stored: typing, presence, ping, and frames that are refused."""

from __future__ import annotations

from uuid import uuid4

from domain.ids import wire
from infrastructure.embedded.nats import NatsServer
from tests.interfaces.ws.edge import Edge, open_edge
from tests.support.cases import cases


async def test_an_agents_typing_reaches_colleagues_and_the_visitor_and_is_not_stored(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    anna, session = await edge.agent(tenant_id)
    _, colleague = await edge.agent(tenant_id)
    guest, other = await edge.visitor(tenant_id), await edge.visitor(tenant_id)
    chat = await edge.chat(guest.actor)
    head = await edge.head(tenant_id)
    async with (
        edge.member(session) as writer,
        edge.member(colleague) as reader,
        edge.guest(guest) as visitor,
        edge.guest(other) as stranger,
    ):
        for client in (writer, reader, visitor, stranger):
            await client.until("resume:complete")
        await writer.send(type="typing", data={"conversationId": wire("conversation", chat), "typing": True})
        by = {"kind": "agent", "id": wire("agent", anna.by.id)}
        expected = {"conversationId": wire("conversation", chat), "typing": True, "by": by}
        for client in (reader, visitor):
            assert await client.receive() == {"type": "typing", "data": expected}
        for client in (writer, stranger):
            await client.send(type="ping")
            assert (await client.receive())["type"] == "pong"
    assert await edge.head(tenant_id) == head


async def test_a_visitors_typing_reaches_the_members(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    _, session = await edge.agent(tenant_id)
    guest = await edge.visitor(tenant_id)
    chat = await edge.chat(guest.actor)
    async with edge.member(session) as member, edge.guest(guest) as client:
        await member.until("resume:complete")
        await client.until("resume:complete")
        await client.send(type="typing", data={"conversationId": wire("conversation", chat), "typing": False})
        frame = await member.receive()
    assert frame["data"]["typing"] is False
    assert frame["data"]["by"] == {"kind": "visitor", "id": wire("contact", guest.actor.by.id)}


async def test_typing_reaches_the_sockets_of_other_processes(database_url: str, nats_server: NatsServer) -> None:
    async with (
        open_edge(database_url, nats_server.url) as one,
        open_edge(database_url, nats_server.url, relays=False) as two,
    ):
        tenant_id = await one.tenant()
        _, session = await one.agent(tenant_id)
        guest = await one.visitor(tenant_id)
        chat = await one.chat(guest.actor)
        async with two.member(session) as member, one.guest(guest) as client:
            await member.until("resume:complete")
            await client.until("resume:complete")
            await client.send(type="typing", data={"conversationId": wire("conversation", chat), "typing": True})
            assert (await member.receive())["type"] == "typing"


async def test_foreign_and_absent_conversations_are_refused_alike(edge: Edge) -> None:
    tenant_id, elsewhere = await edge.tenant(), await edge.tenant()
    guest, other = await edge.visitor(tenant_id), await edge.visitor(tenant_id)
    abroad = await edge.visitor(elsewhere)
    ids = [wire("conversation", await edge.chat(who.actor)) for who in (other, abroad)]
    answers = []
    async with edge.guest(guest) as client:
        await client.until("resume:complete")
        for id in (*ids, wire("conversation", uuid4()), "cnv_nonsense", "nonsense"):
            await client.send(type="typing", data={"conversationId": id, "typing": True})
            answers.append(await client.receive())
    assert answers[0]["type"] == "error"
    assert answers[0]["data"]["code"] == "not_found"
    assert all(answer == answers[0] for answer in answers)


async def test_presence_is_told_to_colleagues(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    anna, session = await edge.agent(tenant_id)
    _, colleague = await edge.agent(tenant_id)
    async with edge.member(session) as writer, edge.member(colleague) as reader:
        await writer.until("resume:complete")
        await reader.until("resume:complete")
        await writer.send(type="presence", data={"state": "away"})
        frame = await reader.receive()
    by = {"kind": "agent", "id": wire("agent", anna.by.id)}
    assert frame == {"type": "presence", "data": {"state": "away", "by": by}}


async def test_an_auditor_watches_unseen(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    _, auditor = await edge.agent(tenant_id, "auditor")
    guest = await edge.visitor(tenant_id)
    chat = await edge.chat(guest.actor)
    async with edge.member(auditor) as client:
        await client.until("resume:complete")
        await client.send(type="typing", data={"conversationId": wire("conversation", chat), "typing": True})
        assert (await client.receive())["data"]["code"] == "forbidden"


@cases("frame", ["{", "[]", "7", '{"type":"message","data":{"text":"hi"}}', '{"type":"typing"}', b"x"])
async def test_a_frame_that_is_none_is_answered_and_the_socket_stays(edge: Edge, frame: str | bytes) -> None:
    tenant_id = await edge.tenant()
    _, session = await edge.agent(tenant_id)
    async with edge.member(session) as client:
        await client.until("resume:complete")
        head = await edge.head(tenant_id)
        await client.connection.send(frame)
        answer = await client.receive()
        assert answer["type"] == "error"
        assert answer["data"]["code"] == "invalid_request"
        await client.send(type="ping")
        assert await client.receive() == {"type": "pong"}
    assert await edge.head(tenant_id) == head


async def test_too_many_bad_frames_close_the_socket(edge: Edge) -> None:
    _, session = await edge.agent(await edge.tenant())
    async with edge.member(session) as client:
        await client.until("resume:complete")
        for _ in range(11):
            await client.connection.send("nonsense")
        assert await client.closed() == (4400, "too_many_bad_frames")


async def test_a_flood_of_frames_closes_the_socket(edge: Edge) -> None:
    _, session = await edge.agent(await edge.tenant())
    async with edge.member(session) as client:
        await client.until("resume:complete")
        await client.connection.send('{"type":"ping"}')
        for _ in range(60):
            await client.connection.send('{"type":"ping"}')
        assert await client.closed() == (4429, "too_many_frames")


async def test_a_frame_over_64_kib_closes_the_socket(edge: Edge) -> None:
    _, session = await edge.agent(await edge.tenant())
    async with edge.member(session) as client:
        await client.until("resume:complete")
        await client.connection.send('{"type":"ping","more":"' + "x" * 66_000 + '"}')
        assert (await client.closed())[0] == 1009
