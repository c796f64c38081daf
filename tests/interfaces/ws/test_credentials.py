"""A socket lives no longer than what it was opened with."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from application.actor import Actor, system, visitor
from application.agent import ChangeAgentRole, DeactivateAgent
from application.contact import EraseContact
from application.widget import RevokeWidgetToken, RotateWidgetToken
from domain.kernel import By
from domain.widget import WidgetTokenRotated
from infrastructure.embedded.nats import NatsServer
from interfaces.ws.closing import EXPIRED
from interfaces.ws.expiry import Expiry
from interfaces.ws.limits import SocketLimits
from interfaces.ws.outbox import Outbox
from interfaces.ws.peer import Peer
from tests.interfaces.ws.edge import Edge, open_edge


async def test_a_token_is_renewed_in_place(database_url: str, nats_server: NatsServer) -> None:
    """The access token lives 10 minutes, so a notice of an hour comes at once."""
    async with open_edge(database_url, nats_server.url, SocketLimits(expiry_notice_seconds=3600)) as edge:
        tenant_id = await edge.tenant()
        _, session = await edge.agent(tenant_id)
        guest = await edge.visitor(tenant_id)
        async with edge.member(session) as client:
            notice = (await client.until("auth:expiring"))[-1]
            newer = await edge.access.refresh(session.refresh_token)
            await client.send(type="auth", token=newer.access_token, since=0)
            again = (await client.until("auth:ok"))[-1]
            assert notice["data"]["expiresAt"] <= again["data"]["expiresAt"]
            await edge.chat(guest.actor)
            assert again["data"]["seq"] < (await client.until("message:new"))[-1]["seq"]


async def test_a_bad_token_in_place_closes(edge: Edge) -> None:
    _, session = await edge.agent(await edge.tenant())
    async with edge.member(session) as client:
        await client.until("resume:complete")
        await client.send(type="auth", token="nonsense")
        assert (await client.closed())[0] == 4401


async def test_a_socket_never_becomes_somebody_elses(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    _, session = await edge.agent(tenant_id)
    _, colleague = await edge.agent(tenant_id)
    async with edge.member(session) as client:
        await client.until("resume:complete")
        await client.send(type="auth", token=colleague.access_token)
        assert await client.closed() == (4403, "forbidden")


async def test_an_expired_credential_closes_with_4401() -> None:
    outbox = Outbox(Peer(Actor(1, By("agent"), "agent")), "one", SocketLimits())
    expiry = Expiry(outbox, notice_seconds=60)
    expiry.set(datetime.now(UTC) + timedelta(seconds=0.05))
    assert b"auth:expiring" in await outbox.take()
    async with asyncio.timeout(5):
        assert await outbox.closing is EXPIRED


async def test_a_renewed_credential_does_not_expire_with_the_old_one() -> None:
    outbox = Outbox(Peer(Actor(1, By("agent"), "agent")), "one", SocketLimits())
    expiry = Expiry(outbox, notice_seconds=0)
    expiry.set(datetime.now(UTC) + timedelta(seconds=0.01))
    expiry.set(datetime.now(UTC) + timedelta(hours=1))
    await asyncio.wait([outbox.closing], timeout=0.05)
    assert not outbox.closing.done()
    expiry.cancel()


async def test_a_deactivated_agent_is_shown_out_at_once(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    agent, session = await edge.agent(tenant_id)
    _, colleague = await edge.agent(tenant_id)
    async with edge.member(session) as client, edge.member(colleague) as other:
        await client.until("resume:complete")
        await other.until("resume:complete")
        await edge.do(system(tenant_id), DeactivateAgent(agent_id=agent.by.id))
        assert await client.closed() == (4403, "forbidden")
        await other.send(type="ping")
        assert (await other.receive())["type"] == "pong"


async def test_another_role_needs_another_token(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    agent, session = await edge.agent(tenant_id)
    async with edge.member(session) as client:
        await client.until("resume:complete")
        await edge.do(system(tenant_id), ChangeAgentRole(agent_id=agent.by.id, role="analyst"))
        assert await client.closed() == (4401, "token_revoked")


async def test_a_log_out_closes_the_socket(database_url: str, nats_server: NatsServer) -> None:
    async with open_edge(database_url, nats_server.url, SocketLimits(recheck_seconds=0.1)) as edge:
        _, session = await edge.agent(await edge.tenant())
        async with edge.member(session) as client:
            await client.until("resume:complete")
            await edge.access.logout(session.member)
            assert await client.closed() == (4401, "token_revoked")


async def test_a_revoked_widget_token_closes_its_sockets(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    widget_id, token_id, token = await edge.widget(tenant_id)
    guest, other = await edge.visitor(tenant_id, token), await edge.visitor(tenant_id)
    async with edge.guest(guest) as client, edge.guest(other) as stays:
        await client.until("resume:complete")
        await stays.until("resume:complete")
        await edge.do(system(tenant_id), RevokeWidgetToken(widget_id=widget_id, token_id=token_id))
        assert await client.closed() == (4401, "token_revoked")
        await stays.send(type="ping")
        assert (await stays.receive())["type"] == "pong"


async def test_a_token_whose_grace_is_over_closes_its_sockets_and_the_newer_one_stays(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    widget_id, old_id, token = await edge.widget(tenant_id)
    command = RotateWidgetToken(widget_id=widget_id, grace_seconds=1)
    rotated = (await edge.do(system(tenant_id), command)).events[-1]
    assert isinstance(rotated, WidgetTokenRotated)
    newer = await edge.access.widget_tokens.rotated(tenant_id, rotated, {old_id: rotated.grace_until})
    assert newer is not None
    old, new = await edge.visitor(tenant_id, token), await edge.visitor(tenant_id, newer)
    async with edge.guest(old) as client, edge.guest(new) as stays:
        await client.until("resume:complete")
        await stays.until("resume:complete")
        assert await client.closed() == (4401, "token_expired")
        await stays.send(type="ping")
        assert (await stays.until("pong"))[-1] == {"type": "pong"}


async def test_an_erased_contact_is_disconnected(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    guest = await edge.visitor(tenant_id)
    await edge.chat(visitor(tenant_id, guest.actor.by.id))
    async with edge.guest(guest) as client:
        await client.until("resume:complete")
        erase = EraseContact(contact_id=guest.actor.by.id, reason="asked for it")
        await edge.do(system(tenant_id), erase)
        assert await client.closed() == (4401, "token_revoked")
