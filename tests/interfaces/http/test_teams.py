"""Teams, availability and the queue over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.ids import wire
from tests.interfaces.http.desk import Desk, Shop
from tests.support.cases import cases

ROUTING = {
    "strategy": "least_loaded",
    "capacity": 5,
    "servesEveryone": True,
    "hours": {
        "timeZone": "Europe/Berlin",
        "openings": [{"day": day, "opens": "09:00", "closes": "17:00"} for day in range(5)],
        "holidays": ["2026-12-25"],
    },
    "skills": ["german"],
    "skillRule": "need",
}
NEVER = {"strategy": "manual", "hours": {"timeZone": "UTC", "openings": []}}


async def created(shop: Shop, headers: dict[str, str], name: str = "Support") -> str:
    answer = await shop.desk.http.post("/api/v1/teams", json={"name": name}, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def me(shop: Shop, headers: dict[str, str]) -> str:
    answer = await shop.desk.http.put("/api/v1/agents/me/availability", json={"status": "online"}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["agentId"]


async def test_a_team_is_made_staffed_and_given_rules(desk: Desk, shop: Shop) -> None:
    boss, anna = await shop.member("supervisor"), await shop.member()
    team, agent = await created(shop, boss), await me(shop, anna)
    added = await desk.http.put(f"/api/v1/teams/{team}/members/{agent}", headers=boss)
    assert added.json()["members"] == [agent]
    routed = await desk.http.put(f"/api/v1/teams/{team}/routing", json=ROUTING, headers=boss)
    assert routed.json()["routing"] == ROUTING
    renamed = await desk.http.patch(f"/api/v1/teams/{team}", json={"name": "Sales"}, headers=boss)
    expected = {"id": team, "name": "Sales", "members": [agent], "routing": ROUTING}
    assert renamed.json() == expected
    await desk.fold()
    seen = await desk.http.get(f"/api/v1/teams/{team}", headers=anna | position(renamed))
    assert seen.json() == expected
    assert (await desk.http.get("/api/v1/teams", headers=anna)).json() == {"data": [expected], "nextCursor": None}
    removed = await desk.http.delete(f"/api/v1/teams/{team}/members/{agent}", headers=boss)
    assert removed.json()["members"] == []


async def test_a_removed_team_is_gone_and_removing_it_twice_is_quiet(desk: Desk, shop: Shop) -> None:
    boss = await shop.member("supervisor")
    team = await created(shop, boss)
    for _ in range(2):
        assert (await desk.http.delete(f"/api/v1/teams/{team}", headers=boss)).status_code == 204
    await desk.fold()
    assert (await desk.http.get(f"/api/v1/teams/{team}", headers=boss)).status_code == 404
    renamed = await desk.http.patch(f"/api/v1/teams/{team}", json={"name": "x"}, headers=boss)
    assert renamed.status_code == 404


async def test_teams_come_in_pages(desk: Desk, shop: Shop) -> None:
    boss = await shop.member("supervisor")
    for name in ("One", "Two", "Three"):
        await created(shop, boss, name)
    await desk.fold()
    first = (await desk.http.get("/api/v1/teams?limit=2", headers=boss)).json()
    rest = (await desk.http.get(f"/api/v1/teams?limit=2&cursor={first['nextCursor']}", headers=boss)).json()
    assert [one["name"] for one in first["data"] + rest["data"]] == ["One", "Two", "Three"]
    assert rest["nextCursor"] is None


async def test_the_same_key_makes_one_team(desk: Desk, shop: Shop) -> None:
    boss = await shop.member("supervisor") | {"Idempotency-Key": "k"}
    assert await created(shop, boss) == await created(shop, boss)


@cases(
    "wrong",
    [
        {},
        {"strategy": "random"},
        {"strategy": "manual", "capacity": -1},
        {"strategy": "manual", "hours": {"timeZone": "Mars/Base", "openings": []}},
        {
            "strategy": "manual",
            "hours": {"timeZone": "UTC", "openings": [{"day": 7, "opens": "a", "closes": "b"}]},
        },
        {"strategy": "manual", "hours": {"timeZone": "UTC", "openings": [], "holidays": ["soon"]}},
        {"strategy": "manual", "more": 1},
    ],
)
async def test_rules_that_make_no_sense_are_a_400(desk: Desk, shop: Shop, wrong: dict[str, Any]) -> None:
    boss = await shop.member("supervisor")
    team = await created(shop, boss)
    answer = await desk.http.put(f"/api/v1/teams/{team}/routing", json=wrong, headers=boss)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_request"


async def test_agents_change_no_team_and_strangers_see_none(desk: Desk, shop: Shop) -> None:
    boss, anna = await shop.member("supervisor"), await shop.member()
    team, agent = await created(shop, boss), await me(shop, anna)
    stranger = await (await desk.shop(2)).member("admin")
    await desk.fold()
    for method, path, body in (
        ("patch", f"/api/v1/teams/{team}", {"name": "x"}),
        ("put", f"/api/v1/teams/{team}/routing", NEVER),
        ("put", f"/api/v1/teams/{team}/members/{agent}", None),
        ("delete", f"/api/v1/teams/{team}", None),
        ("put", f"/api/v1/agents/{agent}/capacity", {"capacity": 1}),
        ("put", f"/api/v1/agents/{agent}/availability", {"status": "away"}),
    ):
        assert (await desk.http.request(method, path, json=body, headers=anna)).status_code == 403, path
        foreign = await desk.http.request(method, path, json=body, headers=stranger)
        assert foreign.status_code == 404, path
    assert (await desk.http.get(f"/api/v1/teams/{team}", headers=stranger)).status_code == 404
    assert (await desk.http.get("/api/v1/teams", headers=stranger)).json()["data"] == []
    theirs = await created(await _shop_of(desk), stranger)
    foreign = await desk.http.put(f"/api/v1/teams/{theirs}/members/{agent}", headers=stranger)
    assert foreign.status_code == 404


async def test_what_an_agent_chose_wins_over_what_the_browser_says(desk: Desk, shop: Shop) -> None:
    anna = await shop.member()

    async def say(status: str, idle: bool = False) -> tuple[str, bool]:
        body = {"status": status, "idle": idle}
        answer = (await desk.http.put("/api/v1/agents/me/availability", json=body, headers=anna)).json()
        return answer["status"], answer["idle"]

    assert await say("online") == ("online", False)
    assert await say("away", idle=True) == ("away", True)
    assert await say("online", idle=True) == ("online", False)
    assert await say("offline") == ("offline", False)
    assert await say("online", idle=True) == ("offline", False)
    refused = await desk.http.put(
        "/api/v1/agents/me/availability", json={"status": "offline", "idle": True}, headers=anna
    )
    assert refused.status_code == 400


async def test_who_is_there_and_what_they_have_is_listed(desk: Desk, shop: Shop) -> None:
    boss, anna = await shop.member("supervisor"), await shop.member()
    agent = await me(shop, anna)
    thread, _ = await shop.thread()
    await desk.http.post(f"/api/v1/chat/agent/conversations/{thread}/accept", headers=anna)
    capacity = await desk.http.put(f"/api/v1/agents/{agent}/capacity", json={"capacity": 3}, headers=boss)
    assert capacity.json() == {"agentId": agent, "status": "online", "idle": False, "capacity": 3, "skills": []}
    sent_home = await desk.http.put(f"/api/v1/agents/{agent}/availability", json={"status": "away"}, headers=boss)
    assert sent_home.json()["status"] == "away"
    await desk.fold()
    found = (await desk.http.get("/api/v1/agents/availability", headers=boss)).json()["data"]
    mine = {"agentId": agent, "status": "away", "idle": False, "capacity": 3, "load": 1, "skills": []}
    assert mine in found
    assert len(found) == 2


async def test_an_agents_skills_are_set_by_a_supervisor_and_listed(desk: Desk, shop: Shop) -> None:
    boss, anna = await shop.member("supervisor"), await shop.member()
    agent = await me(shop, anna)
    path, body = f"/api/v1/agents/{agent}/skills", {"skills": ["Legal", " german", "legal"]}
    assert (await desk.http.put(path, json=body, headers=anna)).status_code == 403
    answer = await desk.http.put(path, json=body, headers=boss)
    assert (answer.status_code, answer.json()["skills"]) == (200, ["german", "legal"])
    head = await shop.head()
    assert (await desk.http.put(path, json=body, headers=boss)).status_code == 200
    assert await shop.head() == head
    for wrong in (["x" * 45], [" "], [7], "german", ["a", "\x00"]):
        assert (await desk.http.put(path, json={"skills": wrong}, headers=boss)).status_code == 400
    await desk.fold()
    found = (await desk.http.get("/api/v1/agents/availability", headers=boss)).json()["data"]
    assert [one["skills"] for one in found if one["agentId"] == agent] == [["german", "legal"]]


async def test_a_visitor_sees_their_place_in_the_queue_and_when_it_opens(desk: Desk) -> None:
    shop = await desk.shop(assistant=False)
    boss = await shop.member("supervisor")
    team = await created(shop, boss)
    (_, other), (second, visitor) = [await shop.thread() for _ in range(2)]
    await desk.fold()
    path = f"/api/v1/chat/conversations/{second}/queue"
    waiting = (await desk.http.get(path, headers=visitor)).json()
    assert waiting["position"] == 2
    assert waiting["hours"] == {"open": True, "nextOpenAt": None}
    assert (await desk.http.get(path, headers=other)).status_code == 404
    await desk.http.put(f"/api/v1/teams/{team}/routing", json=NEVER, headers=boss)
    tomorrow = (datetime.now(UTC).weekday() + 1) % 7
    hours = {"timeZone": "UTC", "openings": [{"day": tomorrow, "opens": "09:00", "closes": "17:00"}]}
    await desk.http.put(f"/api/v1/teams/{team}/routing", json={"strategy": "manual", "hours": hours}, headers=boss)
    await desk.http.post(f"/api/v1/chat/agent/conversations/{second}/accept", headers=boss)
    await desk.fold()
    answer = (await desk.http.get(path, headers=boss)).json()
    assert answer["position"] is None
    assert answer["hours"]["open"] is False
    opens = datetime.fromisoformat(answer["hours"]["nextOpenAt"])
    assert (opens.weekday(), opens.hour) == (tomorrow, 9)


async def test_nothing_is_there_under_an_id_that_names_nothing(desk: Desk, shop: Shop) -> None:
    boss = await shop.member("supervisor")
    await desk.fold()
    absent = wire("team", UUID(int=1))
    for path in (f"/api/v1/teams/{absent}", "/api/v1/teams/nonsense"):
        assert (await desk.http.get(path, headers=boss)).status_code == 404
    unknown = await desk.http.put(
        f"/api/v1/agents/{wire('agent', UUID(int=1))}/capacity", json={"capacity": 1}, headers=boss
    )
    assert unknown.status_code == 404


def position(answer: Any) -> dict[str, str]:
    return {"X-Min-Position": answer.headers["X-Event-Position"]}


async def _shop_of(desk: Desk) -> Shop:
    return Shop(desk, 2, UUID(int=1), None, "")
