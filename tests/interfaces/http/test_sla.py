"""SLA policies over HTTP, what the inbox shows of them, and rules for leads."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from application.actor import system
from application.bus import CommandBus
from application.handlers import HANDLERS
from application.sla_clock import TellSla
from domain.ids import parse
from domain.sla_clock import clock_of
from infrastructure.clock import now, uuid7
from interfaces.routing import open_seats
from interfaces.sla import sla_and_leads
from projections.inbox import _page  # pyright: ignore[reportPrivateUsage]
from projections.inbox_filter import InboxFilter, order_of
from tests.interfaces.http.desk import Desk, Shop
from tests.support.cases import cases

POLICIES = "/api/v1/sla-policies"
RULES = "/api/v1/qualification/rules"
INBOX = "/api/v1/chat/agent/conversations"
CHAT = "/api/v1/chat/conversations"
FULL: dict[str, Any] = {
    "name": "Urgent",
    "conditions": {"priorities": ["urgent"], "labels": [], "teams": [], "widgets": []},
    "targets": {"firstResponse": 60, "nextResponse": 120, "resolution": 3600},
    "businessHours": "team",
    "warnBefore": {"seconds": None, "percent": 25},
    "onReopen": "continue",
    "order": 1,
    "enabled": True,
}
RULESET: dict[str, Any] = {
    "rules": [
        {
            "name": "Buyers",
            "contactable": False,
            "words": {"en": ["chairs"]},
            "fields": [{"name": "topic", "values": ["sales"]}],
            "pages": ["/pricing"],
            "score": 70,
        }
    ],
    "enabled": True,
}


async def react(desk: Desk) -> None:
    """What a reactor does, once through the whole log."""
    await desk.fold()
    policies = sla_and_leads(desk.store, open_seats(desk.store))
    for recorded in await desk.store.reader.page(0, 1_000):
        for policy in policies:
            if policy.concerns(recorded):
                await policy.react(recorded)
    await desk.fold()


async def ring(desk: Desk, shop: Shop, id: str) -> None:
    """What a timer does an hour from now."""
    bus = CommandBus(desk.store, HANDLERS, lambda: now() + timedelta(hours=1), uuid7)
    await bus.execute(system(shop.tenant_id), TellSla(clock_id=clock_of(parse("conversation", id))))
    await desk.fold()


async def made(shop: Shop, boss: dict[str, str], name: str = "All", first_response: int = 600, **more: Any) -> str:
    body = {"name": name, "targets": {"firstResponse": first_response}} | more
    answer = await shop.desk.http.post(POLICIES, json=body, headers=boss)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def waiting(shop: Shop, text: str = "Hello") -> str:
    """A conversation whose visitor waits for a human."""
    id, visitor = await shop.thread(text)
    asked = await shop.desk.http.post(f"{CHAT}/{id}/request-human", headers=visitor)
    assert asked.status_code == 200, asked.text
    return id


async def test_a_policy_is_made_read_replaced_and_removed(desk: Desk, shop: Shop) -> None:
    boss, agent = await shop.member("admin"), await shop.member()
    created = await desk.http.post(POLICIES, json=FULL, headers=boss | {"Idempotency-Key": "k"})
    assert created.status_code == 201
    body = created.json()
    assert {name: body[name] for name in FULL} == FULL
    assert (body["version"], created.headers["etag"]) == (1, '"1"')
    again = await desk.http.post(POLICIES, json=FULL, headers=boss | {"Idempotency-Key": "k"})
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (body, "true")
    await desk.fold()
    one = f"{POLICIES}/{body['id']}"
    assert (await desk.http.get(one, headers=agent)).json() == body
    slower = FULL | {"targets": {"firstResponse": 90}}
    replaced = await desk.http.put(one, json=slower, headers=boss | {"If-Match": '"1"'})
    assert (replaced.status_code, replaced.json()["version"]) == (200, 2)
    assert replaced.json()["targets"] == {"firstResponse": 90, "nextResponse": None, "resolution": None}
    stale = await desk.http.put(one, json=FULL, headers=boss | {"If-Match": '"1"'})
    assert stale.status_code == 409
    for _ in range(2):
        assert (await desk.http.delete(one, headers=boss)).status_code == 204
    await desk.fold()
    assert (await desk.http.get(one, headers=boss)).status_code == 404
    assert (await desk.http.put(one, json=FULL, headers=boss)).status_code == 404
    assert (await desk.http.get(POLICIES, headers=boss)).json() == {"data": [], "nextCursor": None}


async def test_policies_come_by_their_order_in_pages(desk: Desk, shop: Shop) -> None:
    boss = await shop.member("owner")
    for name, order in (("Last", 9), ("First", 0), ("Second", 1), ("Also second", 1)):
        await made(shop, boss, name, order=order)
    await desk.fold()
    names: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = f"?limit=1{cursor and '&cursor=' + cursor}"
        page = (await desk.http.get(POLICIES + query, headers=boss)).json()
        names += [one["name"] for one in page["data"]]
        cursor = page["nextCursor"]
    assert names == ["First", "Second", "Also second", "Last"]
    assert (await desk.http.get(f"{POLICIES}?cursor=x", headers=boss)).status_code == 400


async def test_only_admins_write_policies_and_no_other_tenant_sees_them(
    desk: Desk, shop: Shop, other_shop: Shop
) -> None:
    policy = await made(shop, await shop.member("owner"))
    await desk.fold()
    for role in ("supervisor", "agent", "analyst", "auditor"):
        headers = await shop.member(role)
        assert (await desk.http.post(POLICIES, json=FULL, headers=headers)).status_code == 403
        assert (await desk.http.get(f"{POLICIES}/{policy}", headers=headers)).status_code == 200
    stranger = await other_shop.member("owner")
    absent = await desk.http.get(f"{POLICIES}/slp_{'0' * 32}", headers=stranger)
    foreign = await desk.http.get(f"{POLICIES}/{policy}", headers=stranger)
    assert absent.status_code == foreign.status_code == 404
    assert absent.json()["error"]["message"] == foreign.json()["error"]["message"]
    assert (await desk.http.delete(f"{POLICIES}/{policy}", headers=stranger)).status_code == 404


@cases(
    "wrong",
    [
        {"targets": {}},
        {"targets": {"firstResponse": 0}},
        {"name": ""},
        {"warnBefore": {"seconds": 5, "percent": 5}},
        {"warnBefore": {"percent": 100}},
        {"conditions": {"teams": ["tea_x"]}},
        {"more": 1},
    ],
)
async def test_a_policy_that_makes_no_sense_is_refused(desk: Desk, shop: Shop, wrong: dict[str, Any]) -> None:
    refused = await desk.http.post(POLICIES, json=FULL | wrong, headers=await shop.member("owner"))
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_request")


async def test_the_inbox_shows_what_is_due_first_and_finds_what_was_missed(desk: Desk, shop: Shop) -> None:
    boss, agent = await shop.member("owner"), await shop.member()
    policy = await made(shop, boss, first_response=600, order=5)
    await made(shop, boss, "Fast", 1, order=0, conditions={"labels": ["vip"]})
    later, sooner = await waiting(shop), await waiting(shop)
    await desk.http.post(f"{CHAT}/{sooner}/labels", json={"add": ["vip"]}, headers=agent)
    await react(desk)
    page = (await desk.http.get(INBOX, params={"sort": "sla"}, headers=agent)).json()
    assert [row["id"] for row in page["data"]][:2] == [sooner, later]
    rows = {row["id"]: row["sla"] for row in page["data"]}
    assert (rows[later]["target"], rows[later]["status"]) == ("firstResponse", "running")
    assert abs(datetime.fromisoformat(rows[later]["dueAt"]) - now() - timedelta(seconds=600)) < timedelta(
        seconds=60
    )
    one = (await desk.http.get(f"{CHAT}/{later}", headers=agent)).json()["sla"]
    assert (one["policyId"], one["policyVersion"], one["targets"][0]["target"]) == (policy, 1, "firstResponse")
    assert {name: one[name] for name in rows[later]} == rows[later]
    first = (await desk.http.get(INBOX, params={"sort": "sla", "limit": 1}, headers=agent)).json()
    query = {"sort": "sla", "limit": 1, "cursor": first["nextCursor"]}
    second = (await desk.http.get(INBOX, params=query, headers=agent)).json()
    assert [row["id"] for row in first["data"] + second["data"]] == [sooner, later]


async def test_what_was_missed_is_found_told_in_the_history_and_was_not_so_before(desk: Desk, shop: Shop) -> None:
    boss, agent, auditor = await shop.member("owner"), await shop.member(), await shop.member("auditor")
    await made(shop, boss)
    id = await waiting(shop)
    await react(desk)
    before = await shop.head()
    await ring(desk, shop, id)
    page = (await desk.http.get(INBOX, params={"sla": "breached"}, headers=agent)).json()
    assert [(row["id"], row["sla"]["status"]) for row in page["data"]] == [(id, "breached")]
    assert (await desk.http.get(INBOX, params={"sla": "running"}, headers=agent)).json()["data"] == []
    history = (await desk.http.get(f"/api/v1/audit/conversations/{id}", headers=auditor)).json()
    said = [line["what"] for line in history["data"] if line["type"].startswith("sla_clock.")]
    assert ("in version 1" in said[0], said[1]) == (True, "started the clock for the first response")
    assert said[2].startswith("saw the first response missed, which was due at ")
    assert history["intact"] is True
    then = (await desk.http.get(INBOX, params={"asOf": before, "sla": "running"}, headers=agent)).json()
    assert [row["id"] for row in then["data"]] == [id]
    past = (await desk.http.get(f"{CHAT}/{id}", params={"asOf": before}, headers=agent)).json()
    assert past["sla"]["targets"][0]["status"] == "running"


async def test_a_visitor_is_told_nothing_of_it(desk: Desk, shop: Shop) -> None:
    await made(shop, await shop.member("owner"))
    id, visitor = await shop.thread()
    await react(desk)
    assert "sla" not in (await desk.http.get(f"{CHAT}/{id}", headers=visitor)).json()


async def test_a_saved_view_of_what_was_missed_finds_it(desk: Desk, shop: Shop) -> None:
    agent = await shop.member()
    await made(shop, await shop.member("owner"))
    id = await waiting(shop)
    await react(desk)
    await ring(desk, shop, id)
    body = {"name": "Missed", "filter": {"sla": "breached", "sort": "sla"}}
    view = (await desk.http.post("/api/v1/chat/views", json=body, headers=agent)).json()
    assert view["filter"] == body["filter"]
    await desk.fold()
    page = (await desk.http.get(INBOX, params={"view": view["id"]}, headers=agent)).json()
    assert [row["id"] for row in page["data"]] == [id]


async def test_the_inbox_by_what_is_due_is_a_walk_along_an_index(desk: Desk, shop: Shop) -> None:
    await waiting(shop)
    await desk.fold()
    chosen = InboxFilter(sort="sla", status="open", limit=1)
    sql, values = _page(shop.tenant_id, chosen, order_of(chosen))
    async with desk.store.database.tenant(shop.tenant_id) as connection:
        await connection.execute("SET LOCAL enable_sort = off")
        await connection.execute("SET LOCAL enable_seqscan = off")
        found = await connection.execute(b"EXPLAIN " + sql.encode(), values)
        plan = "\n".join(row[0] for row in await found.fetchall())
    assert "status_sla_due_at" in plan, plan


async def test_rules_for_leads_are_the_default_ones_until_an_admin_sets_others(desk: Desk, shop: Shop) -> None:
    boss, agent = await shop.member("admin"), await shop.member()
    default = await desk.http.get(RULES, headers=agent)
    assert (default.json()["version"], default.headers["etag"]) == (0, '"0"')
    assert "price*" in default.json()["rules"][0]["words"]["en"]
    assert (await desk.http.put(RULES, json=RULESET, headers=agent)).status_code == 403
    for version in (1, 1):
        told = await desk.http.put(RULES, json=RULESET, headers=boss)
        assert (told.status_code, told.json()) == (200, RULESET | {"version": version})
    stale = await desk.http.put(RULES, json={"rules": []}, headers=boss | {"If-Match": '"0"'})
    assert stale.status_code == 409
    wrong = await desk.http.put(RULES, json={"rules": [{"name": "x", "contactable": False}]}, headers=boss)
    assert wrong.status_code == 400
    assert (await desk.http.get(RULES, headers=agent)).json()["version"] == 1


async def test_what_a_visitor_says_makes_a_lead_by_the_tenants_rules(desk: Desk, shop: Shop) -> None:
    await desk.http.put(RULES, json=RULESET, headers=await shop.member("admin"))
    id, _ = await shop.thread("50 chairs, please")
    await react(desk)
    agent = await shop.member()
    assert (await desk.http.get(f"{CHAT}/{id}", headers=agent)).json()["qualified"] is True
