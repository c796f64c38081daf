"""Sockets of visitors: none opens from where the widget may not be used, and none stays open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from application.actor import system
from application.widget import SetWidgetAddressRules
from domain.address_rules import AddressRules
from tests.interfaces.ws.edge import Client, Edge, Visitor
from tests.interfaces.ws.test_shown_out import closed_in_time, is_alive

HOME, ELSEWHERE = "203.0.113.7", "198.51.100.9"
BLOCKED = (4403, "address_blocked")


@asynccontextmanager
async def calling_from(edge: Edge, who: Visitor, address: str) -> AsyncIterator[Client]:
    """As a proxy on this machine, which is trusted, says it."""
    async with edge.dial("/api/ws/chat", additional_headers={"X-Forwarded-For": address}) as client:
        await client.send(**who.auth())
        yield client


async def refused(client: Client) -> tuple[int, str]:
    """Closed before a single frame came."""
    assert await client.rest() == []
    return await client.closed()


async def rule(edge: Edge, tenant_id: int, widget_id: UUID, rules: AddressRules) -> None:
    await edge.do(system(tenant_id), SetWidgetAddressRules(widget_id=widget_id, rules=rules))


async def test_no_socket_opens_from_a_blocked_address(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    widget_id, _, token = await edge.widget(tenant_id)
    guest = await edge.visitor(tenant_id, token)
    await rule(edge, tenant_id, widget_id, AddressRules(blocked=(HOME,)))
    async with calling_from(edge, guest, HOME) as out, calling_from(edge, guest, ELSEWHERE) as welcome:
        assert await refused(out) == BLOCKED
        await welcome.until("resume:complete")
    async with calling_from(edge, guest, f"::ffff:{HOME}") as out:
        assert await refused(out) == BLOCKED


async def test_the_widget_that_a_visitor_came_by_counts_too(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    (first, _, _), (_, _, token) = await edge.widget(tenant_id), await edge.widget(tenant_id)
    guest = await edge.visitor(tenant_id, token)
    made_there = await edge.access.new_visitor(tenant_id, guest.actor.by.id, first)
    await rule(edge, tenant_id, first, AddressRules(allowed=(ELSEWHERE,)))
    async with calling_from(edge, Visitor(guest.actor, token, made_there), HOME) as out:
        assert await refused(out) == BLOCKED
    async with calling_from(edge, guest, HOME) as welcome:
        await welcome.until("resume:complete")


async def test_open_sockets_close_in_every_process_when_a_rule_changes(edges: tuple[Edge, Edge]) -> None:
    here, there = edges
    tenant_id = await here.tenant()
    widget_id, _, token = await here.widget(tenant_id)
    guest, neighbour = await here.visitor(tenant_id, token), await here.visitor(tenant_id)
    async with (
        calling_from(here, guest, HOME) as one,
        calling_from(there, guest, HOME) as two,
        calling_from(there, guest, ELSEWHERE) as stays,
        calling_from(there, neighbour, HOME) as others,
    ):
        for client in (one, two, stays, others):
            await client.until("resume:complete")
        await rule(here, tenant_id, widget_id, AddressRules(blocked=("203.0.113.0/24",)))
        assert await asyncio.gather(closed_in_time(one), closed_in_time(two)) == [BLOCKED, BLOCKED]
        assert await is_alive(stays)
        assert await is_alive(others)
