"""Permission sets on the tenant socket: who hears at all, who is told to, and that a change is not outlived."""

from __future__ import annotations

from uuid import UUID

from application.actor import Actor, system
from application.agent import GivePermissionSet
from application.permission_set import ChangePermissionSet, CreatePermissionSet
from domain.ids import wire
from domain.permission_set import Permission
from infrastructure.access.grants import Session
from infrastructure.embedded.nats import NatsServer
from interfaces.ws.limits import SocketLimits
from tests.interfaces.ws.edge import Edge, open_edge


async def holder(edge: Edge, tenant_id: int, *permissions: Permission) -> tuple[Actor, Session, UUID]:
    """Somebody with a set of these, logged in, and the set."""
    command = CreatePermissionSet(name="Listeners", permissions=permissions)
    set_id = (await edge.do(system(tenant_id), command)).events[0].originator_id
    agent, session = await edge.agent(tenant_id)
    give = GivePermissionSet(agent_id=agent.by.id, permission_set_id=set_id)
    await edge.do(system(tenant_id), give)
    return agent, session, set_id


async def test_a_socket_takes_the_permission_to_read_conversations(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    _, session, _ = await holder(edge, tenant_id, "webhooks:manage", "conversations:write")
    async with edge.member(session) as client:
        assert await client.closed() == (4403, "permission_missing")


async def test_who_only_reads_is_not_told_to_others(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    guest = await edge.visitor(tenant_id)
    thread = wire("conversation", await edge.chat(guest.actor))
    for permissions, answers in ((["conversations:read"], ["forbidden"]), (["conversations:write"], [])):
        held: tuple[Permission, ...] = ("conversations:read", *permissions)  # pyright: ignore[reportAssignmentType]
        _, session, _ = await holder(edge, tenant_id, *held)
        async with edge.member(session) as client:
            await client.until("resume:complete")
            await client.send(type="typing", data={"conversationId": thread, "typing": True})
            await client.send(type="ping")
            heard = [one for one in await client.until("pong") if one["type"] == "error"]
            assert [one["data"]["code"] for one in heard] == answers


async def test_a_changed_set_closes_its_holders_sockets_within_5_s(
    database_url: str, nats_server: NatsServer
) -> None:
    async with open_edge(database_url, nats_server.url, SocketLimits(recheck_seconds=0.1)) as edge:
        tenant_id = await edge.tenant()
        _, session, set_id = await holder(edge, tenant_id, "conversations:read", "contacts:read")
        _, other, _ = await holder(edge, tenant_id, "conversations:read")
        async with edge.member(session) as client, edge.member(other) as stays:
            await client.until("resume:complete")
            await stays.until("resume:complete")
            change = ChangePermissionSet(permission_set_id=set_id, permissions=("conversations:read",))
            await edge.do(system(tenant_id), change)
            assert await client.closed() == (4401, "token_revoked")
            await stays.send(type="ping")
            assert (await stays.until("pong"))[-1]["type"] == "pong"
