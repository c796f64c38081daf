"""Whoever loses their access loses their open sockets, in every process, within 5 seconds."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from application.actor import system
from application.agent import ChangeAgentRole, DeactivateAgent
from application.command import Command
from domain.refusals import TokenRevoked
from tests.interfaces.ws.edge import Client, Edge

LIMIT = 5.0


async def closed_in_time(client: Client) -> tuple[int, str]:
    async with asyncio.timeout(LIMIT):
        return await client.closed()


async def is_alive(client: Client) -> bool:
    await client.send(type="ping")
    return (await client.until("pong"))[-1]["type"] == "pong"


@pytest.mark.parametrize(
    ("command", "closing"),
    [
        (lambda id: DeactivateAgent(agent_id=id), (4403, "forbidden")),
        (lambda id: ChangeAgentRole(agent_id=id, role="supervisor"), (4401, "token_revoked")),
    ],
)
async def test_a_change_of_an_agent_closes_their_sockets_in_every_process(
    edges: tuple[Edge, Edge], command: object, closing: tuple[int, str]
) -> None:
    here, there = edges
    tenant_id = await here.tenant()
    agent, session = await here.agent(tenant_id)
    _, colleague = await here.agent(tenant_id)
    async with here.member(session) as one, there.member(session) as two, there.member(colleague) as stays:
        for client in (one, two, stays):
            await client.until("resume:complete")
        given = command(agent.by.id)  # pyright: ignore[reportCallIssue]
        assert isinstance(given, Command)
        await here.do(system(tenant_id), given)
        await here.access.end_sessions(tenant_id, agent.by.id)
        assert await asyncio.gather(closed_in_time(one), closed_in_time(two)) == [closing, closing]
        assert await is_alive(stays)


async def test_a_deactivated_agents_unexpired_token_is_refused_in_every_process(edges: tuple[Edge, Edge]) -> None:
    """The other process has just asked and remembers the answer: for 4 s, no longer."""
    here, there = edges
    tenant_id = await here.tenant()
    agent, session = await here.agent(tenant_id)
    await there.access.member(session.access_token)
    await here.do(system(tenant_id), DeactivateAgent(agent_id=agent.by.id))
    await here.access.end_sessions(tenant_id, agent.by.id)
    with pytest.raises(TokenRevoked):
        await here.access.member(session.access_token)
    async with asyncio.timeout(LIMIT):
        while True:
            try:
                await there.access.member(session.access_token)
            except TokenRevoked:
                break
            await asyncio.sleep(0.05)
    async with there.member(session) as client:
        assert await client.closed() == (4401, "token_revoked")


async def test_a_revoked_visitors_sockets_close_in_every_process(edges: tuple[Edge, Edge]) -> None:
    here, there = edges
    tenant_id = await here.tenant()
    guest, other = await here.visitor(tenant_id), await here.visitor(tenant_id)
    async with here.guest(guest) as one, there.guest(guest) as two, there.guest(other) as stays:
        for client in (one, two, stays):
            await client.until("resume:complete")
        await here.access.revoke_visitor(tenant_id, guest.actor.by.id)
        expected = (4401, "token_revoked")
        assert await asyncio.gather(closed_in_time(one), closed_in_time(two)) == [expected, expected]
        assert await is_alive(stays)


async def test_a_revoked_widget_token_closes_its_sockets_in_every_process(edges: tuple[Edge, Edge]) -> None:
    """Also where the event of it is not heard of: the credential alone is asked after."""
    here, there = edges
    tenant_id = await here.tenant()
    _, token_id, token = await here.widget(tenant_id)
    guest, other = await here.visitor(tenant_id, token), await here.visitor(tenant_id)
    async with here.guest(guest) as one, there.guest(guest) as two, there.guest(other) as stays:
        for client in (one, two, stays):
            await client.until("resume:complete")
        await here.access.revoke_widget_token(tenant_id, token_id)
        expected = (4401, "token_revoked")
        assert await asyncio.gather(closed_in_time(one), closed_in_time(two)) == [expected, expected]
        assert await is_alive(stays)


async def test_sockets_that_come_at_once_are_in_one_channel(edge: Edge) -> None:
    """Whoever came first was forgotten once: told of everything, asked nothing, never shown out."""
    tenant_id = await edge.tenant()
    guests = [await edge.visitor(tenant_id) for _ in range(4)]
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(edge.guest(guest)) for guest in guests]
        for client in clients:
            await client.until("resume:complete")
        assert [len(channel) for channel in edge.hub.channels()] == [len(guests)]
