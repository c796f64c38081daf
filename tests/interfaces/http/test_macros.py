"""Macros over HTTP: kept for everybody, a team or oneself, applied all or not at all."""

from __future__ import annotations

from typing import Any

import httpx

from application.actor import system
from application.team import AddTeamMember, CreateTeam
from domain.ids import parse, wire
from tests.interfaces.http.desk import Desk, Shop

MACROS = "/api/v1/macros"
CHATS = "/api/v1/chat/conversations"
CLOSE = {
    "name": "Thank and close",
    "actions": [
        {"type": "assignAgent", "agent": "me"},
        {"type": "addLabels", "labels": ["done"]},
        {"type": "sendMessage", "text": "Bye from {{agent.name}}."},
        {"type": "resolve"},
    ],
}
Headers = dict[str, str]


async def create(desk: Desk, headers: Headers, **more: Any) -> dict[str, Any]:
    answer = await desk.http.post(MACROS, json=CLOSE | more, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def apply(desk: Desk, headers: Headers, chat: str, macro: dict[str, Any]) -> httpx.Response:
    return await desk.http.post(f"{CHATS}/{chat}/macros/{macro['id']}/apply", headers=headers)


async def names(desk: Desk, headers: Headers) -> list[str]:
    await desk.fold()
    return [one["name"] for one in (await desk.http.get(MACROS, headers=headers)).json()["data"]]


async def events(desk: Desk, shop: Shop, chat: str) -> list[Any]:
    return [one.event for one in await desk.store.reader.stream(shop.tenant_id, parse("conversation", chat))]


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_applying_one_does_all_of_it_in_one_append_by_the_agent(desk: Desk, shop: Shop) -> None:
    macro = await create(desk, await shop.member("supervisor"))
    chat, _ = await shop.thread("Thanks")
    before, anna = len(await events(desk, shop, chat)), await shop.member()
    answer = await apply(desk, anna, chat, macro)
    assert answer.status_code == 200, answer.text
    assert answer.json()["conversation"]["status"] == "resolved"
    done = (await events(desk, shop, chat))[before:]
    assert [one.TYPE for one in done] == [
        "conversation.accepted.1",
        "conversation.labels_changed.1",
        "conversation.message_posted.1",
        "conversation.ended.1",
    ]
    assert done[2].text == "Bye from Anna."
    stored = await desk.store.reader.stream(shop.tenant_id, parse("conversation", chat))
    assert len({one.meta.command_id for one in stored[before:]}) == 1
    for one in done:
        assert one.by.kind == "agent"
        assert (one.cause.rule.kind, wire("macro", one.cause.rule.id)) == ("macro", macro["id"])
        assert one.cause.depth == 0
    audit = f"/api/v1/audit/conversations/{chat}"
    lines = (await desk.http.get(audit, headers=await shop.member("auditor"))).json()["data"]
    assert "by the macro “Thank and close” v1" in lines[-1]["why"]


async def test_what_is_refused_leaves_nothing_behind(desk: Desk, shop: Shop) -> None:
    anna, ben = await shop.member(), await shop.member()
    macro = await create(desk, await shop.member("supervisor"), actions=[
        {"type": "addLabels", "labels": ["mine"]}, {"type": "assignAgent", "agent": "me"},
    ])  # fmt: skip
    chat, _ = await shop.thread("Hi")
    await desk.http.post(f"/api/v1/chat/agent/conversations/{chat}/accept", headers=anna)
    head = await shop.head()
    assert refusal(await apply(desk, ben, chat, macro)) == (409, "already_accepted")
    assert await shop.head() == head


async def test_if_match_refuses_a_conversation_that_has_moved(desk: Desk, shop: Shop) -> None:
    anna = await shop.member("supervisor")
    macro = await create(desk, anna)
    chat, visitor = await shop.thread("Hi")
    seen = len(await events(desk, shop, chat))
    await desk.http.post(f"{CHATS}/{chat}/messages", json={"text": "Wait"}, headers=visitor)
    head = await shop.head()
    late = await apply(desk, anna | {"If-Match": f'"{seen}"'}, chat, macro)
    assert refusal(late) == (409, "conversation_changed")
    assert await shop.head() == head
    now = await apply(desk, anna | {"If-Match": f'"{seen + 1}"'}, chat, macro)
    assert now.status_code == 200, now.text


async def test_applying_it_again_has_nothing_to_do(desk: Desk, shop: Shop) -> None:
    anna = await shop.member("supervisor")
    macro = await create(desk, anna, actions=[{"type": "setPriority", "priority": "low"}])
    chat, _ = await shop.thread("Hi")
    await apply(desk, anna, chat, macro)
    head = await shop.head()
    assert (await apply(desk, anna, chat, macro)).status_code == 200
    assert await shop.head() == head


async def test_private_and_team_macros_are_there_for_their_own_people(desk: Desk, shop: Shop) -> None:
    anna, ben, boss = await shop.member(), await shop.member(), await shop.member("supervisor")
    me = (await desk.http.get("/api/v1/auth/me", headers=ben)).json()["user"]["id"]
    made = await desk.do(system(shop.tenant_id), CreateTeam(name="Sales"))
    team_id = made.events[0].originator_id
    await desk.do(system(shop.tenant_id), AddTeamMember(team_id=team_id, agent_id=parse("agent", me)))
    await create(desk, boss, name="All")
    private = await create(desk, anna, name="Private", scope="private")
    of_team = await create(desk, boss, name="Team", scope="team", teamId=wire("team", team_id))
    assert await names(desk, anna) == ["All", "Private"]
    assert await names(desk, ben) == ["All", "Team"]
    assert await names(desk, boss) == ["All", "Team"]
    chat, _ = await shop.thread("Hi")
    assert refusal(await apply(desk, boss, chat, private)) == (404, "not_found")
    assert refusal(await apply(desk, anna, chat, of_team)) == (404, "not_found")
    assert refusal(await desk.http.get(f"{MACROS}/{private['id']}", headers=ben)) == (404, "not_found")
    shared = await desk.http.post(MACROS, json=CLOSE, headers=anna)
    assert refusal(shared) == (403, "forbidden")
    assert (await apply(desk, ben, chat, of_team)).status_code == 200


async def test_it_is_changed_removed_and_paged(desk: Desk, shop: Shop) -> None:
    boss = await shop.member("supervisor")
    macro = await create(desk, boss)
    await create(desk, boss, name="Another")
    one = f"{MACROS}/{macro['id']}"
    await desk.fold()
    first = (await desk.http.get(MACROS, params={"limit": 1}, headers=boss)).json()
    rest = (await desk.http.get(MACROS, params={"cursor": first["nextCursor"]}, headers=boss)).json()
    assert [*first["data"], *rest["data"]][1] == macro
    changed = await desk.http.patch(one, json={"name": "Close"}, headers=boss | {"If-Match": '"1"'})
    assert (changed.json()["name"], changed.json()["version"]) == ("Close", 2)
    late = await desk.http.patch(one, json={"name": "Late"}, headers=boss | {"If-Match": '"1"'})
    assert refusal(late) == (409, "conflict")
    assert (await desk.http.delete(one, headers=boss)).status_code == 204
    assert (await desk.http.delete(one, headers=boss)).status_code == 204
    assert await names(desk, boss) == ["Another"]
    chat, _ = await shop.thread("Hi")
    assert refusal(await apply(desk, boss, chat, macro)) == (404, "not_found")


async def test_another_tenants_macro_is_none(desk: Desk, shop: Shop, other_shop: Shop) -> None:
    theirs = await create(desk, await other_shop.member("supervisor"))
    boss = await shop.member("supervisor")
    chat, _ = await shop.thread("Hi")
    assert refusal(await apply(desk, boss, chat, theirs)) == (404, "not_found")
    assert refusal(await desk.http.patch(f"{MACROS}/{theirs['id']}", json={}, headers=boss)) == (404, "not_found")
