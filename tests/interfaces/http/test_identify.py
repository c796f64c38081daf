"""A visitor proves who they are; the secrets that prove it are shown once, rotated and revoked."""

from __future__ import annotations

import time
from typing import Any

import httpx
import jwt

from tests.interfaces.http.desk import Desk, Shop, bearer

SECRETS = "/api/v1/identity/secrets"
CHATS = "/api/v1/chat/conversations"


def signed(secret: str, **changes: Any) -> str:
    facts = {"sub": "customer-1", "exp": int(time.time()) + 3600, "name": "Mia", "email": "mia@example.org"}
    return jwt.encode(facts | changes, secret, algorithm="HS256")


async def rotated(desk: Desk, headers: dict[str, str]) -> tuple[str, str]:
    answer = await desk.http.post(f"{SECRETS}/rotate", headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"], answer.json()["secret"]


async def identify(desk: Desk, shop: Shop, token: str, visitor: dict[str, str] | None = None) -> httpx.Response:
    headers = dict(shop.site)
    if visitor is not None:
        headers["X-Visitor-Token"] = visitor["Authorization"].removeprefix("Bearer ")
    path = f"/api/widgets/{shop.widget}/identify"
    return await desk.http.post(path, json={"jwt": token}, headers=headers)


async def test_an_anonymous_visitors_history_joins_the_contact_that_is_proven(desk: Desk, shop: Shop) -> None:
    admin, agent = await shop.member("admin"), await shop.member()
    _, secret = await rotated(desk, admin)
    chat, visitor = await shop.thread()
    answer = await identify(desk, shop, signed(secret), visitor)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["success"], body["linked"], "visitorToken" in body) == (True, True, False)
    contact = body["contact"]
    assert contact | {"id": ""} == {
        "id": "", "name": "Mia", "email": "mia@example.org", "phone": None, "verified": True
    }  # fmt: skip
    await desk.fold()
    listed = (await desk.http.get("/api/v1/contacts", headers=agent)).json()["data"]
    assert [(one["id"], one["conversations"], one["verified"]) for one in listed] == [(contact["id"], 1, True)]
    shown = (await desk.http.get(f"{CHATS}/{chat}", headers=agent)).json()["contact_data"]
    assert (shown["name"], shown["verified"]) == ("Mia", True)
    before = await shop.head()
    assert (await identify(desk, shop, signed(secret), visitor)).json() == body
    assert await shop.head() == before


async def test_a_new_browser_of_a_known_customer_gets_a_token_for_them(desk: Desk, shop: Shop) -> None:
    _, secret = await rotated(desk, await shop.member("admin"))
    first = (await identify(desk, shop, signed(secret))).json()
    second = (await identify(desk, shop, signed(secret))).json()
    assert first["contact"]["id"] == second["contact"]["id"]
    assert first["visitorToken"] != second["visitorToken"]
    started = await desk.http.post(
        CHATS, json={"text": "Hi"}, headers=shop.site | {"X-Visitor-Token": first["visitorToken"]}
    )
    assert started.json()["conversation"]["contact_data"]["id"] == first["contact"]["id"]
    chat = started.json()["conversation"]["id"]
    posted = await desk.http.post(
        f"{CHATS}/{chat}/messages", json={"text": "From my phone"}, headers=bearer(second["visitorToken"])
    )
    assert posted.status_code == 201


async def test_the_next_customer_at_the_same_browser_does_not_get_the_first_ones_history(
    desk: Desk, shop: Shop
) -> None:
    _, secret = await rotated(desk, await shop.member("admin"))
    chat, visitor = await shop.thread()
    first = (await identify(desk, shop, signed(secret), visitor)).json()
    second = (await identify(desk, shop, signed(secret, sub="customer-2", name="Ben"), visitor)).json()
    assert (second["linked"], second["contact"]["name"]) == (False, "Ben")
    assert second["contact"]["id"] != first["contact"]["id"]
    await desk.fold()
    peeked = await desk.http.get(f"{CHATS}/{chat}", headers=bearer(second["visitorToken"]))
    assert peeked.status_code == 404


async def test_what_a_visitor_says_of_themselves_does_not_overwrite_what_is_proven(desk: Desk, shop: Shop) -> None:
    _, secret = await rotated(desk, await shop.member("admin"))
    known = (await identify(desk, shop, signed(secret))).json()
    body = {"text": "Hi", "name": "Mallory", "email": "mallory@example.org"}
    await desk.http.post(CHATS, json=body, headers=shop.site | {"X-Visitor-Token": known["visitorToken"]})
    await desk.fold()
    agent = await shop.member()
    contact = (await desk.http.get(f"/api/v1/contacts/{known['contact']['id']}", headers=agent)).json()
    assert (contact["name"], contact["email"]) == ("Mia", "mia@example.org")
    assert contact["claims"]["name"] == "Mallory"


async def test_what_was_linked_can_be_read_written_and_typed_in_until_it_is_taken_apart(
    desk: Desk, shop: Shop
) -> None:
    _, secret = await rotated(desk, await shop.member("admin"))
    chat, browser = await shop.thread()
    known = bearer((await identify(desk, shop, signed(secret))).json()["visitorToken"])
    _, stranger = await shop.thread("somebody else")
    await identify(desk, shop, signed(secret), browser)
    await desk.fold()

    async def statuses(who: dict[str, str]) -> list[int]:
        await desk.fold()
        path = f"{CHATS}/{chat}"
        asked = (("GET", path), ("POST", f"{path}/messages"), ("POST", f"{path}/typing"), ("GET", f"{path}/queue"))
        bodies = (None, {"text": "Hi"}, {}, None)
        answers = [
            await desk.http.request(method, address, json=body, headers=who)
            for (method, address), body in zip(asked, bodies, strict=True)
        ]
        return [answer.status_code for answer in answers]

    assert await statuses(known) == [200, 201, 204, 200]
    assert await statuses(browser) == [200, 201, 204, 200]
    assert await statuses(stranger) == [404] * 4
    agent = await shop.member()
    me = (await desk.http.get(f"{CHATS}/{chat}", headers=agent)).json()["contact_data"]["id"]
    assert (await desk.http.post(f"/api/v1/contacts/{me}/unmerge", headers=agent)).status_code == 200
    assert await statuses(known) == [404] * 4
    assert await statuses(browser) == [200, 201, 204, 200]


async def test_a_link_can_be_taken_apart_and_stays_so(desk: Desk, shop: Shop) -> None:
    _, secret = await rotated(desk, await shop.member("admin"))
    chat, visitor = await shop.thread()
    await identify(desk, shop, signed(secret), visitor)
    agent = await shop.member()
    await desk.fold()
    id = (await desk.http.get(f"{CHATS}/{chat}", headers=agent)).json()["contact_data"]["id"]
    assert (await desk.http.post(f"/api/v1/contacts/{id}/unmerge", headers=agent)).status_code == 200
    again = (await identify(desk, shop, signed(secret), visitor)).json()
    assert again["linked"] is False


async def test_a_token_that_proves_nothing_is_refused_by_its_code(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    old, secret = await rotated(desk, admin)
    other = await desk.shop(tenant_id=2)
    _, foreign = await rotated(desk, await other.member("admin"))
    before = await desk.store.reader.head()
    for token, code in (
        ("", "token_missing"),
        ("x", "token_invalid"),
        (signed(foreign), "token_invalid"),
        (signed(secret, exp=int(time.time()) - 100), "token_expired"),
        (signed(secret, exp=int(time.time()) + 100_000), "token_invalid"),
        (jwt.encode({"sub": "a", "exp": int(time.time()) + 60}, "", algorithm="none"), "token_invalid"),
    ):
        answer = await identify(desk, shop, token)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, code), token
        assert answer.json()["success"] is False
    assert await desk.store.reader.head() == before
    assert (await desk.http.delete(f"{SECRETS}/{old}", headers=admin)).status_code == 204
    revoked = await identify(desk, shop, signed(secret))
    assert (revoked.status_code, revoked.json()["error"]["code"]) == (401, "token_revoked")
    elsewhere = await desk.http.post(
        f"/api/widgets/{other.widget}/identify", json={"jwt": signed(foreign)}, headers=shop.site
    )
    assert elsewhere.status_code == 404


async def test_a_blocked_contact_is_not_let_in(desk: Desk, shop: Shop) -> None:
    _, secret = await rotated(desk, await shop.member("admin"))
    known = (await identify(desk, shop, signed(secret))).json()["contact"]["id"]
    agent = await shop.member()
    await desk.http.post(f"/api/v1/chat/visitors/{known}/block", json={"reason": "spam"}, headers=agent)
    answer = await identify(desk, shop, signed(secret))
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "visitor_blocked")
    assert answer.json()["error"]["details"] == {"until": None}


async def test_two_secrets_are_in_force_and_a_repeat_shows_the_same_one(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    made = await desk.http.post(f"{SECRETS}/rotate", headers=admin | {"Idempotency-Key": "k"})
    again = await desk.http.post(f"{SECRETS}/rotate", headers=admin | {"Idempotency-Key": "k"})
    assert made.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    first = made.json()["secret"]
    _, second = await rotated(desk, admin)
    for secret in (first, second):
        assert (await identify(desk, shop, signed(secret))).status_code == 200
    _, third = await rotated(desk, admin)
    assert (await identify(desk, shop, signed(first))).json()["error"]["code"] == "token_revoked"
    listed = (await desk.http.get(SECRETS, headers=admin)).json()["data"]
    assert [one["revokedAt"] is None for one in listed] == [True, True, False]
    assert not any(secret in str(listed) for secret in (first, second, third))
    recorded = await desk.store.reader.tenant_page(shop.tenant_id, 0)
    assert not any(secret in str(recorded) for secret in (first, second, third))
    stranger = await desk.http.delete(f"{SECRETS}/ids_{'0' * 32}", headers=admin)
    assert stranger.status_code == 404
