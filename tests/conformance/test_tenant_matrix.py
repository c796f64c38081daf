"""The tenant matrix: every route, with one tenant's ids, asked by every role of another one. Nothing comes out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args
from uuid import UUID

import httpx
import msgspec
import pytest
from litestar.routes import HTTPRoute

from application.actor import system
from application.agent import GivePermissionSet
from domain.api_key import Scope
from domain.ids import event_wire, parse, wire
from domain.permission_set import Permission
from infrastructure.eventstore.reader import EventReader
from infrastructure.eventstore.rows import COLUMNS, StoredRow, stored_rows
from tests.conformance.test_support_api import picture
from tests.interfaces.http.desk import Desk, Shop, bearer

MARK = "quetzalcoatl"
"""In everything that the victim says, names or uploads, and nowhere else."""
ROLES = ("owner", "admin", "supervisor", "agent", "analyst", "auditor")
CHAT = "/api/v1/chat"

BODIES: Mapping[str, dict[str, Any]] = {
    "chat": {"sessionId": "s", "message": "x"},
    "track": {"sessionId": "s", "event": "x"},
    "start": {"sessionId": "s"},
    "call": {"status": "answered"},
    "messages": {"text": "x"},
    "transfer": {"agentId": "{agent_id}"},
    "labels": {"add": ["x"]},
    "priority": {"priority": "high"},
    "attributes": {"attributes": {"x": 1}},
    "read": {"upTo": 1},
    "delivered": {"upTo": 1},
    "rating": {"score": 1},
    "draft": {"text": "x"},
    "bulk": {"ids": ["{conversation_id}"], "command": {"type": "end"}},
    "render": {"conversationId": "{conversation_id}"},
    "role": {"permissionSetId": "{permission_set_id}"},
    "permission-sets": {"name": "x", "permissions": ["contacts:read"]},
    "erasures": {"contactId": "{contact_id}", "reason": "x"},
    "merge": {"intoId": "{contact_id}"},
    "notes": {"text": "x"},
    "block": {"reason": "x"},
    "routing": {"strategy": "manual"},
    "skills": {"skills": ["x"]},
    "availability": {"status": "away"},
    "replay": {"from": 1},
    "test": {"conversationId": "{conversation_id}"},
    "participants": {"agentId": "{agent_id}"},
    "{sla_policy_id}": {"name": "x", "targets": {"resolution": 60}},
    "sla-policies": {"name": "x", "targets": {"resolution": 60}, "conditions": {"teams": ["{team_id}"]}},
    "rules": {"rules": []},
    "address-rules": {"blocked": ["0.0.0.0/0"], "allowed": []},
    "continuity": {"enabled": True},
    "campaigns": {"name": "x", "kind": "ongoing", "texts": {"en": "x"}},
    "schedule": {"at": "2100-01-01T00:00:00Z"},
}
"""By a path's last word: a body that would be carried out if the ids were one's own."""


class Victim(msgspec.Struct, frozen=True):
    """Wire ids by the name of the path's parameter, and what nobody else may ever see."""

    ids: Mapping[str, str]
    secrets: tuple[str, ...]


def routes(desk: Desk) -> Iterator[tuple[str, str]]:
    """(method, path) of every route that asks for a credential or names something."""
    for route in desk.app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        for handler in route.route_handlers:
            if handler.opt.get("audience") == "public" and "{" not in route.path_format:
                continue
            yield from ((method, route.path_format) for method in handler.http_methods if method != "OPTIONS")


@pytest.fixture
async def victim(desk: Desk, shop: Shop) -> Victim:
    """One of everything, all of it marked."""
    owner = await shop.member("owner", email=f"{MARK}@shop.test")
    thread = await desk.http.post(
        f"{CHAT}/conversations", json={"text": f"{MARK} said", "name": f"{MARK} Name"}, headers=shop.site
    )
    told = thread.json()
    id, contact = told["conversation"]["id"], told["conversation"]["contact_data"]["id"]
    visitor = {"Authorization": f"Bearer {told['visitorToken']}"}

    async def made(path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await desk.http.post(path, json=body, headers=owner)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    await made(f"{CHAT}/conversations/{id}/messages", {"text": f"{MARK} note", "private": True})
    canned = await made(f"{CHAT}/canned-responses", {"shortcut": MARK, "title": MARK, "body": f"{MARK} canned"})
    view = await made(f"{CHAT}/views", {"name": MARK, "scope": "shared", "filter": {"status": "open"}})
    key = await made("/api/v1/api-keys", {"name": MARK, "scopes": ["conversations:read"]})
    team = await made("/api/v1/teams", {"name": MARK})
    policy = await made("/api/v1/sla-policies", {"name": MARK, "targets": {"resolution": 60}})
    hook = await made("/api/v1/webhooks", {"url": f"https://8.8.8.8/{MARK}", "events": ["message:new"]})
    acts = [{"type": "addNote", "text": MARK}]
    rights = await made("/api/v1/permission-sets", {"name": MARK, "permissions": ["contacts:read"]})
    rule = await made("/api/v1/automations", {"name": MARK, "trigger": "rated", "actions": acts})
    macro = await made("/api/v1/macros", {"name": MARK, "actions": acts})
    campaign = await made("/api/v1/campaigns", {"name": MARK, "kind": "ongoing", "texts": {"en": MARK}})
    await made(f"/api/v1/campaigns/{campaign['id']}/launch", {})
    article = await made("/api/v1/knowledge", {"title": MARK, "body": f"{MARK} article"})
    tokens = await made(f"/api/v1/widgets/{shop.widget}/tokens/rotate", {})
    secret = await made("/api/v1/identity/secrets/rotate", {})
    await desk.fold()
    files = {"file": (f"{MARK}.png", picture(), "image/png")}
    file = (await desk.http.post(f"{CHAT}/upload", files=files, headers=visitor)).json()
    me = (await desk.http.get("/api/v1/auth/me", headers=owner)).json()["user"]["id"]
    await desk.fold()
    ids = {
        "widget_id": shop.widget,
        "assistant_id": wire("assistant", shop.assistant_id or UUID(int=0)),
        "conversation_id": id,
        "contact_id": contact,
        "visitor_id": contact,
        "agent_id": me,
        "canned_response_id": _id_of(canned, "can"),
        "view_id": _id_of(view, "viw"),
        "token_id": _id_of(tokens, "tok"),
        "key_id": _id_of(key, "key"),
        "file_id": _id_of(file, "fil"),
        "team_id": _id_of(team, "tea"),
        "sla_policy_id": _id_of(policy, "slp"),
        "campaign_id": campaign["id"],
        "article_id": _id_of(article, "art"),
        "secret_id": _id_of(secret, "ids"),
        "automation_id": _id_of(rule, "aut"),
        "permission_set_id": _id_of(rights, "pst"),
        "macro_id": _id_of(macro, "mac"),
        "webhook_id": _id_of(hook, "whk"),
        "delivery_id": "dlv_" + "0" * 31 + "1",
        "event_id": event_wire(parse("conversation", id), 2),
        "tenant_id": shop.tenant,
        "bulk_id": "blk_" + "0" * 31 + "1",
    }
    return Victim(ids, (MARK, id, contact, ids["file_id"], ids["view_id"]))


async def test_every_parameter_of_a_path_is_one_that_the_matrix_fills(desk: Desk, victim: Victim) -> None:
    named = {name for _, path in routes(desk) for name in re.findall(r"{(\w+)}", path)}
    assert named <= set(victim.ids), sorted(named - set(victim.ids))


@pytest.mark.timeout(300)
async def test_no_role_of_another_tenant_gets_anything(
    desk: Desk, shop: Shop, other_shop: Shop, victim: Victim
) -> None:
    before, leaks = await shop.head(), list[str]()
    for who, headers in (await _strangers(other_shop)).items():
        leaks += await _leaks(desk, victim, who, headers)
    assert leaks == []
    assert await shop.head() == before


async def test_another_visitor_of_the_same_tenant_is_a_stranger_too(
    desk: Desk, shop: Shop, victim: Victim
) -> None:
    _, neighbour = await shop.thread()
    await desk.fold()
    assert await _leaks(desk, victim, "neighbour", neighbour) == []


async def test_the_matrix_sees_a_tenant_filter_that_was_forgotten(
    desk: Desk, other_shop: Shop, victim: Victim, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault is put in on purpose: a stream is read without asking whose it is."""

    async def anybodys(self: EventReader, tenant_id: int, stream_id: UUID) -> list[StoredRow]:
        async with desk.store.database.worker() as connection:
            cursor = await connection.execute(
                f"SELECT {COLUMNS} FROM es.event WHERE stream_id = %s ORDER BY version".encode(), (stream_id,)
            )
            return stored_rows(await cursor.fetchall())

    monkeypatch.setattr(EventReader, "raw_stream", anybodys)
    assert await _leaks(desk, victim, "owner", await other_shop.member("owner"))


async def _strangers(other: Shop) -> dict[str, dict[str, str]]:
    found = {role: await other.member(role) for role in ROLES}
    _, visitor = await other.thread()
    body = {"name": "all", "scopes": list(get_args(Scope))}
    made = await other.desk.http.post("/api/v1/api-keys", json=body, headers=found["owner"])
    key = {"Authorization": f"Bearer {made.json()['key']}"}
    holder = await _set_holder(other, found["owner"])
    return found | {"visitor": visitor, "site": other.site, "API key": key, "set-holder": holder}


async def _set_holder(other: Shop, owner: dict[str, str]) -> dict[str, str]:
    """Somebody with every permission there is."""
    body = {"name": "all", "permissions": list(get_args(Permission))}
    made = await other.desk.http.post("/api/v1/permission-sets", json=body, headers=owner)
    holder = await other.member()
    me = (await other.desk.http.get("/api/v1/auth/me", headers=holder)).json()["user"]
    agent_id = parse("agent", me["id"])
    give = GivePermissionSet(agent_id=agent_id, permission_set_id=parse("permission_set", made.json()["id"]))
    await other.desk.do(system(other.tenant_id), give)
    return bearer((await other.desk.access.session_for(other.tenant_id, agent_id)).access_token)


async def _leaks(desk: Desk, victim: Victim, who: str, headers: dict[str, str]) -> list[str]:
    found: list[str] = []
    for method, path in routes(desk):
        if path.endswith("/logout"):
            continue
        answer = await _asked(desk, method, path, victim, headers)
        named = "{" in path
        was_done = answer.status_code < 300 and named and not path.endswith("/bulk")
        if (
            was_done
            or answer.status_code >= 500
            or any(secret in answer.text for secret in _unasked(victim, path))
        ):
            found.append(f"{who} {method} {path}: {answer.status_code} {answer.text[:200]}")
    return found


async def _asked(desk: Desk, method: str, path: str, victim: Victim, headers: dict[str, str]) -> httpx.Response:
    url = _filled(path, victim.ids)
    if path.endswith("/upload"):
        return await desk.http.post(url, files={"file": ("x.png", picture(), "image/png")}, headers=headers)
    body = BODIES.get(path.rsplit("/", 1)[-1], {})
    filled = msgspec.json.decode(_filled(msgspec.json.encode(body).decode(), victim.ids))
    return await desk.http.request(method, url, json=None if method == "GET" else filled, headers=headers)


def _unasked(victim: Victim, path: str) -> tuple[str, ...]:
    """A bulk answer repeats the ids that were asked for."""
    return (MARK,) if path.endswith("/bulk") else victim.secrets


def _filled(text: str, ids: Mapping[str, str]) -> str:
    for name, id in ids.items():
        text = text.replace("{" + name + "}", id)
    return text


def _id_of(body: dict[str, Any], prefix: str) -> str:
    """The first id with this prefix in an answer."""
    found = re.search(rf'"({prefix}_[0-9a-f]{{32}})"', msgspec.json.encode(body).decode())
    assert found, body
    return found[1]
