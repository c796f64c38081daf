"""Which credential opens which route: every route states it, and no other is let in."""

from __future__ import annotations

from uuid import uuid4

import pytest
from litestar.routes import HTTPRoute

from application.permissions import PERMISSIONS
from domain.agent import Role
from interfaces.http.audience import FROM_OTHER_SITES, MEMBERS, OPEN
from tests.interfaces.http.desk import Desk, Shop, bearer
from tests.support.cases import cases

KNOWN = OPEN | FROM_OTHER_SITES | {"member"}
ROLES: tuple[Role, ...] = ("owner", "admin", "supervisor", "agent", "analyst", "auditor")


def walk(desk: Desk) -> list[tuple[str, str, str, frozenset[str]]]:
    """(method, path, audience, roles) of every route; Litestar's own OPTIONS answers anybody the same."""
    return [
        (method, route.path_format, handler.opt.get("audience", ""), handler.opt.get("roles", MEMBERS))
        for route in desk.app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        for method in handler.http_methods
        if method != "OPTIONS"
    ]


def filled(path: str, shop: Shop) -> str:
    return path.replace("{widget_id}", shop.widget).replace("{conversation_id}", "cnv_" + "0" * 32)


async def test_every_route_states_its_audience(desk: Desk) -> None:
    found = walk(desk)
    assert len(found) > 15
    assert [one for one in found if one[2] not in KNOWN] == []


async def test_nobody_is_let_in_without_a_credential(desk: Desk, shop: Shop) -> None:
    for method, path, audience, _ in walk(desk):
        if audience in OPEN:
            continue
        answer = await desk.http.request(method, filled(path, shop))
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "token_missing"), path
        assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_kinds_of_tokens_are_never_mixed(desk: Desk, shop: Shop) -> None:
    _, visitor = await shop.thread()
    agent = await shop.member()
    tokens = {"widget": shop.site, "visitor": visitor, "member": agent}
    fits = {
        "widget": {"widget"},
        "visitor": {"visitor"},
        "visitor_or_agent": {"visitor", "member"},
        "first_contact_or_agent": {"widget", "visitor", "member"},
        "member": {"member"},
    }
    before = await desk.store.reader.head()
    for method, path, audience, _ in walk(desk):
        for kind, headers in tokens.items():
            if audience in OPEN or kind in fits[audience]:
                continue
            answer = await desk.http.request(method, filled(path, shop), headers=headers)
            assert answer.status_code == 401, (path, kind, answer.text)
    assert await desk.store.reader.head() == before


async def test_a_route_lets_in_its_roles_and_no_other(desk: Desk, shop: Shop) -> None:
    await desk.fold()
    members = {role: await shop.member(role) for role in ROLES}
    for method, path, audience, roles in walk(desk):
        if audience != "member" or path.endswith("/logout"):
            continue
        for role, headers in members.items():
            answer = await desk.http.request(method, filled(path, shop), headers=headers)
            if role in roles:
                assert answer.status_code not in {401, 403}, (path, role, answer.text)
            else:
                assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden"), (path, role)


@pytest.mark.parametrize("role", ["analyst", "auditor"])
async def test_analysts_and_auditors_write_nothing(desk: Desk, shop: Shop, role: Role) -> None:
    id, _ = await shop.thread()
    headers, before = await shop.member(role), await desk.store.reader.head()
    for path, body in (
        ("/api/v1/chat/conversations", {"text": "x"}),
        (f"/api/v1/chat/conversations/{id}/messages", {"text": "x"}),
        (f"/api/v1/chat/conversations/{id}/messages", {"text": "x", "private": True}),
        (f"/api/v1/chat/conversations/{id}/end", {}),
        (f"/api/v1/chat/conversations/{id}/request-human", {}),
        (f"/api/v1/chat/agent/conversations/{id}/accept", {}),
    ):
        assert (await desk.http.post(path, json=body, headers=headers)).status_code == 403
    assert not any({"analyst", "auditor"} & roles for roles in PERMISSIONS.values())
    assert await desk.store.reader.head() == before


@cases(
    "authorization",
    ["Bearer", "Bearer ", "Basic abc", "wt_x", "Bearer x", "Bearer a.b.c", "Bearer sk_x", "Bearer " + "x" * 5000],
)
async def test_what_is_no_credential_is_refused(desk: Desk, shop: Shop, authorization: str) -> None:
    for method, path, audience, _ in walk(desk):
        if audience in OPEN:
            continue
        answer = await desk.http.request(method, filled(path, shop), headers={"Authorization": authorization})
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "token_invalid"), path


async def test_a_visitor_of_another_tenant_is_no_visitor_here(desk: Desk, shop: Shop) -> None:
    other = await desk.shop(tenant_id=2)
    _, stranger = await other.thread()
    token = stranger["Authorization"].removeprefix("Bearer ")
    answer = await shop.say("Hello", {"X-Visitor-Token": token})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "token_invalid")


async def test_two_credentials_at_once_are_none(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread()
    token = visitor["Authorization"].removeprefix("Bearer ")
    path = f"/api/v1/chat/conversations/{id}"
    both = visitor | {"X-Visitor-Token": token}
    assert (await desk.http.get(path, headers=both)).status_code == 401
    await desk.fold()
    for good in (visitor, {"X-Visitor-Token": token}, shop.site | {"X-Visitor-Token": token}):
        assert (await desk.http.get(path, headers=good)).status_code == 200


async def test_a_strangers_things_look_like_things_that_are_not_there(desk: Desk, shop: Shop) -> None:
    other = await desk.shop(tenant_id=2)
    theirs, _ = await other.thread("Theirs")
    agent = await shop.member("owner")
    id, visitor = await shop.thread("Mine")
    _, neighbour = await shop.thread("Neighbour")
    await desk.fold()
    before = await desk.store.reader.head()
    absent = f"cnv_{uuid4().hex}"
    for method, suffix, body in (
        ("GET", "", None),
        ("POST", "/messages", {"text": "x"}),
        ("POST", "/end", {}),
        ("POST", "/request-human", {}),
    ):
        for headers, strangers in ((agent, [theirs]), (visitor, [theirs]), (neighbour, [theirs, id])):
            expected = await _ask(desk, method, absent + suffix, body, headers)
            assert expected[0] == 404
            for one in (*strangers, "cnv_x", "msg_" + "0" * 32, "CNV_" + "0" * 32, "%00", "é"):
                assert await _ask(desk, method, one + suffix, body, headers) == expected
    for one in (theirs, absent):
        accepted = await desk.http.post(f"/api/v1/chat/agent/conversations/{one}/accept", headers=agent)
        assert accepted.status_code == 404
    assert await desk.store.reader.head() == before


async def _ask(
    desk: Desk, method: str, rest: str, body: object, headers: dict[str, str]
) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers, all of them, with one request id."""
    answer = await desk.http.request(
        method, f"/api/v1/chat/conversations/{rest}", json=body, headers=headers | {"X-Request-Id": "one"}
    )
    return answer.status_code, answer.content, dict(answer.headers)


async def test_lists_hold_ones_own_tenant_only(desk: Desk, shop: Shop) -> None:
    other = await desk.shop(tenant_id=2)
    await other.thread("Theirs")
    await other.member("agent", "theirs@shop.test")
    agent = await shop.member("owner", "mine@shop.test")
    await desk.fold()
    inbox = (await desk.http.get("/api/v1/chat/agent/conversations", headers=agent)).json()
    assert (inbox["data"], inbox["counts"]["open"]) == ([], 0)
    agents = (await desk.http.get("/api/v1/agents", headers=agent)).json()["data"]
    assert [one["email"] for one in agents] == ["mine@shop.test"]


async def test_a_site_opens_no_other_tenants_widget(desk: Desk, shop: Shop) -> None:
    other = await desk.shop(tenant_id=2)
    await desk.fold()
    for path in (other.widget, other.tenant):
        for method, rest, body in (("GET", "config", None), ("POST", "chat", {"sessionId": "s", "message": "x"})):
            answer = await desk.http.request(method, f"/api/widgets/{path}/{rest}", json=body, headers=shop.site)
            assert answer.status_code == 404


async def test_a_revoked_widget_token_is_refused_at_once(desk: Desk, shop: Shop) -> None:
    grant = await desk.access.widget(shop.widget_token, None)
    await desk.access.revoke_widget_token(shop.tenant_id, grant.token_id)
    answer = await shop.say()
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "token_revoked")


async def test_a_body_is_not_read_for_who_may_not_come_in(desk: Desk, shop: Shop) -> None:
    answer = await desk.http.post(f"/api/widgets/{shop.widget}/chat", content=b"[" * 400_000, headers=bearer("x"))
    assert answer.status_code == 401
