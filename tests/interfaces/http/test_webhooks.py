"""Webhooks over HTTP: what admins and keys may do, what is shown, and what no stranger learns."""

from __future__ import annotations

from typing import Any

import httpx

from tests.interfaces.http.desk import Desk, Shop, bearer
from tests.support.cases import cases

HOOKS = "/api/v1/webhooks"
NEW = {"url": "https://8.8.8.8/hook", "events": ["message:new", "conversation.*"]}


async def created(desk: Desk, headers: dict[str, str], **changes: Any) -> dict[str, Any]:
    answer = await desk.http.post(HOOKS, json=NEW | changes, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def key(desk: Desk, headers: dict[str, str], *scopes: str) -> dict[str, str]:
    answer = await desk.http.post("/api/v1/api-keys", json={"name": "k", "scopes": scopes}, headers=headers)
    return bearer(answer.json()["key"])


async def test_a_webhook_is_created_shown_without_its_secret_changed_and_removed(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    made = await created(desk, admin)
    secret, webhook = made["secret"], made["webhook"]
    assert secret.startswith("whsec_")
    assert webhook | {"id": ""} == {
        "id": "", "url": NEW["url"], "events": ["conversation.*", "message:new"], "description": "",
        "privateNotes": False, "personalData": True, "status": "active", "pausedBecause": None, "position": None,
        "failingSince": None, "previousSecretUntil": None, "version": 1,
    }  # fmt: skip
    await desk.fold()
    one = f"{HOOKS}/{webhook['id']}"
    listed = await desk.http.get(HOOKS, headers=admin)
    shown = await desk.http.get(one, headers=admin)
    assert listed.json() == {"data": [webhook], "nextCursor": None}
    assert shown.json() == webhook
    assert secret not in listed.text + shown.text
    changed = await desk.http.patch(one, json={"description": "Our bot"}, headers=admin)
    assert (changed.json()["description"], changed.json()["version"]) == ("Our bot", 2)
    assert (await desk.http.patch(one, json={"description": "Our bot"}, headers=admin)).json()["version"] == 2
    for _ in range(2):
        assert (await desk.http.delete(one, headers=admin)).status_code == 204
    assert code(await desk.http.patch(one, json={}, headers=admin)) == (404, "not_found")
    await desk.fold()
    assert (await desk.http.get(HOOKS, headers=admin)).json()["data"] == []


async def test_a_repeat_under_the_same_key_is_shown_the_same_secret(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin") | {"Idempotency-Key": "once"}
    first, again = [await desk.http.post(HOOKS, json=NEW, headers=admin) for _ in range(2)]
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    one = f"{HOOKS}/{first.json()['webhook']['id']}"
    rotated, once_more = [
        await desk.http.post(f"{one}/secret/rotate", json={"graceSeconds": 60}, headers=admin) for _ in range(2)
    ]
    assert rotated.json() == once_more.json()
    assert rotated.json()["secret"] != first.json()["secret"]
    assert rotated.json()["webhook"]["previousSecretUntil"] is not None


async def test_pausing_and_resuming_twice_changes_nothing(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("owner")
    one = f"{HOOKS}/{(await created(desk, admin))['webhook']['id']}"
    for path, status, version in (("pause", "paused", 2), ("resume", "active", 3)):
        for _ in range(2):
            answer = (await desk.http.post(f"{one}/{path}", headers=admin)).json()
            assert (answer["status"], answer["version"]) == (status, version)


@cases(
    "changes",
    [
        {"url": "ftp://8.8.8.8/"},
        {"url": "https://user:pass@8.8.8.8/"},
        {"url": "https://10.0.0.1/"} | {"events": ["no:such"]},
        {"url": "http://8.8.8.8/hook"},
        {"events": []},
        {"events": ["mess*age:new"]},
        {"events": ["nothing.*"]},
        {"secret": "mine"},
    ],
)
async def test_what_cannot_be_is_refused_and_nothing_is_stored(
    desk: Desk, shop: Shop, changes: dict[str, Any]
) -> None:
    admin = await shop.member("admin")
    before = await shop.head()
    answer = await desk.http.post(HOOKS, json=NEW | changes, headers=admin)
    assert code(answer) == (400, "invalid_request")
    assert await shop.head() == before


async def test_a_key_needs_the_scope_and_asks_for_no_more_than_it_may_read(desk: Desk, shop: Shop) -> None:
    owner = await shop.member("owner")
    manager = await key(desk, owner, "webhooks:manage", "conversations:read")
    stranger = await key(desk, owner, "conversations:read", "events:read")
    assert code(await desk.http.post(HOOKS, json=NEW, headers=stranger)) == (403, "scope_missing")
    refused = await desk.http.post(HOOKS, json=NEW, headers=manager)
    assert refused.json()["error"]["details"] == {"scope": "events:read"}
    made = await created(desk, manager, events=["message:new"])
    one = f"{HOOKS}/{made['webhook']['id']}"
    assert code(await desk.http.patch(one, json={"events": ["*"]}, headers=manager)) == (403, "scope_missing")
    assert code(await desk.http.get(HOOKS, headers=await shop.member("supervisor"))) == (403, "forbidden")


async def test_a_test_and_a_replay_are_asked_for_and_a_replay_stays_in_the_log(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    one = f"{HOOKS}/{(await created(desk, admin))['webhook']['id']}"
    asked = await desk.http.post(f"{one}/test", headers=admin)
    assert asked.status_code == 202
    absent = f"{one}/deliveries/{asked.json()['deliveryId']}"
    assert code(await desk.http.get(absent, headers=admin)) == (404, "not_found")  # no courier is here to send it
    assert code(await desk.http.post(f"{absent}/redeliver", headers=admin)) == (404, "not_found")
    assert (await desk.http.get(f"{one}/deliveries", headers=admin)).json() == {"data": [], "nextCursor": None}
    head = await shop.head()
    assert (await desk.http.post(f"{one}/replay", json={"from": head + 1}, headers=admin)).status_code == 200
    answer = await desk.http.post(f"{one}/replay", json={"from": head + 3}, headers=admin)
    assert code(answer) == (400, "invalid_request")


async def test_another_tenants_webhook_does_not_exist(desk: Desk, shop: Shop, other_shop: Shop) -> None:
    one = f"{HOOKS}/{(await created(desk, await shop.member('admin')))['webhook']['id']}"
    await desk.fold()
    stranger = await other_shop.member("owner")
    absent = await desk.http.get(f"{HOOKS}/whk_{'0' * 32}", headers=stranger)
    for method, path, body in (
        ("GET", "", None), ("PATCH", "", {"description": "x"}), ("DELETE", "", None), ("POST", "/pause", None),
        ("POST", "/resume", None), ("POST", "/secret/rotate", {}), ("POST", "/test", None),
        ("POST", "/replay", {"from": 1}), ("GET", "/deliveries", None),
    ):  # fmt: skip
        answer = await desk.http.request(method, one + path, json=body, headers=stranger)
        assert code(answer) == (404, "not_found"), (method, path)
        assert answer.json()["error"]["message"] == absent.json()["error"]["message"]


async def test_a_change_of_an_older_version_is_refused(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    one = f"{HOOKS}/{(await created(desk, admin))['webhook']['id']}"
    first = await desk.http.patch(one, json={"description": "Ours"}, headers=admin | {"If-Match": '"1"'})
    assert (first.status_code, first.headers["ETag"]) == (200, '"2"')
    late = await desk.http.patch(one, json={"description": "Mine"}, headers=admin | {"If-Match": '"1"'})
    assert (code(late), late.json()["error"]["details"]) == ((409, "conflict"), {"expected": 1, "version": 2})
    assert (await desk.http.patch(one, json={}, headers=admin | {"If-Match": "x"})).status_code == 400
    assert (await desk.http.patch(one, json={"description": "Mine"}, headers=admin)).json()["version"] == 3


async def test_a_tenant_has_fifty_webhooks_and_a_repeat_of_the_last_one_is_no_new_one(
    desk: Desk, shop: Shop
) -> None:
    admin, other = await shop.member("admin"), await desk.shop(2)
    keyed = admin | {"Idempotency-Key": "the last"}
    for number in range(49):
        await created(desk, admin, description=f"{number}")
    last = (await desk.http.post(HOOKS, json=NEW, headers=keyed)).json()
    await desk.fold()
    refused = await desk.http.post(HOOKS, json=NEW, headers=admin)
    assert (code(refused), refused.json()["error"]["details"]) == ((409, "too_many_webhooks"), {"limit": 50})
    assert (await desk.http.post(HOOKS, json=NEW, headers=keyed)).json() == last
    await created(desk, await other.member("admin"))
    assert (await desk.http.delete(f"{HOOKS}/{last['webhook']['id']}", headers=admin)).status_code == 204
    await desk.fold()
    await created(desk, admin)
