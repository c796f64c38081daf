"""Assistants by HTTP: several, one the default, changed by version, archived."""

from __future__ import annotations

from application.ports import Answer
from tests.interfaces.http.desk import FALLBACK, Desk, Shop
from tests.support.cases import cases

PATH = "/api/v1/assistants"
FULL = {
    "name": "Grace",
    "prompt": "Sell chairs.",
    "model": "small",
    "baseUrl": "http://127.0.0.1:9/v1",
    "temperature": 0.3,
    "tone": "friendly",
    "tools": ["search_knowledge", "hand_over"],
    "maxTurns": 5,
    "languages": ["en", "de"],
    "duty": "within_hours",
    "hours": {
        "timeZone": "Europe/Berlin",
        "openings": [{"day": 0, "opens": "09:00", "closes": "17:00"}],
        "holidays": [],
    },
    "linkHosts": ["shop.test"],
    "fallback": "Wait a moment.",
}


async def test_what_is_created_can_be_read_and_listed(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    made = await desk.http.post(PATH, json=FULL, headers=admin)
    assert made.status_code == 201, made.text
    body = made.json()
    assert {name: body[name] for name in FULL} == FULL
    assert (body["version"], body["isDefault"], body["isArchived"]) == (1, False, False)
    assert made.headers["ETag"] == '"1"'
    await desk.fold()
    assert (await desk.http.get(f"{PATH}/{body['id']}", headers=await shop.member())).json() == body
    listed = (await desk.http.get(PATH, headers=admin)).json()["data"]
    assert [one["name"] for one in listed] == ["Ada", "Grace"]


async def test_the_list_comes_in_pages(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    for number in range(4):
        await desk.http.post(PATH, json={"name": f"A{number}"}, headers=admin)
    await desk.fold()
    names, cursor = list[str](), None
    for _ in range(3):
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await desk.http.get(PATH, params=params, headers=admin)).json()
        names += [one["name"] for one in page["data"]]
        cursor = page["nextCursor"]
    assert names == ["Ada", "A0", "A1", "A2", "A3"]
    assert cursor is None


async def test_a_change_needs_the_version_that_was_seen(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    id = (await desk.http.post(PATH, json=FULL, headers=admin)).json()["id"]
    old = {"If-Match": '"1"'}
    changed = await desk.http.patch(f"{PATH}/{id}", json={"temperature": None}, headers=admin | old)
    assert (changed.status_code, changed.json()["version"], changed.json()["temperature"]) == (200, 2, None)
    assert changed.json()["tone"] == "friendly"
    stale = await desk.http.patch(f"{PATH}/{id}", json={"name": "Other"}, headers=admin | old)
    assert (stale.status_code, stale.json()["error"]["code"]) == (409, "conflict")


async def test_the_same_settings_again_change_nothing(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    id = (await desk.http.post(PATH, json=FULL, headers=admin)).json()["id"]
    before = await shop.head()
    again = await desk.http.patch(f"{PATH}/{id}", json=FULL, headers=admin)
    assert (again.json()["version"], await shop.head()) == (1, before)


async def test_the_default_answers_where_nobody_names_one_and_is_not_archived(desk: Desk, shop: Shop) -> None:
    plain = await desk.shop(tenant_id=1, assistant=False)
    admin = await shop.member("admin")
    assert (await plain.say()).json()["error"]["code"] == "no_assistant"
    id = (await desk.http.post(PATH, json={"name": "Grace"}, headers=admin)).json()["id"]
    chosen = await desk.http.put(f"{PATH}/{id}/default", headers=admin)
    assert chosen.json()["isDefault"] is True
    desk.will_answer(Answer("I am Grace."))
    assert (await plain.say(sessionId="s2")).json()["message"] == "I am Grace."
    refused = await desk.http.delete(f"{PATH}/{id}", headers=admin)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "assistant_is_default")


async def test_an_archived_one_is_named_by_nobody_and_hands_over_whom_it_had(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    id = (await desk.http.post(PATH, json={"name": "Grace", "fallback": FALLBACK}, headers=admin)).json()["id"]
    desk.will_answer(Answer("Hello."))
    first = (await shop.say("Hi", assistantId=id)).json()
    assert first["message"] == "Hello."
    for _ in range(2):
        assert (await desk.http.delete(f"{PATH}/{id}", headers=admin)).status_code == 204
    more = {"conversationId": first["conversationId"]}
    second = (await shop.say("And?", {"X-Visitor-Token": first["visitorToken"]}, **more)).json()
    assert (second["message"], second["handledBy"], second["metadata"]["model"]) == (FALLBACK, "queue", None)
    assert len(desk.model.asked) == 1
    await desk.fold()
    listed = (await desk.http.get(PATH, headers=admin)).json()["data"]
    assert [one["name"] for one in listed] == ["Ada"]
    assert (await desk.http.get(f"{PATH}/{id}", headers=admin)).json()["isArchived"] is True
    assert (await desk.http.patch(f"{PATH}/{id}", json={"name": "x"}, headers=admin)).status_code == 404
    assert (await desk.http.put(f"{PATH}/{id}/default", headers=admin)).status_code == 404


@cases(
    "wrong",
    [
        {"name": " "},
        {"temperature": 2.1},
        {"maxTurns": 0},
        {"languages": ["English!"]},
        {"linkHosts": ["https://shop.test/"]},
        {"tools": ["delete_everything"]},
        {"duty": "within_hours", "hours": None},
        {"baseUrl": "ftp://models.test/v1"},
        {"baseUrl": "https://user:pass@models.test/v1"},
        {"baseUrl": "http://10.0.0.1/v1"},
        {"tenantId": "tnt_2"},
    ],
)
async def test_what_no_assistant_may_be_is_refused(desk: Desk, shop: Shop, wrong: dict[str, object]) -> None:
    admin = await shop.member("admin")
    before = await shop.head()
    refused = await desk.http.post(PATH, json=FULL | wrong, headers=admin)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_request")
    assert await shop.head() == before


async def test_who_may_not_set_up_may_not_change(desk: Desk, shop: Shop) -> None:
    headers = await shop.member("supervisor")
    assert (await desk.http.post(PATH, json={"name": "x"}, headers=headers)).status_code == 403
