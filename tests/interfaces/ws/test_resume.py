"""Resuming: nothing is missing, nothing comes twice, and where that cannot be kept the client is told."""

from __future__ import annotations

import asyncio

import pytest

from application.actor import Actor
from application.handling import AcceptConversation, EndConversation
from infrastructure.embedded.nats import NatsServer
from interfaces.ws.limits import SocketLimits
from tests.interfaces.ws.edge import Edge, open_edge, seqs, visible


async def _converse(edge: Edge, agent: Actor, messages: int = 3) -> None:
    """A whole conversation of a new visitor, notes included."""
    guest = await edge.visitor(agent.tenant_id, "wt_not_needed")
    conversation_id = await edge.chat(guest.actor)
    await edge.do(agent, AcceptConversation(conversation_id=conversation_id))
    for number in range(messages):
        await edge.say(guest.actor, conversation_id, f"question {number}")
        await edge.say(agent, conversation_id, f"note {number}", private=True)
        await edge.say(agent, conversation_id, f"answer {number}")
    await edge.do(guest.actor, EndConversation(conversation_id=conversation_id))


async def test_a_replay_is_exactly_what_the_log_holds_after_since(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    agent, session = await edge.agent(tenant_id)
    await _converse(edge, agent)
    head = await edge.head(tenant_id)
    for since in (0, 5, head - 1, head):
        async with edge.member(session, since=since) as client:
            frames = await client.until("resume:complete")
        assert frames[0]["data"]["seq"] == frames[-1]["data"]["seq"] == head
        assert seqs(frames) == visible(await edge.log(tenant_id), after=since)


async def test_without_since_only_what_follows_is_sent(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    agent, session = await edge.agent(tenant_id)
    await _converse(edge, agent, 1)
    head = await edge.head(tenant_id)
    async with edge.member(session) as client:
        await client.until("resume:complete")
        await _converse(edge, agent, 1)
        frames = await client.up_to(await edge.head(tenant_id))
    assert seqs(frames) == visible(await edge.log(tenant_id), after=head)


async def test_resuming_while_writers_write_leaves_no_hole_and_no_double(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    agent, session = await edge.agent(tenant_id)
    await _converse(edge, agent)
    writers = [asyncio.create_task(_converse(edge, agent, 10)) for _ in range(4)]

    async def come_and_go(number: int) -> list[int]:
        """A client that leaves after a few frames and resumes from the last one it has."""
        heard: list[int] = []
        while not all(writer.done() for writer in writers):
            async with edge.member(session, since=heard[-1] if heard else 0) as client:
                for _ in range(5 + number):
                    frame = await client.receive()
                    heard += seqs([frame])
                    if frame["type"] == "resume:complete" and all(writer.done() for writer in writers):
                        break
        async with edge.member(session, since=heard[-1]) as client:
            return heard + seqs(await client.until("resume:complete"))

    heard = await asyncio.gather(*(come_and_go(number) for number in range(8)))
    await asyncio.gather(*writers)
    everything = visible(await edge.log(tenant_id))
    for one in heard:
        assert one == everything[: len(one)]
        assert len(one) > len(everything) * 3 // 4


async def test_a_socket_that_stays_hears_all_that_writers_write(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    agent, session = await edge.agent(tenant_id)
    writers = [asyncio.create_task(_converse(edge, agent, 10)) for _ in range(4)]
    async with edge.member(session, since=0) as client:
        await asyncio.gather(*writers)
        frames = await client.up_to(await edge.head(tenant_id))
    assert seqs(frames) == visible(await edge.log(tenant_id))
    assert frames[-1]["type"] != "checkpoint"


async def test_a_visitor_resumes_through_what_others_wrote(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    agent, _ = await edge.agent(tenant_id)
    guest = await edge.visitor(tenant_id)
    mine = await edge.chat(guest.actor)
    await asyncio.gather(*(_converse(edge, agent, 2) for _ in range(3)))
    await edge.do(agent, AcceptConversation(conversation_id=mine))
    await edge.say(agent, mine, "between us", private=True)
    await edge.say(agent, mine, "hello")
    async with edge.guest(guest, since=0) as client:
        frames = await client.until("resume:complete")
    log = [one for one in await edge.log(tenant_id) if one.stream_id == mine and "note" not in one.type]
    assert seqs(frames) == [one.seq for one in log]


@pytest.mark.parametrize(
    ("auth", "reason"),
    [
        ({"since": 0, "epoch": 1}, "too_far_behind"),
        ({"since": 10_000}, "ahead"),
        ({"since": 8, "epoch": 2}, "other_epoch"),
    ],
)
async def test_who_cannot_resume_is_told_why_and_goes_on_live(
    database_url: str, nats_server: NatsServer, auth: dict[str, int], reason: str
) -> None:
    async with open_edge(database_url, nats_server.url, SocketLimits(replay_events=5)) as edge:
        tenant_id = await edge.tenant()
        agent, session = await edge.agent(tenant_id)
        await _converse(edge, agent)
        head = await edge.head(tenant_id)
        async with edge.member(session, **auth) as client:
            _, reset = await client.until("resume:reset")
            assert reset["data"] == {"reason": reason, "seq": head}
            await _converse(edge, agent, 1)
            frames = await client.up_to(await edge.head(tenant_id))
        assert seqs(frames) == visible(await edge.log(tenant_id), after=head)


async def test_a_since_that_this_process_has_not_heard_of_is_not_ahead(
    database_url: str, nats_server: NatsServer
) -> None:
    """Nobody relays, so the feed lags behind what the client read. Nothing up to `since` comes again."""
    async with open_edge(database_url, nats_server.url, relays=False) as edge:
        tenant_id = await edge.tenant()
        agent, session = await edge.agent(tenant_id)
        async with edge.member(session) as early:
            await early.until("resume:complete")
            await _converse(edge, agent, 1)
            head = await edge.head(tenant_id)
            async with edge.member(session, since=head) as client:
                frames = await client.until("resume:complete")
                assert seqs(frames) == []
                assert frames[-1]["data"]["seq"] == head
                await _converse(edge, agent, 1)
                later = await client.up_to(await edge.head(tenant_id))
        assert seqs(later) == visible(await edge.log(tenant_id), after=head)


async def test_events_without_a_frame_move_the_position_by_checkpoints(
    database_url: str, nats_server: NatsServer
) -> None:
    async with open_edge(database_url, nats_server.url, SocketLimits(checkpoint_seconds=0.15)) as edge:
        tenant_id = await edge.tenant()
        _, session = await edge.agent(tenant_id)
        async with edge.member(session) as client:
            await client.until("resume:complete")
            await edge.agent(tenant_id)
            frames = await client.up_to(await edge.head(tenant_id))
        assert {frame["type"] for frame in frames} == {"checkpoint"}
        assert frames[-1] == {"type": "checkpoint", "seq": await edge.head(tenant_id)}


async def test_a_storm_of_reconnects_is_served_completely(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    agent, session = await edge.agent(tenant_id)
    await _converse(edge, agent, 20)
    everything = visible(await edge.log(tenant_id))

    async def resume(number: int) -> bool:
        since = number % len(everything)
        async with edge.member(session, since=since) as client:
            frames = await client.until("resume:complete")
        return seqs(frames) == [seq for seq in everything if seq > since]

    assert all(await asyncio.gather(*(resume(number) for number in range(100))))
