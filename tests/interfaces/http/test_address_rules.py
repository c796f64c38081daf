"""From where a widget may be used: every route of visitors keeps to it, no route of members asks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from application.actor import system
from application.widget import InstallWidget
from domain.ids import wire
from domain.widget import Look, WidgetAddressRulesSet
from interfaces.http.audience import FROM_OTHER_SITES
from tests.interfaces.http.desk import ORIGIN, Desk, Shop
from tests.interfaces.http.test_audience import filled, walk
from tests.support.cases import cases

HOME, ELSEWHERE = "203.0.113.7", "198.51.100.9"
BLOCKED = (403, "address_blocked")


@pytest.fixture
async def admin(shop: Shop) -> dict[str, str]:
    return await shop.member("admin")


@asynccontextmanager
async def calling_from(
    desk: Desk, address: str | None, proxies: Sequence[str] | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """A client at that address, with `proxies` trusted to say another one."""
    app: Any = desk.app if proxies is None else ProxyHeadersMiddleware(desk.app, list(proxies))  # pyright: ignore[reportArgumentType]
    place: Any = None if address is None else (address, 4711)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app, client=place), base_url=ORIGIN) as http:
        yield http


async def rule(
    desk: Desk, shop: Shop, admin: dict[str, str], blocked: Sequence[str] = (), allowed: Sequence[str] = ()
) -> httpx.Response:
    body = {"blocked": list(blocked), "allowed": list(allowed)}
    return await desk.http.put(f"/api/v1/widgets/{shop.widget}/address-rules", json=body, headers=admin)


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_rules_are_set_read_and_kept_as_of_any_time(desk: Desk, shop: Shop, admin: dict[str, str]) -> None:
    path = f"/api/v1/widgets/{shop.widget}/address-rules"
    first = await desk.http.get(path, headers=admin)
    assert (first.json(), first.headers["ETag"]) == ({"blocked": [], "allowed": [], "version": 0}, '"0"')
    before = await shop.head()
    answer = await rule(desk, shop, admin, ["10.1.2.3", "10.0.0.0/8", f"::ffff:{HOME}"], ["2001:DB8::1/32"])
    body = {"blocked": ["10.0.0.0/8", HOME], "allowed": ["2001:db8::/32"], "version": 3}
    assert (answer.status_code, answer.json(), answer.headers["ETag"]) == (200, body, '"3"')
    assert (await desk.http.get(path, headers=await shop.member("auditor"))).json() == body
    past = await desk.http.get(path, params={"asOf": before}, headers=admin)
    assert (past.json(), past.headers["X-As-Of-Position"]) == (first.json(), str(before))
    event = (await desk.store.reader.stream(shop.tenant_id, shop.widget_id))[-1].event
    assert isinstance(event, WidgetAddressRulesSet)
    assert (event.by.kind, event.cause.command) == ("agent", "SetWidgetAddressRules")


async def test_the_same_rules_again_and_a_repeat_change_nothing(
    desk: Desk, shop: Shop, admin: dict[str, str]
) -> None:
    key = admin | {"Idempotency-Key": "k"}
    first, head = await rule(desk, shop, key, [HOME]), await shop.head()
    repeat = await rule(desk, shop, key, [HOME])
    assert (repeat.json(), repeat.headers["Idempotent-Replayed"]) == (first.json(), "true")
    assert (await rule(desk, shop, admin, [HOME, f"{HOME}/32"])).json() == first.json()
    assert await shop.head() == head


async def test_rules_that_somebody_else_changed_are_not_overwritten_unseen(
    desk: Desk, shop: Shop, admin: dict[str, str]
) -> None:
    assert (await rule(desk, shop, admin | {"If-Match": '"0"'}, [HOME])).status_code == 200
    late = await rule(desk, shop, admin | {"If-Match": '"0"'})
    assert (told(late), late.json()["error"]["details"]["version"]) == ((409, "conflict"), 3)


@cases(
    "body",
    [
        {},
        {"blocked": [HOME]},
        {"blocked": ["shop.test"], "allowed": []},
        {"blocked": [], "allowed": ["1.2.3.4/33"]},
        {"blocked": ["fe80::1%eth0"], "allowed": []},
        {"blocked": [7], "allowed": []},
        {"blocked": HOME, "allowed": []},
        {"blocked": [f"10.{n}.0.0/16" for n in range(201)], "allowed": []},
        {"blocked": ["1" * 100_000], "allowed": []},
        {"blocked": [], "allowed": [], "more": []},
    ],
)
async def test_what_are_no_rules_is_refused(
    desk: Desk, shop: Shop, admin: dict[str, str], body: dict[str, Any]
) -> None:
    head = await shop.head()
    answer = await desk.http.put(f"/api/v1/widgets/{shop.widget}/address-rules", json=body, headers=admin)
    assert told(answer) == (400, "invalid_request")
    assert await shop.head() == head


async def test_who_may_not_and_strangers_set_no_rules(desk: Desk, shop: Shop, other_shop: Shop) -> None:
    for role in ("supervisor", "agent", "analyst", "auditor"):
        assert told(await rule(desk, shop, await shop.member(role))) == (403, "forbidden")
    owner = await shop.member("owner")
    absent = f"/api/v1/widgets/{wire('widget', uuid4())}/address-rules"
    foreign = f"/api/v1/widgets/{other_shop.widget}/address-rules"
    for method, body in (("GET", None), ("PUT", {"blocked": [], "allowed": []})):
        both = [
            await desk.http.request(method, path, json=body, headers=owner | {"X-Request-Id": "one"})
            for path in (absent, foreign)
        ]
        assert [one.status_code for one in both] == [404, 404]
        assert both[0].content == both[1].content


async def test_every_route_of_visitors_is_closed_to_a_blocked_address(
    desk: Desk, shop: Shop, admin: dict[str, str]
) -> None:
    """By the widget's token, the visitor's or both; nothing is stored. From elsewhere nothing is refused so."""
    _, visitor = await shop.thread()
    token = visitor["Authorization"].removeprefix("Bearer ")
    both = shop.site | {"X-Visitor-Token": token}
    await desk.fold()
    await rule(desk, shop, admin, [HOME])
    head, asked = await shop.head(), 0
    async with calling_from(desk, HOME) as blocked, calling_from(desk, ELSEWHERE) as other:
        for method, path, audience, _ in walk(desk):
            if audience not in FROM_OTHER_SITES:
                continue
            for headers in (both, visitor if audience != "widget" else shop.site):
                answer = await blocked.request(method, filled(path, shop), headers=headers)
                assert told(answer) == BLOCKED, (path, answer.text)
                assert (path.startswith("/api/widgets/")) == ("success" in answer.json())
                assert await shop.head() == head
                elsewhere = await other.request(method, filled(path, shop), headers=headers)
                assert elsewhere.status_code != 403, (path, elsewhere.text)
                head, asked = await shop.head(), asked + 1
    assert asked > 40


async def test_a_message_from_an_allowed_address_is_taken_and_from_no_other(
    desk: Desk, shop: Shop, admin: dict[str, str]
) -> None:
    await rule(desk, shop, admin, [HOME], ["203.0.113.0/24", "2001:db8::/32"])
    path, body = "/api/v1/chat/conversations", {"text": "Hello"}
    for address, status in (
        ("203.0.113.8", 201),
        ("::ffff:203.0.113.8", 201),
        ("2001:db8::1", 201),
        (HOME, 403),
        (f"::ffff:{HOME}", 403),
        (ELSEWHERE, 403),
        (None, 403),
    ):
        async with calling_from(desk, address) as http:
            assert (await http.post(path, json=body, headers=shop.site)).status_code == status, address


async def test_another_widget_is_no_way_round_for_a_visitor(desk: Desk, shop: Shop, admin: dict[str, str]) -> None:
    """A visitor's token keeps the rules of the widget it was made for; a new visitor is the other widget's."""
    id, visitor = await shop.thread()
    second = uuid4()
    await desk.do(system(shop.tenant_id), InstallWidget(widget_id=second, look=Look(name="Second")))
    _, token = await desk.access.issue_widget_token(shop.tenant_id, second)
    site = {"Authorization": f"Bearer {token}"}
    await rule(desk, shop, admin, [HOME])
    async with calling_from(desk, HOME) as http:
        mine = site | {"X-Visitor-Token": visitor["Authorization"].removeprefix("Bearer ")}
        path = f"/api/v1/chat/conversations/{id}/messages"
        assert told(await http.post(path, json={"text": "x"}, headers=mine)) == BLOCKED
        opened = await http.post("/api/v1/chat/conversations", json={"text": "x"}, headers=site)
        assert opened.status_code == 201


async def test_members_are_not_asked_for_their_address(desk: Desk, shop: Shop, admin: dict[str, str]) -> None:
    id, _ = await shop.thread()
    await rule(desk, shop, admin, ["0.0.0.0/0", "::/0"], ["192.0.2.1"])
    async with calling_from(desk, HOME) as http:
        path = f"/api/v1/chat/conversations/{id}/messages"
        assert (await http.post(path, json={"text": "x"}, headers=admin)).status_code == 201


async def test_a_preflight_names_no_widget_and_is_answered(desk: Desk, shop: Shop, admin: dict[str, str]) -> None:
    await rule(desk, shop, admin, [HOME])
    wanted = {"Origin": "https://shop.test", "Access-Control-Request-Method": "POST"}
    async with calling_from(desk, HOME) as http:
        answer = await http.options(f"/api/widgets/{shop.widget}/chat", headers=wanted)
        assert answer.status_code == 204


async def test_only_a_trusted_proxy_says_where_somebody_is(desk: Desk, shop: Shop, admin: dict[str, str]) -> None:
    await rule(desk, shop, admin, [HOME])
    path = f"/api/widgets/{shop.widget}/track"
    body = {"sessionId": "s", "event": "x"}

    async def status(address: str, proxies: Sequence[str], forwarded: str) -> int:
        async with calling_from(desk, address, proxies) as http:
            headers = shop.site | {"X-Forwarded-For": forwarded}
            return (await http.post(path, json=body, headers=headers)).status_code

    assert await status("192.0.2.1", ["192.0.2.1"], HOME) == 403
    assert await status("192.0.2.1", [], HOME) == 200
    assert await status(HOME, ["192.0.2.1"], ELSEWHERE) == 403
    assert await status("192.0.2.1", ["192.0.2.1"], f"{ELSEWHERE}, {HOME}") == 403
