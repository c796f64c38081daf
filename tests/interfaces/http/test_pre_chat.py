"""A form is checked where a conversation starts, its answers are kept with it, and switches of a widget hold."""

from __future__ import annotations

from typing import Any

import httpx

from application.ports import Answer
from tests.interfaces.http.desk import Desk, Shop
from tests.support.cases import cases

START = "/api/v1/chat/conversations"
FIELDS = [
    {"name": "email", "type": "email", "label": {"en": "E-mail"}, "required": True},
    {"name": "order", "type": "number", "label": {"en": "Order"}},
    {"name": "topic", "type": "select", "label": {"en": "Topic"}, "options": [{"value": "a"}, {"value": "b"}]},
    {"name": "agreed", "type": "checkbox", "label": {"en": "I agree"}, "required": True},
    {"name": "remarks", "type": "textarea", "label": {"en": "Remarks"}},
]
FORM = {"enabled": True, "fields": FIELDS}
GOOD = {
    "email": "Mia@Example.org",
    "order": 7,
    "topic": "a",
    "agreed": True,
    "remarks": "card 4111 1111 1111 1111",
}
CLOSED = {"timeZone": "UTC", "openings": []}


async def configured(desk: Desk, shop: Shop, **change: Any) -> dict[str, str]:
    admin = await shop.member("admin")
    answer = await desk.http.patch(f"/api/v1/widgets/{shop.widget}", json=change, headers=admin)
    assert answer.status_code == 200, answer.text
    return admin


async def started(desk: Desk, shop: Shop, answers: Any = None) -> httpx.Response:
    body = {"text": "Hi"} | ({} if answers is None else {"preChat": answers})
    return await desk.http.post(START, json=body, headers=shop.site)


async def test_answers_become_attributes_and_say_who_it_is(desk: Desk, shop: Shop) -> None:
    admin = await configured(desk, shop, preChat=FORM)
    answer = await started(desk, shop, GOOD)
    assert answer.status_code == 201, answer.text
    assert "attributes" not in answer.json()["conversation"]
    id = answer.json()["conversation"]["id"]
    await desk.fold()
    shown = (await desk.http.get(f"{START}/{id}", headers=admin)).json()
    assert shown["attributes"] == GOOD | {"email": "mia@example.org", "remarks": "card [card-number]"}
    assert shown["contact_data"]["email"] == "mia@example.org"
    assert [one["text"] for one in shown["messages"]["data"]] == ["Hi"]


async def test_the_embed_facade_takes_them_too(desk: Desk, shop: Shop) -> None:
    await configured(desk, shop, preChat=FORM)
    desk.will_answer(Answer("Hello Mia"))
    assert (await shop.say("Hi")).status_code == 400
    answer = await shop.say("Hi", preChat=GOOD)
    assert (answer.status_code, answer.json()["message"]) == (200, "Hello Mia")


@cases(
    ("answers", "names"),
    [
        (None, ["preChat.email", "preChat.agreed"]),
        ({"email": " ", "agreed": True}, ["preChat.email"]),
        ({"email": "nobody", "agreed": True}, ["preChat.email"]),
        (GOOD | {"agreed": False}, ["preChat.agreed"]),
        (GOOD | {"order": "seven"}, ["preChat.order"]),
        (GOOD | {"topic": "c"}, ["preChat.topic"]),
        (GOOD | {"remarks": "x" * 1_001}, ["preChat.remarks"]),
        (GOOD | {"role": "admin"}, ["preChat.role"]),
        (GOOD | {"remarks": {"a": 1}}, []),
    ],
)
async def test_a_form_that_is_not_filled_in_names_its_fields_and_starts_nothing(
    desk: Desk, shop: Shop, answers: Any, names: list[str]
) -> None:
    await configured(desk, shop, preChat=FORM)
    before = await shop.head()
    answer = await started(desk, shop, answers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
    if names:
        details = answer.json()["error"]["details"]
        assert details["form"] == "preChat"
        assert [one["name"] for one in details["fields"]] == names
    assert await shop.head() == before


async def test_answers_nobody_asked_for_are_refused_and_agents_fill_in_nothing(desk: Desk, shop: Shop) -> None:
    assert (await started(desk, shop, {"email": "a@b.c"})).status_code == 400
    await configured(desk, shop, preChat=FORM)
    body = {"text": "Hi", "widgetId": shop.widget}
    assert (await desk.http.post(START, json=body, headers=await shop.member())).status_code == 201


async def test_while_nobody_is_there_the_offline_form_is_asked_instead(desk: Desk, shop: Shop) -> None:
    offline = {
        "enabled": True,
        "fields": [{"name": "phone", "type": "phone", "label": {"en": "Phone"}, "required": True}],
    }
    await configured(desk, shop, preChat=FORM, offline=offline, hours=CLOSED)
    refused = await started(desk, shop, GOOD)
    assert refused.json()["error"]["details"]["form"] == "offline"
    assert (await started(desk, shop, {"phone": "+49 30 1234567"})).status_code == 201
    await configured(desk, shop, hours=None)
    assert (await started(desk, shop, GOOD)).status_code == 201


async def test_the_reopening_window_is_the_widgets(desk: Desk, shop: Shop) -> None:
    await configured(desk, shop, reopenWindow=0)
    id, visitor = await shop.thread()
    await desk.http.post(f"{START}/{id}/end", headers=visitor)
    await desk.fold()
    answer = await desk.http.post(f"{START}/{id}/messages", json={"text": "One more"}, headers=visitor)
    assert answer.status_code == 201
    assert answer.json()["message"]["conversationId"] != id


async def test_a_widget_without_rating_or_files_takes_none(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread()
    files = {"file": ("x.txt", b"words", "text/plain")}
    file = (await desk.http.post("/api/v1/chat/upload", files=files, headers=visitor)).json()["file"]["id"]
    await desk.http.post(f"{START}/{id}/end", headers=visitor)
    await configured(desk, shop, features={"rating": False}, files={"maxSize": 2, "contentTypes": ["text/plain"]})
    rated = await desk.http.post(f"{START}/{id}/rating", json={"score": 5}, headers=visitor)
    assert (rated.status_code, rated.json()["error"]["code"]) == (409, "rating_off")
    said = {"text": "Look", "attachments": [file]}
    big = await desk.http.post(f"{START}/{id}/messages", json=said, headers=visitor)
    assert (big.status_code, big.json()["error"]["details"]) == (413, {"maxSize": 2})
    await configured(desk, shop, features={"attachments": False}, files=None)
    off = await desk.http.post(f"{START}/{id}/messages", json=said, headers=visitor)
    assert (off.status_code, off.json()["error"]["code"]) == (409, "attachments_off")
