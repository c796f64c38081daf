"""Widgets are made, changed by version, archived; whoever may not, or is a stranger, is told so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest
from litestar import Litestar
from prometheus_client import CollectorRegistry

from application.actor import system
from application.contact import IntroduceContact
from domain.ids import wire
from domain.widget import WidgetConfigured
from interfaces.http.app import build_app
from interfaces.http.pages import page_routes
from tests.interfaces.http.desk import ORIGIN, Desk, Shop, bearer
from tests.support.cases import cases

WIDGETS = "/api/v1/widgets"
CONFIG = "/api/v1/chat/widget/config"
HOURS = {"timeZone": "Europe/Berlin", "openings": [{"day": 0, "opens": "09:00", "closes": "17:00"}]}
FORM = {
    "enabled": True,
    "fields": [{"name": "email", "type": "email", "label": {"en": "E-mail"}, "required": True}],
}
CHANGE: dict[str, Any] = {
    "name": "Blog",
    "primaryColor": "#112233",
    "position": "bottom-left",
    "logo": None,
    "origins": ["https://Blog.test/"],
    "theme": "dark",
    "launcher": "wave",
    "locale": "de",
    "texts": {"de": {"greeting": "Moin"}},
    "hours": HOURS,
    "preChat": FORM,
    "offline": FORM,
    "reopenWindow": 5,
    "files": {"maxSize": 1000, "contentTypes": ["image/png"]},
    "features": {"rating": False},
}


@pytest.fixture
async def admin(shop: Shop) -> dict[str, str]:
    return await shop.member("admin")


async def created(desk: Desk, admin: dict[str, str], **facts: Any) -> dict[str, Any]:
    answer = await desk.http.post(WIDGETS, json={"name": "Second"} | facts, headers=admin)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_tenant_has_several_widgets_in_pages(desk: Desk, shop: Shop, admin: dict[str, str]) -> None:
    ids = [shop.widget] + [(await created(desk, admin))["id"] for _ in range(2)]
    await desk.fold()
    first = (await desk.http.get(WIDGETS, params={"limit": 2}, headers=admin)).json()
    second = await desk.http.get(WIDGETS, params={"limit": 2, "cursor": first["nextCursor"]}, headers=admin)
    assert [one["id"] for one in first["data"] + second.json()["data"]] == ids
    assert second.json()["nextCursor"] is None
    one = await desk.http.get(f"{WIDGETS}/{ids[1]}", headers=admin)
    assert (one.json()["id"], one.headers["ETag"]) == (ids[1], '"1"')


async def test_a_repeat_makes_one_widget(desk: Desk, shop: Shop, admin: dict[str, str]) -> None:
    key = admin | {"Idempotency-Key": "k"}
    assert (await created(desk, key))["id"] == (await created(desk, key))["id"]


async def test_all_that_can_be_set_is_set_and_the_same_again_changes_nothing(
    desk: Desk, shop: Shop, admin: dict[str, str]
) -> None:
    path = f"{WIDGETS}/{shop.widget}"
    answer = await desk.http.patch(path, json=CHANGE, headers=admin)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert {name: body[name] for name in ("name", "theme", "launcher", "locale", "texts", "reopenWindow")} == {
        name: CHANGE[name] for name in ("name", "theme", "launcher", "locale", "texts", "reopenWindow")
    }
    assert body["origins"] == ["https://blog.test"]
    assert body["features"] == {"attachments": True, "human": True, "transcript": True, "rating": False}
    head = await shop.head()
    assert (await desk.http.patch(path, json=CHANGE, headers=admin)).json() == body
    assert await shop.head() == head
    await desk.fold()
    assert (await desk.http.get(path, headers=admin)).json() == body
    recorded = await desk.store.reader.stream(shop.tenant_id, shop.widget_id)
    event = recorded[-1].event
    assert isinstance(event, WidgetConfigured)
    assert (event.by.kind, "hours" in event.changed, "locale" in event.changed) == ("agent", True, True)


async def test_a_change_of_an_older_version_is_refused_and_names_the_newer_one(
    desk: Desk, shop: Shop, admin: dict[str, str]
) -> None:
    path = f"{WIDGETS}/{shop.widget}"
    first = await desk.http.patch(path, json={"name": "A"}, headers=admin | {"If-Match": '"1"'})
    assert first.status_code == 200
    late = await desk.http.patch(path, json={"name": "B"}, headers=admin | {"If-Match": '"1"'})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "conflict")
    assert late.json()["error"]["details"]["version"] == first.json()["configVersion"]
    assert first.headers["ETag"] == f'"{first.json()["configVersion"]}"'


@cases(
    "change",
    [
        {"primaryColor": "red"},
        {"logo": "javascript:alert(1)"},
        {"origins": ["https://a.test; script-src *"]},
        {"origins": ["https://a.test/path"]},
        {"locale": "deutsch"},
        {"texts": {"de": {"nonsense": "x"}}},
        {"texts": {"de": {"greeting": "x" * 501}}},
        {"hours": {"timeZone": "Nowhere/Land", "openings": []}},
        {"preChat": {"enabled": True, "fields": [{"name": "a b", "type": "text", "label": {"en": "A"}}]}},
        {"preChat": {"enabled": True, "fields": [{"name": "a", "type": "select", "label": {"en": "A"}}]}},
        {"reopenWindow": -1},
        {"files": {"maxSize": 1, "contentTypes": ["text/html"]}},
        {"features": {"telepathy": True}},
        {"assistantId": "ast_" + "0" * 32},
        {"unknown": 1},
        {"name": None},
    ],
)
async def test_what_no_widget_may_be_is_refused_and_nothing_is_stored(
    desk: Desk, shop: Shop, admin: dict[str, str], change: dict[str, Any]
) -> None:
    head = await shop.head()
    answer = await desk.http.patch(f"{WIDGETS}/{shop.widget}", json=change, headers=admin)
    assert answer.status_code in (400, 404), answer.text
    assert await shop.head() == head


async def test_a_widget_is_not_made_for_an_assistant_that_is_not_there(
    desk: Desk, shop: Shop, admin: dict[str, str]
) -> None:
    other, before = await desk.shop(2), await shop.head()
    assert other.assistant_id is not None
    for assistant in (wire("assistant", other.assistant_id), "ast_" + "0" * 32):
        refused = await desk.http.post(WIDGETS, json={"name": "Shop", "assistantId": assistant}, headers=admin)
        assert refused.status_code == 404, refused.text
    assert await shop.head() == before


async def test_an_archived_widget_serves_nobody_and_is_listed_apart(
    desk: Desk, shop: Shop, admin: dict[str, str]
) -> None:
    path = f"{WIDGETS}/{shop.widget}"
    assert (await desk.http.delete(path, headers=admin)).status_code == 204
    head = await shop.head()
    assert (await desk.http.delete(path, headers=admin)).status_code == 204
    assert await shop.head() == head
    await desk.fold()
    refused = await desk.http.get(CONFIG, headers=shop.site)
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "token_revoked")
    assert (await desk.http.get(WIDGETS, headers=admin)).json()["data"] == []
    archived = (await desk.http.get(WIDGETS, params={"archived": True}, headers=admin)).json()["data"]
    assert [(one["id"], one["archived"]) for one in archived] == [(shop.widget, True)]
    late = await desk.http.patch(path, json={"name": "Late"}, headers=admin)
    rotated = await desk.http.post(f"{path}/tokens/rotate", headers=admin)
    assert [(one.status_code, one.json()["error"]["code"]) for one in (late, rotated)] == [
        (409, "widget_archived")
    ] * 2


async def test_only_admins_change_widgets_and_agents_may_look(desk: Desk, shop: Shop) -> None:
    await desk.fold()
    path = f"{WIDGETS}/{shop.widget}"
    agent, analyst = await shop.member(), await shop.member("analyst")
    assert (await desk.http.get(path, headers=agent)).status_code == 200
    assert (await desk.http.get(path, headers=analyst)).status_code == 403
    for method, address in (
        ("PATCH", path),
        ("DELETE", path),
        ("POST", WIDGETS),
        ("POST", f"{path}/tokens/rotate"),
    ):
        assert (await desk.http.request(method, address, json={}, headers=agent)).status_code == 403, address


@pytest.fixture
async def pages(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    parts = msgspec.structs.replace(desk.app.state.parts, registry=CollectorRegistry())
    app: Litestar = build_app(parts, page_routes(None))
    transport = httpx.ASGITransport(app)  # pyright: ignore[reportArgumentType]
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http:
        yield http


async def test_a_page_of_a_site_that_the_widget_does_not_name_cannot_show_it(
    desk: Desk, shop: Shop, pages: httpx.AsyncClient
) -> None:
    bound = await desk.shop(3, origins=("https://shop.test", "https://shop.test:8443"))

    async def ancestors(widget: str) -> str:
        answer = await pages.get("/widget/frame.html", params={"widget": widget})
        assert answer.status_code == 200
        return answer.headers["content-security-policy"].partition("frame-ancestors ")[2]

    assert await ancestors(bound.widget) == "'self' https://shop.test https://shop.test:8443"
    assert await ancestors(shop.widget) == "*"
    met = await desk.do(system(1), IntroduceContact(contact_id=uuid4(), name="Mia"))
    stranger = wire("widget", met.events[0].originator_id)
    for nobodys in ("wid_" + "0" * 32, "", stranger):
        assert await ancestors(nobodys) == "'none'"


async def test_a_card_number_is_masked_until_the_tenant_switches_that_off_for_itself(
    desk: Desk, shop: Shop, other_shop: Shop, admin: dict[str, str]
) -> None:
    card = "4111 1111 1111 1111"

    async def stored(where: Shop) -> str:
        id, visitor = await where.thread(card)
        await desk.fold()
        answer = await desk.http.get(f"/api/v1/chat/conversations/{id}", headers=visitor)
        return answer.json()["messages"]["data"][0]["text"]

    masking = "/api/v1/tenant/masking"
    assert (await desk.http.get(masking, headers=admin)).json() == {"enabled": True}
    assert await stored(shop) == "[card-number]"
    head = await shop.head()
    await desk.http.put(masking, json={"enabled": True}, headers=admin)
    assert await shop.head() == head
    assert (await desk.http.put(masking, json={"enabled": False}, headers=admin)).status_code == 200
    assert (await desk.http.get(masking, headers=admin)).json() == {"enabled": False}
    assert (await stored(shop), await stored(other_shop)) == (card, "[card-number]")
    agent = await shop.member()
    assert (await desk.http.put(masking, json={"enabled": True}, headers=agent)).status_code == 403


async def test_a_token_is_rotated_with_an_overlap_and_revoked_at_once(
    desk: Desk, shop: Shop, admin: dict[str, str]
) -> None:
    tokens = f"{WIDGETS}/{shop.widget}/tokens"
    await desk.fold()

    async def asked(token: str) -> tuple[int, str]:
        answer = await desk.http.get(CONFIG, headers=bearer(token))
        return answer.status_code, answer.json().get("error", {}).get("code", "")

    key = admin | {"Idempotency-Key": "k"}
    rotated = await desk.http.post(f"{tokens}/rotate", headers=key)
    assert rotated.status_code == 201, rotated.text
    new = rotated.json()["token"]
    assert [await asked(token) for token in (shop.widget_token, new)] == [(200, "")] * 2
    repeat = await desk.http.post(f"{tokens}/rotate", headers=key)
    assert (repeat.json()["id"], repeat.json()["token"]) == (rotated.json()["id"], None)
    listed = await desk.http.get(tokens, headers=admin)
    assert [one["status"] for one in listed.json()["data"]] == ["active", "grace"]
    assert new not in listed.text
    assert listed.json()["data"][1]["graceUntil"] == rotated.json()["graceUntil"]
    assert new.endswith(listed.json()["data"][0]["hint"])

    last = await desk.http.post(f"{tokens}/rotate", json={"graceSeconds": 0}, headers=admin)
    assert await asked(shop.widget_token) == (401, "token_expired")
    assert await asked(new) == (401, "token_expired")
    assert await asked(last.json()["token"]) == (200, "")
    for _ in range(2):
        gone = await desk.http.delete(f"{tokens}/{last.json()['id']}", headers=admin)
        assert gone.status_code == 204
    assert await asked(last.json()["token"]) == (401, "token_revoked")
    page = (await desk.http.get(tokens, params={"limit": 1}, headers=admin)).json()
    rest = (await desk.http.get(tokens, params={"cursor": page["nextCursor"]}, headers=admin)).json()
    assert [one["status"] for one in page["data"] + rest["data"]] == ["revoked", "expired", "expired"]
    history = [one.type for one in await desk.store.reader.stream(shop.tenant_id, shop.widget_id)]
    assert history[-3:] == ["widget.token_rotated.1", "widget.token_rotated.1", "widget.token_revoked.1"]
    assert (await desk.http.delete(f"{tokens}/tok_{'0' * 32}", headers=admin)).status_code == 404
    bad = await desk.http.post(f"{tokens}/rotate", json={"graceSeconds": -1}, headers=admin)
    assert bad.status_code == 400
