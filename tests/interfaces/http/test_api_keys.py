"""API keys over HTTP: shown once, bounded by their scopes, revoked at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from domain.ids import tenant_wire
from tests.interfaces.http.desk import Desk, Shop, bearer
from tests.support.cases import cases

KEYS, ME = "/api/v1/api-keys", "/api/v1/auth/me"
CHAT = "/api/v1/chat/conversations"


async def issue(desk: Desk, headers: dict[str, str], *scopes: str, **more: object) -> dict[str, Any]:
    body = {"name": "CRM", "scopes": scopes} | more
    answer = await desk.http.post(KEYS, json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_a_key_is_shown_once(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin") | {"Idempotency-Key": "one"}
    first = await issue(desk, admin, "events:read", "contacts:read")
    again = await issue(desk, admin, "events:read", "contacts:read")
    assert first["key"].startswith("sk_")
    assert (again["key"], again["apiKey"]) == (None, first["apiKey"])
    page = await desk.http.get(KEYS, headers=admin)
    assert page.json() == {"data": [first["apiKey"]], "nextCursor": None}
    assert first["key"] not in page.text
    assert first["apiKey"] | {"id": "", "createdAt": ""} == {
        "id": "",
        "name": "CRM",
        "hint": first["key"][-4:],
        "scopes": ["contacts:read", "events:read"],
        "createdAt": "",
        "expiresAt": None,
        "revokedAt": None,
        "lastUsedAt": None,
    }


async def test_a_key_says_what_it_is(desk: Desk, shop: Shop) -> None:
    made = await issue(desk, await shop.member("owner"), "events:read")
    answer = await desk.http.get(ME, headers=bearer(made["key"]))
    assert answer.json() == {
        "role": "admin",
        "scopes": ["events:read"],
        "permissions": None,
        "apiKey": {"id": made["apiKey"]["id"], "name": "CRM", "tenantId": tenant_wire(shop.tenant_id)},
    }
    used = (await desk.http.get(KEYS, headers=await shop.member("owner"))).json()["data"][0]
    assert used["lastUsedAt"] is not None


async def test_an_integration_writes_in_its_own_name(desk: Desk, shop: Shop) -> None:
    id, _ = await shop.thread()
    made = await issue(desk, await shop.member("admin"), "conversations:write")
    posted = await desk.http.post(f"{CHAT}/{id}/messages", json={"text": "Sent."}, headers=bearer(made["key"]))
    assert posted.status_code == 201, posted.text
    [last] = await desk.store.reader.tenant_page(shop.tenant_id, await shop.head() - 1)
    assert last.event.by.kind == "integration"
    assert last.event.by.id.hex == made["apiKey"]["id"].removeprefix("key_")
    await desk.fold()
    told = await desk.http.get(f"{CHAT}/{id}/messages", headers=await shop.member())
    assert [one["role"] for one in told.json()["data"]] == ["visitor", "agent"]


async def test_a_scope_opens_its_own_doors_only(desk: Desk, shop: Shop) -> None:
    id, _ = await shop.thread()
    await desk.fold()
    admin = await shop.member("admin")
    reader = bearer((await issue(desk, admin, "conversations:read"))["key"])
    assert (await desk.http.get(f"{CHAT}/{id}", headers=reader)).status_code == 200
    assert (await desk.http.get("/api/v1/chat/agent/conversations", headers=reader)).status_code == 200
    before = await shop.head()
    for method, path, body, scope in (
        ("POST", f"{CHAT}/{id}/messages", {"text": "x"}, "conversations:write"),
        ("POST", CHAT, {"text": "x"}, "conversations:write"),
        ("GET", "/api/v1/events", None, "events:read"),
        ("GET", "/api/v1/agents", None, "agents:read"),
    ):
        answer = await desk.http.request(method, path, json=body, headers=reader)
        assert code(answer) == (403, "scope_missing"), path
        assert answer.json()["error"]["details"] == {"scope": scope}
    assert await shop.head() == before


async def test_no_scope_opens_people_keys_and_providers(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    every = (
        "agents:read", "campaigns:manage", "contacts:read", "contacts:write", "conversations:read",
        "conversations:write", "events:read", "knowledge:read", "knowledge:write", "reports:read",
        "webhooks:manage",
    )  # fmt: skip
    made = await issue(desk, admin, *every)
    key, before = bearer(made["key"]), await shop.head()
    invite = {"email": "x@shop.test", "name": "X", "role": "admin"}
    for method, path, body in (
        ("POST", "/api/v1/agents", invite),
        ("POST", KEYS, {"name": "More", "scopes": list(every)}),
        ("GET", KEYS, None),
        ("DELETE", f"{KEYS}/{made['apiKey']['id']}", None),
        ("GET", "/api/v1/auth/issuer", None),
        ("DELETE", "/api/v1/auth/issuer", None),
        ("POST", "/api/v1/auth/logout", None),
        ("GET", f"/api/v1/audit/conversations/cnv_{uuid4().hex}", None),
    ):
        assert code(await desk.http.request(method, path, json=body, headers=key)) == (403, "scope_missing"), path
    assert await shop.head() == before
    id, _ = await shop.thread()
    accepted = await desk.http.post(f"/api/v1/chat/agent/conversations/{id}/accept", headers=key)
    assert code(accepted) == (403, "scope_missing")


async def test_a_revoked_key_is_refused_at_once(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    made = await issue(desk, admin, "events:read")
    path = f"{KEYS}/{made['apiKey']['id']}"
    assert (await desk.http.get(ME, headers=bearer(made["key"]))).status_code == 200
    assert (await desk.http.delete(path, headers=admin)).status_code == 204
    assert code(await desk.http.get(ME, headers=bearer(made["key"]))) == (401, "token_revoked")
    before = await shop.head()
    assert (await desk.http.delete(path, headers=admin)).status_code == 204
    assert await shop.head() == before
    assert (await desk.http.get(KEYS, headers=admin)).json()["data"][0]["revokedAt"] is not None


async def test_an_expired_key_says_so(desk: Desk, shop: Shop) -> None:
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    made = await issue(desk, await shop.member("admin"), "events:read", expiresAt=until)
    async with desk.store.database.worker() as connection:
        await connection.execute("UPDATE access.api_key SET expires_at = now()")
    assert code(await desk.http.get(ME, headers=bearer(made["key"]))) == (401, "token_expired")


async def test_pages_are_newest_first(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    ids = [(await issue(desk, admin, "events:read", name=str(number)))["apiKey"]["id"] for number in range(3)]
    first = (await desk.http.get(KEYS, params={"limit": 2}, headers=admin)).json()
    rest = (await desk.http.get(KEYS, params={"cursor": first["nextCursor"]}, headers=admin)).json()
    assert [one["id"] for one in (*first["data"], *rest["data"])] == ids[::-1]
    assert rest["nextCursor"] is None
    assert code(await desk.http.get(KEYS, params={"cursor": "x"}, headers=admin)) == (400, "invalid_request")


async def test_a_strangers_key_and_none_look_the_same(desk: Desk, shop: Shop) -> None:
    other = await desk.shop(tenant_id=2)
    theirs = await issue(desk, await other.member("admin"), "events:read")
    admin = await shop.member("admin") | {"X-Request-Id": "one"}
    bodies = set()
    for id in (theirs["apiKey"]["id"], f"key_{uuid4().hex}", "key_x"):
        answer = await desk.http.delete(f"{KEYS}/{id}", headers=admin)
        assert answer.status_code == 404
        bodies.add(answer.content)
    assert len(bodies) == 1
    assert (await desk.http.get(ME, headers=bearer(theirs["key"]))).status_code == 200
    assert (await desk.http.get(KEYS, headers=admin)).json()["data"] == []


@cases(
    "change",
    [{"scopes": []}, {"scopes": ["all"]}, {"name": ""}, {"expiresAt": "2020-01-01T00:00:00Z"}, {"role": "x"}],
)
async def test_a_bad_key_is_not_issued(desk: Desk, shop: Shop, change: dict[str, object]) -> None:
    admin = await shop.member("admin")
    before = await shop.head()
    body = {"name": "CRM", "scopes": ["events:read"]} | change
    assert code(await desk.http.post(KEYS, json=body, headers=admin)) == (400, "invalid_request")
    assert await shop.head() == before
