"""The first frame: who gets in, and with which code the others are closed."""

from __future__ import annotations

import json

from application.actor import system
from application.widget import RestyleWidget
from domain.ids import tenant_wire, wire
from domain.widget import Look
from infrastructure.embedded.nats import NatsServer
from interfaces.ws.limits import SocketLimits
from tests.interfaces.ws.edge import Edge, open_edge
from tests.support.cases import cases


async def test_a_member_is_welcomed_with_tenant_position_and_epoch(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    actor, session = await edge.agent(tenant_id)
    async with edge.member(session) as client:
        welcome, complete = await client.until("resume:complete")
    head = await edge.head(tenant_id)
    expected = {"tenantId": tenant_wire(tenant_id), "id": wire("agent", actor.by.id), "role": "agent"}
    assert welcome["type"] == "auth:ok"
    assert welcome["data"].items() >= (expected | {"seq": head, "epoch": 1}).items()
    assert complete == {"type": "resume:complete", "data": {"seq": head}}


async def test_a_visitor_is_welcomed(edge: Edge) -> None:
    guest = await edge.visitor(await edge.tenant())
    async with edge.guest(guest) as client:
        welcome = await client.receive()
    assert welcome["data"]["id"] == wire("contact", guest.actor.by.id)
    assert welcome["data"]["role"] == "visitor"
    assert welcome["data"]["expiresAt"] is None


async def test_silence_is_closed_after_the_deadline(database_url: str, nats_server: NatsServer) -> None:
    limits = SocketLimits(auth_seconds=0.1)
    async with open_edge(database_url, nats_server.url, limits) as edge, edge.dial() as client:
        assert await client.closed() == (4408, "auth_timeout")


@cases("token", ["", "nonsense", "wt_nonsense", "a.b.c"])
async def test_a_bad_token_is_closed_with_4401(edge: Edge, token: str) -> None:
    for path in ("/api/ws/tenant", "/api/ws/chat"):
        async with edge.dial(path) as client:
            await client.send(type="auth", token=token, visitorToken="vt_nonsense")
            assert (await client.closed())[0] == 4401


async def test_each_socket_takes_its_own_credential_only(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    _, session = await edge.agent(tenant_id)
    guest = await edge.visitor(tenant_id)
    async with edge.dial("/api/ws/chat") as client:
        await client.send(type="auth", token=session.access_token, visitorToken=guest.visitor_token)
        assert (await client.closed())[0] == 4401
    async with edge.dial("/api/ws/tenant") as client:
        await client.send(**guest.auth())
        assert (await client.closed())[0] == 4401


async def test_a_widget_token_without_a_visitor_token_is_not_enough(edge: Edge) -> None:
    guest = await edge.visitor(await edge.tenant())
    async with edge.dial("/api/ws/chat") as client:
        await client.send(type="auth", token=guest.widget_token)
        assert await client.closed() == (4401, "token_missing")


async def test_the_two_tokens_of_a_visitor_are_of_one_tenant(edge: Edge) -> None:
    here, there = await edge.visitor(await edge.tenant()), await edge.visitor(await edge.tenant())
    async with edge.dial("/api/ws/chat") as client:
        await client.send(type="auth", token=here.widget_token, visitorToken=there.visitor_token)
        assert (await client.closed())[0] == 4401


async def test_an_auditor_may_listen_and_an_analyst_may_not(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    _, auditor = await edge.agent(tenant_id, "auditor")
    _, analyst = await edge.agent(tenant_id, "analyst")
    async with edge.member(auditor) as client:
        assert (await client.receive())["type"] == "auth:ok"
    async with edge.member(analyst) as client:
        assert await client.closed() == (4403, "forbidden")


@cases(
    ("frame", "code"),
    [
        ('{"type":"ping"}', 4401),
        ('{"type":"hello"}', 4401),
        ('{"type":"auth"}', 4401),
        ("not json", 4400),
        ("", 4400),
        ('{"type":"auth","token":"\\ud800"}', 4400),
        ('{"type":"auth","token":"t","more":' + "[" * 3000 + "]" * 3000 + "}", 4400),
        (json.dumps({"type": "auth", "token": "t" * 5000}), 4400),
        (b'{"type":"auth","token":"t"}', 4400),
    ],
)
async def test_anything_else_first_is_closed(edge: Edge, frame: str | bytes, code: int) -> None:
    async with edge.dial() as client:
        await client.connection.send(frame)
        assert (await client.closed())[0] == code


async def test_a_token_in_the_address_opens_nothing(database_url: str, nats_server: NatsServer) -> None:
    async with open_edge(database_url, nats_server.url, SocketLimits(auth_seconds=0.1)) as edge:
        _, session = await edge.agent(await edge.tenant())
        async with edge.dial(f"/api/ws/tenant?token={session.access_token}") as client:
            assert (await client.closed())[0] == 4408


async def test_too_many_strangers_are_turned_away(database_url: str, nats_server: NatsServer) -> None:
    limits = SocketLimits(unauthenticated=1)
    async with (
        open_edge(database_url, nats_server.url, limits) as edge,
        edge.dial(),
        edge.dial() as second,
    ):
        assert await second.closed() == (4429, "too_many_sockets")


async def test_a_widget_bound_to_its_sites_is_refused_elsewhere(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    widget_id, _, token = await edge.widget(tenant_id)
    look = Look(name="Shop", origins=("https://shop.test",))
    await edge.do(system(tenant_id), RestyleWidget(widget_id=widget_id, look=look))
    guest = await edge.visitor(tenant_id, token)
    for origin, first in (("https://shop.test", "auth:ok"), ("https://evil.test", None)):
        async with edge.dial("/api/ws/chat", origin=origin) as client:
            await client.send(**guest.auth())
            if first is None:
                assert (await client.closed())[0] == 4401
            else:
                assert (await client.receive())["type"] == first
