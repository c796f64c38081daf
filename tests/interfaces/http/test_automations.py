"""Automations over HTTP: written by admins, shown with what became of them, tried without harm."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx

from application.actor import system
from application.agent import DeactivateAgent, InviteAgent
from application.team import CreateTeam
from domain.ids import parse, wire
from domain.marks import LabelsChanged
from interfaces.automations import apply_automations
from tests.interfaces.http.desk import Desk, Shop
from tests.support.cases import cases

AUTOMATIONS = "/api/v1/automations"
REFUNDS = {
    "name": "Refunds",
    "trigger": "visitorMessage",
    "conditions": [{"type": "words", "any": ["refund"]}],
    "actions": [{"type": "addLabels", "labels": ["Refund"]}, {"type": "setPriority", "priority": "high"}],
}
Headers = dict[str, str]


async def create(desk: Desk, headers: Headers, **more: Any) -> dict[str, Any]:
    answer = await desk.http.post(AUTOMATIONS, json=REFUNDS | more, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def follow(desk: Desk) -> None:
    """What the reactor does, until nothing follows any more."""
    policy, position = apply_automations(desk.store, desk.bus), 0
    while page := await desk.store.reader.page(position):
        await desk.fold()
        for one in page:
            position = one.position
            if policy.concerns(one):
                await policy.react(one)
    await desk.fold()


async def runs(desk: Desk, headers: Headers, id: str, **query: Any) -> dict[str, Any]:
    answer = await desk.http.get(f"{AUTOMATIONS}/{id}/runs", params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_it_is_created_read_changed_and_removed(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    made = await create(desk, admin, order=3)
    one = f"{AUTOMATIONS}/{made['id']}"
    assert made["id"].startswith("aut_")
    assert made | {"id": "", "updatedAt": ""} == {
        "id": "",
        "name": "Refunds",
        "trigger": "visitorMessage",
        "match": "all",
        "conditions": [{"type": "words", "negated": False, "any": ["refund"]}],
        "actions": [{"type": "addLabels", "labels": ["refund"]}, {"type": "setPriority", "priority": "high"}],
        "enabled": True,
        "order": 3,
        "version": 1,
        "updatedAt": "",
    }
    await desk.fold()
    read = await desk.http.get(one, headers=admin)
    assert (read.json(), read.headers["ETag"]) == (made, '"1"')
    off = await desk.http.patch(one, json={"enabled": False, "order": 0}, headers=admin)
    assert off.json() == made | {
        "enabled": False, "order": 0, "version": 2, "updatedAt": off.json()["updatedAt"],
    }  # fmt: skip
    again = await desk.http.patch(one, json={"enabled": False}, headers=admin)
    assert again.json() == off.json()
    late = await desk.http.patch(one, json={"name": "Late"}, headers=admin | {"If-Match": '"1"'})
    assert refusal(late) == (409, "conflict")
    assert (await desk.http.delete(one, headers=admin)).status_code == 204
    assert (await desk.http.delete(one, headers=admin)).status_code == 204
    await desk.fold()
    assert refusal(await desk.http.get(one, headers=admin)) == (404, "not_found")
    assert refusal(await desk.http.patch(one, json={"name": "X"}, headers=admin)) == (404, "not_found")


async def test_the_list_is_paged_in_the_order_in_which_they_are_asked(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    for order in (5, 1, 3):
        await create(desk, admin, name=f"No {order}", order=order)
    await desk.fold()
    first = (await desk.http.get(AUTOMATIONS, params={"limit": 2}, headers=admin)).json()
    assert [one["order"] for one in first["data"]] == [1, 3]
    rest = (
        await desk.http.get(AUTOMATIONS, params={"limit": 2, "cursor": first["nextCursor"]}, headers=admin)
    ).json()
    assert ([one["order"] for one in rest["data"]], rest["nextCursor"]) == ([5], None)


@cases("role", ["supervisor", "agent", "analyst", "auditor"])
async def test_only_admins_write_and_read_them(desk: Desk, shop: Shop, role: Any) -> None:
    who = await shop.member(role)
    assert refusal(await desk.http.post(AUTOMATIONS, json=REFUNDS, headers=who)) == (403, "forbidden")
    assert refusal(await desk.http.get(AUTOMATIONS, headers=who)) == (403, "forbidden")


@cases(
    ("wrong", "status"),
    [
        ({"trigger": "sneezed"}, 400),
        ({"name": " "}, 400),
        ({"actions": []}, 400),
        ({"actions": [{"type": "explode"}]}, 400),
        ({"actions": [{"type": "resolve", "more": 1}]}, 400),
        ({"actions": [{"type": "assignAgent", "agent": "me"}]}, 400),
        ({"actions": [{"type": "snooze", "minutes": 0}]}, 400),
        ({"actions": [{"type": "sendMessage", "text": " "}]}, 400),
        ({"actions": [{"type": "setAttribute", "name": "1x", "value": 1}]}, 400),
        ({"conditions": [{"type": "words", "any": ["two words"]}]}, 400),
        ({"conditions": [{"type": "text", "contains": []}]}, 400),
        ({"conditions": [{"type": "team", "value": "tea_x"}]}, 404),
        ({"actions": [{"type": "assignTeam", "team": "tea_" + "0" * 32}]}, 404),
        ({"order": -1}, 400),
    ],
)
async def test_what_makes_no_sense_is_refused_and_not_stored(
    desk: Desk, shop: Shop, wrong: dict[str, Any], status: int
) -> None:
    admin, head = await shop.member("admin"), await shop.head()
    head = await shop.head()
    answer = await desk.http.post(AUTOMATIONS, json=REFUNDS | wrong, headers=admin)
    assert answer.status_code == status, answer.text
    assert await shop.head() == head


async def test_another_tenants_team_or_agent_cannot_be_named(desk: Desk, shop: Shop, other_shop: Shop) -> None:
    made = await desk.do(system(other_shop.tenant_id), CreateTeam(name="Theirs"))
    theirs = wire("team", made.events[0].originator_id)
    admin = await shop.member("admin")
    for wrong in (
        {"actions": [{"type": "assignTeam", "team": theirs}]},
        {"conditions": [{"type": "insideHours", "team": theirs}]},
    ):
        answer = await desk.http.post(AUTOMATIONS, json=REFUNDS | wrong, headers=admin)
        assert refusal(answer) == (404, "not_found")


async def test_what_it_did_is_in_its_runs_and_in_the_history(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    made = await create(desk, admin)
    chat, _ = await shop.thread("Where is my refund?")
    other, _ = await shop.thread("Hello")
    await follow(desk)
    page = await runs(desk, admin, made["id"])
    (run,) = page["data"]
    assert (run["outcome"], run["conversationId"], run["version"], run["depth"]) == ("applied", chat, 1, 0)
    inbox = (await desk.http.get("/api/v1/chat/agent/conversations", headers=admin)).json()["data"]
    assert {one["id"]: (one["labels"], one["priority"]) for one in inbox} == {
        chat: (["refund"], "high"),
        other: ([], None),
    }
    audit = f"/api/v1/audit/conversations/{chat}"
    lines = (await desk.http.get(audit, headers=await shop.member("auditor"))).json()["data"]
    label = next(line for line in lines if line["what"] == "added the labels refund")
    assert label["who"] == "The automation “Refunds” v1"
    assert f"by the policy apply_automations after position {run['position']}" in label["why"]
    stream = await desk.store.reader.stream(shop.tenant_id, parse("conversation", chat))
    labelled = next(one.event for one in stream if isinstance(one.event, LabelsChanged))
    feed = (await desk.http.get("/api/v1/events", headers=admin)).json()["data"]
    cause = next(one["cause"] for one in feed if one["type"] == LabelsChanged.TYPE)
    assert cause["rule"] == {"kind": "automation", "id": made["id"], "version": 1, "name": "Refunds"}
    assert (cause["depth"], cause["origin"]) == (1, run["position"])
    assert labelled.cause.origin == run["position"]


async def test_failures_and_stops_are_shown_with_their_reason(desk: Desk, shop: Shop) -> None:
    admin, gone = await shop.member("admin"), uuid4()
    invited = InviteAgent(agent_id=gone, name="Gone", email="gone@shop.test", role="agent")
    await desk.do(system(shop.tenant_id), invited)
    failing = await create(desk, admin, actions=[{"type": "assignAgent", "agent": wire("agent", gone)}])
    looping = await create(
        desk, admin, trigger="labelAdded", conditions=[], actions=[{"type": "addLabels", "labels": ["next"]}]
    )
    await create(desk, admin)
    await desk.do(system(shop.tenant_id), DeactivateAgent(agent_id=gone))
    await shop.thread("refund")
    await follow(desk)
    (failed,) = (await runs(desk, admin, failing["id"]))["data"]
    assert (failed["outcome"], failed["code"]) == ("failed", "agent_unavailable")
    first = await runs(desk, admin, looping["id"], limit=1)
    (stopped,) = first["data"]
    assert (stopped["outcome"], stopped["depth"]) == ("applied", 1)


async def test_trying_it_says_what_it_would_do_and_stores_nothing(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    conditions = [{"type": "words", "any": ["refund"]}, {"type": "handledBy", "value": "agent"}]
    made = await create(desk, admin, conditions=conditions, match="any", enabled=False)
    chat, _ = await shop.thread("A refund, please")
    head, path = await shop.head(), f"{AUTOMATIONS}/{made['id']}/test"
    tried = await desk.http.post(path, json={"conversationId": chat}, headers=admin)
    assert tried.status_code == 200, tried.text
    assert tried.json()["holds"] is True
    assert [one["holds"] for one in tried.json()["conditions"]] == [True, False]
    assert tried.json()["would"] == [
        {"type": "conversation.labels_changed.1", "what": "added the labels refund"},
        {"type": "conversation.priority_changed.1", "what": "changed the priority from none to high"},
    ]
    assert tried.json()["refused"] is None
    assert tried.headers["X-Event-Position"] == str(head)
    await desk.http.patch(f"{AUTOMATIONS}/{made['id']}", json={"match": "all"}, headers=admin)
    untrue = (await desk.http.post(path, json={"conversationId": chat}, headers=admin)).json()
    assert (untrue["holds"], untrue["would"]) == (False, [])
    assert await shop.head() == head + 1
    missing = await desk.http.post(path, json={"conversationId": wire("conversation", uuid4())}, headers=admin)
    assert refusal(missing) == (404, "not_found")


async def test_trying_it_shows_a_refusal(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    actions = [{"type": "addLabels", "labels": ["x"]}, {"type": "resolve"}, {"type": "snooze"}]
    made = await create(desk, admin, conditions=[], actions=actions)
    chat, _ = await shop.thread("Hi")
    answer = await desk.http.post(f"{AUTOMATIONS}/{made['id']}/test", json={"conversationId": chat}, headers=admin)
    assert answer.json()["refused"]["code"] == "conversation_ended"
    assert answer.json()["would"] == []


async def test_a_stranger_finds_none_of_it(desk: Desk, shop: Shop, other_shop: Shop) -> None:
    made = await create(desk, await shop.member("admin"))
    chat, _ = await shop.thread("refund")
    await follow(desk)
    stranger, one = await other_shop.member("owner"), f"{AUTOMATIONS}/{made['id']}"
    for answer in (
        await desk.http.get(one, headers=stranger),
        await desk.http.get(f"{one}/runs", headers=stranger),
        await desk.http.patch(one, json={"name": "Mine"}, headers=stranger),
        await desk.http.delete(one, headers=stranger),
        await desk.http.post(f"{one}/test", json={"conversationId": chat}, headers=stranger),
    ):
        assert refusal(answer) == (404, "not_found")
    mine = await create(desk, stranger)
    crossed = await desk.http.post(
        f"{AUTOMATIONS}/{mine['id']}/test", json={"conversationId": chat}, headers=stranger
    )
    assert refusal(crossed) == (404, "not_found")


async def test_a_repeat_with_the_same_key_makes_one_automation(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin") | {"Idempotency-Key": "once"}
    first = await desk.http.post(AUTOMATIONS, json=REFUNDS, headers=admin)
    again = await desk.http.post(AUTOMATIONS, json=REFUNDS, headers=admin)
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
