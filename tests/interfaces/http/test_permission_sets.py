"""Permission sets over HTTP: what they open, how soon, and that they open nothing else."""

from __future__ import annotations

import asyncio
from typing import Any, get_args
from uuid import uuid4

import httpx
from litestar.routes import HTTPRoute

from domain.ids import parse
from domain.permission_set import Permission
from infrastructure.access.access import open_access
from interfaces.http.rights import OWN, permission_of
from tests.interfaces.http.desk import SECRET, Desk, Shop, bearer
from tests.interfaces.http.test_agents import code, invited, log_in
from tests.support.cases import cases
from tests.support.identity_provider import AUDIENCE, EMAIL, identity_provider
from tests.support.pictures import png

SETS, AGENTS, ME = "/api/v1/permission-sets", "/api/v1/agents", "/api/v1/auth/me"
HOOKS, INBOX = "/api/v1/webhooks", "/api/v1/chat/agent/conversations"
EVERYTHING = get_args(Permission)
WITHIN = 5.0
"""Seconds that a change may take to hold."""


async def made(desk: Desk, by: dict[str, str], *permissions: str, **more: str) -> dict[str, Any]:
    body = {"name": "Hooks", "permissions": permissions or ["webhooks:manage"], **more}
    answer = await desk.http.post(SETS, json=body, headers=by)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def holder(desk: Desk, by: dict[str, str], *permissions: str, **more: str) -> dict[str, str]:
    """The headers of somebody who was given a set of these, logged in after it."""
    agent = await invited(desk, by, email=f"{uuid4().hex}@shop.test")
    held = (await made(desk, by, *permissions, **more))["id"]
    answer = await desk.http.put(f"{AGENTS}/{agent['id']}/role", json={"permissionSetId": held}, headers=by)
    assert answer.status_code == 200, answer.text
    return bearer((await log_in(desk, agent["email"]))["accessToken"])


async def until(desk: Desk, path: str, headers: dict[str, str], status: int) -> httpx.Response:
    """The first answer of this status."""
    async with asyncio.timeout(WITHIN):
        while (answer := await desk.http.get(path, headers=headers)).status_code != status:
            await asyncio.sleep(0.1)
    return answer


async def test_a_set_is_created_changed_listed_and_removed(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    first = await made(desk, admin, "webhooks:manage", "contacts:read")
    assert (first["baseRole"], first["permissions"]) == ("agent", ["contacts:read", "webhooks:manage"])
    where = f"{SETS}/{first['id']}"
    change = {"name": "Integrations", "permissions": ["webhooks:manage"]}
    changed = await desk.http.patch(where, json=change, headers=admin | {"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert code(await desk.http.patch(where, json={"name": "x"}, headers=admin | {"If-Match": '"1"'})) == (
        409,
        "conflict",
    )
    assert (await desk.http.get(where, headers=admin)).json() == changed.json()
    await made(desk, admin)
    await desk.fold()
    page = (await desk.http.get(f"{SETS}?limit=1", headers=admin)).json()
    rest = (await desk.http.get(f"{SETS}?limit=1&cursor={page['nextCursor']}", headers=admin)).json()
    assert [one["name"] for one in (*page["data"], *rest["data"])] == ["Hooks", "Integrations"]
    assert rest["nextCursor"] is None
    for _ in range(2):
        assert (await desk.http.delete(where, headers=admin)).status_code == 204
    assert code(await desk.http.get(where, headers=admin)) == (404, "not_found")
    await desk.fold()
    assert len((await desk.http.get(SETS, headers=admin)).json()["data"]) == 1


@cases(
    "body",
    [
        {"name": "x", "permissions": []},
        {"name": "x", "permissions": ["people:manage"]},
        {"name": "x", "permissions": ["*"]},
        {"name": "x", "permissions": ["webhooks:manage"], "baseRole": "admin"},
        {"name": "x", "permissions": ["webhooks:manage"], "baseRole": "owner"},
        {"name": "x", "permissions": ["webhooks:manage"], "baseRole": "analyst"},
        {"name": "x", "permissions": ["conversations:write"], "baseRole": "auditor"},
        {"name": "", "permissions": ["webhooks:manage"]},
        {"name": "x", "permissions": ["webhooks:manage"], "tenantId": 2},
    ],
)
async def test_a_set_beyond_the_vocabulary_is_refused(desk: Desk, shop: Shop, body: dict[str, Any]) -> None:
    admin = await shop.member("admin")
    before = await shop.head()
    assert code(await desk.http.post(SETS, json=body, headers=admin)) == (400, "invalid_request")
    assert await shop.head() == before


async def test_a_set_opens_what_it_names_and_nothing_of_the_role(desk: Desk, shop: Shop) -> None:
    hooks = await holder(desk, await shop.member("owner"), "webhooks:manage")
    me = (await desk.http.get(ME, headers=hooks)).json()
    assert (me["role"], me["permissions"], me["scopes"]) == ("agent", ["webhooks:manage"], None)
    hook = {"url": "https://8.8.8.8/x", "events": ["message:new"]}
    assert (await desk.http.post(HOOKS, json=hook, headers=hooks)).status_code == 201
    assert (await desk.http.get(HOOKS, headers=hooks)).status_code == 200
    refused = await desk.http.get(INBOX, headers=hooks)
    assert code(refused) == (403, "permission_missing")
    assert refused.json()["error"]["details"] == {"permission": "conversations:read"}


async def test_a_set_works_for_whoever_is_logged_in_already_and_ends_for_them_too(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    hooks = await holder(desk, admin, "webhooks:manage")
    held = (await desk.http.get(SETS, headers=admin)).json()
    await desk.fold()
    held = (await desk.http.get(SETS, headers=admin)).json()["data"][0]
    assert (await desk.http.get(HOOKS, headers=hooks)).status_code == 200
    change = {"permissions": ["conversations:read"]}
    assert (await desk.http.patch(f"{SETS}/{held['id']}", json=change, headers=admin)).status_code == 200
    assert code(await until(desk, HOOKS, hooks, 403)) == (403, "permission_missing")
    assert (await desk.http.get(INBOX, headers=hooks)).status_code == 200


async def test_a_set_that_is_taken_ends_the_sessions(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    hooks = await holder(desk, admin, "webhooks:manage")
    me = (await desk.http.get(ME, headers=hooks)).json()["user"]["id"]
    agent = (await desk.http.get(f"{AGENTS}/{me}", headers=admin)).json()["agent"]
    where = f"{SETS}/{agent['permissionSetId']}"
    assert code(await desk.http.delete(where, headers=admin)) == (409, "permission_set_in_use")
    answer = await desk.http.put(f"{AGENTS}/{me}/role", json={"role": "agent"}, headers=admin)
    assert answer.json()["agent"]["permissionSetId"] is None
    assert code(await desk.http.get(HOOKS, headers=hooks)) == (401, "token_revoked")
    assert (await desk.http.delete(where, headers=admin)).status_code == 204


async def test_another_process_knows_the_rights_of_a_session(desk: Desk, shop: Shop) -> None:
    hooks = await holder(desk, await shop.member("admin"), "webhooks:manage")
    access = await open_access(desk.store.database, SECRET)
    member = await access.member(hooks["Authorization"].removeprefix("Bearer "))
    assert (member.role, member.permissions) == ("agent", frozenset(["webhooks:manage"]))


async def test_a_role_that_another_issuer_claims_does_not_lift_a_set(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    held = (await made(desk, admin))["id"]
    async with identity_provider() as provider:
        trust = {
            "issuer": provider.issuer,
            "jwksUrl": provider.jwks_url,
            "audience": AUDIENCE,
            "roleClaim": "role",
        }
        assert (await desk.http.put("/api/v1/auth/issuer", json=trust, headers=admin)).status_code == 200
        invitation = {"email": EMAIL, "name": "Anna", "permissionSetId": held}
        assert (await desk.http.post(AGENTS, json=invitation, headers=admin)).status_code == 201
        token = bearer(provider.token(role="admin"))
        me = (await desk.http.get(ME, headers=token)).json()
    assert (me["role"], me["permissions"]) == ("agent", ["webhooks:manage"])
    assert code(await desk.http.get(SETS, headers=token)) == (403, "permission_missing")


async def test_a_link_to_a_file_ends_with_the_right_to_read_it(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    reader = await holder(desk, admin, "conversations:read", "conversations:write")
    files = {"file": ("x.png", png(), "image/png")}
    sent = await desk.http.post("/api/v1/chat/upload", files=files, headers=reader)
    assert sent.status_code == 201, sent.text
    url = sent.json()["file"]["url"]
    assert (await desk.http.get(url)).status_code == 200
    await desk.fold()
    held = (await desk.http.get(SETS, headers=admin)).json()["data"][0]
    await desk.http.patch(f"{SETS}/{held['id']}", json={"permissions": ["webhooks:manage"]}, headers=admin)
    assert code(await desk.http.get(url)) == (404, "not_found")


async def test_a_role_and_a_set_at_once_and_neither_are_refused(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    held = (await made(desk, admin))["id"]
    agent = await invited(desk, admin)
    where = f"{AGENTS}/{agent['id']}/role"
    for body in ({"role": "agent", "permissionSetId": held}, {}):
        assert code(await desk.http.put(where, json=body, headers=admin)) == (400, "invalid_request")
    both = {"email": "x@shop.test", "name": "x", "role": "admin", "permissionSetId": held}
    assert code(await desk.http.post(AGENTS, json=both, headers=admin)) == (400, "invalid_request")
    one = await desk.http.post(AGENTS, json=both | {"role": None}, headers=admin)
    assert (one.status_code, one.json()["agent"]["permissionSetId"]) == (201, held)


async def test_another_tenants_set_is_given_to_nobody(desk: Desk, shop: Shop, other_shop: Shop) -> None:
    foreign = (await made(desk, await other_shop.member("admin")))["id"]
    admin = await shop.member("admin")
    agent = await invited(desk, admin)
    where = f"{AGENTS}/{agent['id']}/role"
    asked = [await desk.http.put(where, json={"permissionSetId": id}, headers=admin) for id in (foreign, "pst_x")]
    assert {code(one) for one in asked} == {(404, "not_found")}


def routes(desk: Desk) -> list[tuple[str, str, Any]]:
    return [
        (method, route.path_format, handler.opt)
        for route in desk.app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        for method in handler.http_methods
        if method != "OPTIONS" and handler.opt.get("audience", "") in ("member", "visitor_or_agent")
    ]


async def test_who_holds_everything_is_let_into_no_route_of_the_admins_own(desk: Desk, shop: Shop) -> None:
    """Every route: 403 exactly where no permission opens it, whatever is in the body."""
    everything = await holder(desk, await shop.member("owner"), *EVERYTHING)
    before = await shop.head()
    wrong: list[str] = []
    for method, path, opt in routes(desk):
        needed = permission_of(opt.get("roles", ()), {"type": "http", "method": method, "path": path})  # pyright: ignore
        if needed is not None or path in OWN:
            continue
        answer = await desk.http.request(method, path, json={}, headers=everything)
        if code(answer) != (403, "permission_missing"):
            wrong.append(f"{method} {path}: {answer.text}")
    assert wrong == []
    assert await shop.head() == before


@cases("permission", EVERYTHING)
async def test_a_permission_opens_only_routes_that_ask_for_it(
    desk: Desk, shop: Shop, permission: Permission
) -> None:
    one = await holder(desk, await shop.member("owner"), permission)
    wrong: list[str] = []
    for method, path, opt in routes(desk):
        if path in OWN or path.endswith("/logout"):
            continue
        needed = permission_of(opt.get("roles", ()), {"type": "http", "method": method, "path": path})  # pyright: ignore
        answer = await desk.http.request(method, path, json={}, headers=one)
        is_refused = answer.status_code == 403
        if is_refused and needed == permission and answer.json()["error"]["code"] == "permission_missing":
            details = answer.json()["error"].get("details", {})
            is_refused = details.get("permission", permission) == permission  # the bus may ask for another one too
        if is_refused != (needed != permission):
            wrong.append(f"{method} {path}: {answer.status_code} {answer.text[:100]}")
    assert wrong == []


async def test_a_set_over_an_analyst_or_an_auditor_reads_no_more_than_they_do(desk: Desk, shop: Shop) -> None:
    owner = await shop.member("owner")
    analyst = await holder(desk, owner, "events:read", "reports:read", baseRole="analyst")
    auditor = await holder(desk, owner, "conversations:read", "audit:read", baseRole="auditor")
    thread, _ = await shop.thread()
    assert (await desk.http.get("/api/v1/events", headers=analyst)).status_code == 200
    assert (await desk.http.get("/api/v1/events", headers=auditor)).status_code == 403
    assert (await desk.http.get(INBOX, headers=auditor)).status_code == 403
    assert (await desk.http.get(f"/api/v1/audit/conversations/{thread}", headers=auditor)).status_code == 200


async def test_events_are_read_without_what_people_said_unless_both_are_held(desk: Desk, shop: Shop) -> None:
    owner = await shop.member("owner")
    thread, _ = await shop.thread("quetzalcoatl")
    narrow = await holder(desk, owner, "events:read")
    wide = await holder(desk, owner, "events:read", "conversations:read", "contacts:read")
    assert parse("conversation", thread)
    assert "quetzalcoatl" not in (await desk.http.get("/api/v1/events", headers=narrow)).text
    assert "quetzalcoatl" in (await desk.http.get("/api/v1/events", headers=wide)).text
