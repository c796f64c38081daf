"""Canned responses over HTTP: found, rendered, written; the private ones are nobody else's."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from application.actor import system
from application.canned_use import CannedChoice, RecordCannedUse
from application.contact import IntroduceContact
from application.marks import SetAttributes
from application.team import AddTeamMember, CreateTeam
from domain.ids import parse, wire
from tests.interfaces.http.desk import Desk, Shop
from tests.support.cases import cases

CANNED = "/api/v1/chat/canned-responses"
HI = {"shortcut": "hi", "title": "Greeting", "body": "Hello {{contact.name}}, {{agent.name}} here."}

Headers = dict[str, str]


async def create(desk: Desk, headers: Headers, **more: Any) -> dict[str, Any]:
    answer = await desk.http.post(CANNED, json=HI | more, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def listed(desk: Desk, headers: Headers, **query: str) -> list[dict[str, Any]]:
    await desk.fold()
    answer = await desk.http.get(CANNED, params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_what_the_seed_prints_is_there(desk: Desk, shop: Shop) -> None:
    made = await create(desk, await shop.member("supervisor"), body="Text")
    (found,) = await listed(desk, await shop.member(), q="/H")
    assert {"id": made["id"], "shortcut": "hi", "title": "Greeting", "body": "Text"}.items() <= found.items()
    assert found == made | {"usedCount": 0, "lastUsedAt": None}


async def test_it_is_created_read_changed_and_removed(desk: Desk, shop: Shop) -> None:
    supervisor, agent = await shop.member("supervisor"), await shop.member()
    made = await create(desk, supervisor)
    one = f"{CANNED}/{made['id']}"
    assert made | {"updatedAt": ""} == {
        "id": made["id"],
        **HI,
        "scope": "tenant",
        "teamId": None,
        "attachments": [],
        "variables": ["contact.name", "agent.name"],
        "version": 1,
        "updatedAt": "",
    }
    await desk.fold()
    read = await desk.http.get(one, headers=agent)
    assert read.json() == made | {"usedCount": 0, "lastUsedAt": None}
    assert read.headers["ETag"] == '"1"'
    changed = await desk.http.patch(one, json={"body": "Hello."}, headers=supervisor)
    assert (changed.status_code, changed.json()["body"], changed.json()["version"]) == (200, "Hello.", 2)
    unchanged = await desk.http.patch(one, json={"body": "Hello."}, headers=supervisor)
    assert unchanged.json() == changed.json()
    await desk.http.delete(one, headers=supervisor)
    removed = await desk.http.delete(one, headers=supervisor)
    assert (removed.status_code, removed.content) == (204, b"")
    position = {"X-Min-Position": removed.headers["X-Event-Position"]}
    await desk.fold()
    assert refusal(await desk.http.get(one, headers=agent | position)) == (404, "not_found")
    assert refusal(await desk.http.patch(one, json={"body": "x"}, headers=supervisor)) == (404, "not_found")


async def test_a_shortcut_that_is_taken_is_refused(desk: Desk, shop: Shop) -> None:
    supervisor = await shop.member("supervisor")
    made = await create(desk, supervisor)
    taken = await desk.http.post(CANNED, json=HI | {"shortcut": "HI"}, headers=supervisor)
    assert refusal(taken) == (409, "shortcut_taken")
    assert taken.json()["error"]["details"] == {"id": made["id"]}
    await create(desk, supervisor, scope="private")
    other = await create(desk, supervisor, shortcut="hello")
    moved = await desk.http.patch(f"{CANNED}/{other['id']}", json={"shortcut": "hi"}, headers=supervisor)
    assert refusal(moved) == (409, "shortcut_taken")


async def test_a_repeated_request_makes_one(desk: Desk, shop: Shop) -> None:
    headers = await shop.member("supervisor") | {"Idempotency-Key": "k"}
    first = await desk.http.post(CANNED, json=HI, headers=headers)
    again = await desk.http.post(CANNED, json=HI, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    other = await desk.http.post(CANNED, json=HI | {"body": "x"}, headers=headers)
    assert refusal(other) == (409, "idempotency_mismatch")


async def test_an_agent_writes_their_own_and_nobody_elses(desk: Desk, shop: Shop) -> None:
    supervisor, agent = await shop.member("supervisor"), await shop.member()
    shared = (await create(desk, supervisor))["id"]
    for answer in (
        await desk.http.post(CANNED, json=HI | {"shortcut": "x"}, headers=agent),
        await desk.http.patch(f"{CANNED}/{shared}", json={"body": "x"}, headers=agent),
        await desk.http.delete(f"{CANNED}/{shared}", headers=agent),
        await desk.http.post(CANNED, json=HI | {"scope": "private"}, headers=await shop.member("analyst")),
    ):
        assert refusal(answer) == (403, "forbidden")
    mine = (await create(desk, agent, scope="private"))["id"]
    assert (await desk.http.patch(f"{CANNED}/{mine}", json={"body": "x"}, headers=agent)).status_code == 200
    assert (await desk.http.delete(f"{CANNED}/{mine}", headers=agent)).status_code == 204


@pytest.mark.parametrize("role", ["agent", "supervisor", "owner"])
async def test_somebodys_private_one_is_as_absent_as_a_strangers(desk: Desk, shop: Shop, role: Any) -> None:
    author, other = await shop.member(), await shop.member(role)
    conversation, _ = await shop.thread()
    private = (await create(desk, author, scope="private"))["id"]
    stranger = await desk.shop(2)
    foreign = (await create(desk, await stranger.member("supervisor")))["id"]
    assert await listed(desk, other) == []
    assert len(await listed(desk, author)) == 1
    told = set()
    for id in (private, foreign, "can_" + "0" * 32, "nonsense"):
        one, body = f"{CANNED}/{id}", {"conversationId": conversation}
        for answer in (
            await desk.http.get(one, headers=other),
            await desk.http.post(f"{one}/render", json=body, headers=other),
            await desk.http.patch(one, json={"body": "x"}, headers=other),
            await desk.http.delete(one, headers=other),
        ):
            assert refusal(answer) == (404, "not_found")
            told.add(str(answer.json()["error"] | {"requestId": ""}))
    assert len(told) == 1


async def test_a_teams_one_is_shown_to_its_members_and_to_supervisors(desk: Desk, shop: Shop) -> None:
    supervisor, member, other = await shop.member("supervisor"), await shop.member(), await shop.member()
    team_id = (await desk.do(system(shop.tenant_id), CreateTeam(name="Returns"))).events[0].originator_id
    me = (await desk.http.get("/api/v1/auth/me", headers=member)).json()
    agent_id = parse("agent", me["user"]["id"] if "user" in me else me["id"])
    await desk.do(system(shop.tenant_id), AddTeamMember(team_id=team_id, agent_id=agent_id))
    team = {"teamId": wire("team", team_id)}
    made = await create(desk, supervisor, scope="team", **team)
    await create(desk, supervisor)
    assert made["teamId"] == team["teamId"]
    for headers, count in ((supervisor, 1), (member, 1), (other, 0)):
        assert len(await listed(desk, headers)) == 1 + count
        assert [row["id"] for row in await listed(desk, headers, **team)] == [made["id"]] * count
    one = f"{CANNED}/{made['id']}"
    assert (await desk.http.get(one, headers=member)).status_code == 200
    assert refusal(await desk.http.get(one, headers=other)) == (404, "not_found")
    assert refusal(await desk.http.patch(one, json={"body": "x"}, headers=other)) == (404, "not_found")
    assert refusal(await desk.http.patch(one, json={"body": "x"}, headers=member)) == (403, "forbidden")


async def test_it_is_rendered_with_the_conversations_values(desk: Desk, shop: Shop) -> None:
    supervisor = await shop.member("supervisor")
    conversation, visitor = await shop.thread()
    await tell(desk, shop, conversation, visitor)
    body = "{{contact.name}} {{contact.email}} {{agent.name}} {{conversation.id}} {{custom.plan}} {{custom.paid}}"
    made = await create(desk, supervisor, body=body + "|{{custom.none}}{{nonsense}}")
    await desk.fold()
    request = {"conversationId": conversation}
    answer = await desk.http.post(f"{CANNED}/{made['id']}/render", json=request, headers=supervisor)
    said = f"{{{{agent.name}}}} mia@mail.test Anna {conversation} Gold true|"
    assert answer.json() == {
        "id": made["id"],
        "version": 1,
        "body": said,
        "missing": ["custom.none", "nonsense"],
        "attachments": [],
    }
    (row,) = await listed(desk, supervisor, conversationId=conversation)
    assert (row["renderedBody"], row["missing"]) == (said, ["custom.none", "nonsense"])
    assert row["body"] == made["body"]
    one = await desk.http.get(f"{CANNED}/{made['id']}", params=request, headers=supervisor)
    assert one.json()["renderedBody"] == said


async def test_it_is_rendered_for_no_conversation_of_others(desk: Desk, shop: Shop) -> None:
    supervisor = await shop.member("supervisor")
    made = await create(desk, supervisor)
    foreign, _ = await (await desk.shop(2)).thread()
    await desk.fold()
    for id in (foreign, "cnv_" + "0" * 32, "x"):
        path, body = f"{CANNED}/{made['id']}/render", {"conversationId": id}
        assert refusal(await desk.http.post(path, json=body, headers=supervisor)) == (404, "not_found")
        answer = await desk.http.get(CANNED, params=body, headers=supervisor)
        assert refusal(answer) == (404, "not_found")


async def test_uses_are_counted_and_sorted_by(desk: Desk, shop: Shop) -> None:
    supervisor = await shop.member("supervisor")
    conversation, _ = await shop.thread()
    ids = [(await create(desk, supervisor, shortcut=shortcut))["id"] for shortcut in ("a", "b")]
    command = RecordCannedUse(
        conversation_id=parse("conversation", conversation),
        message_id=parse("conversation", conversation),
        choice=CannedChoice(parse("canned_response", ids[1]), 1),
    )
    await desk.do(system(shop.tenant_id), command)
    rows = await listed(desk, supervisor, sort="used")
    assert [(row["id"], row["usedCount"]) for row in rows] == [(ids[1], 1), (ids[0], 0)]
    assert rows[0]["lastUsedAt"] is not None


async def test_pages_follow_each_other(desk: Desk, shop: Shop) -> None:
    supervisor = await shop.member("supervisor")
    for shortcut in ("c", "a", "b"):
        await create(desk, supervisor, shortcut=shortcut)
    await desk.fold()
    first = (await desk.http.get(CANNED, params={"limit": "2"}, headers=supervisor)).json()
    query = {"limit": "2", "cursor": first["nextCursor"]}
    second = (await desk.http.get(CANNED, params=query, headers=supervisor)).json()
    assert [row["shortcut"] for row in first["data"] + second["data"]] == ["a", "b", "c"]
    assert second["nextCursor"] is None


async def test_a_version_that_has_passed_is_not_overwritten(desk: Desk, shop: Shop) -> None:
    supervisor = await shop.member("supervisor")
    one = f"{CANNED}/{(await create(desk, supervisor))['id']}"
    await desk.http.patch(one, json={"body": "x"}, headers=supervisor)
    late = await desk.http.patch(one, json={"body": "y"}, headers=supervisor | {"If-Match": '"1"'})
    assert refusal(late) == (409, "conflict")


@cases(
    "wrong",
    [
        {"shortcut": "two words"},
        {"shortcut": ""},
        {"title": None},
        {"body": "x" * 10_001},
        {"scope": "galaxy"},
        {"scope": "team"},
        {"teamId": "tea_" + "0" * 32},
        {"ownerId": "agt_" + "0" * 32},
    ],
)
async def test_what_cannot_be_is_refused(desk: Desk, shop: Shop, wrong: dict[str, Any]) -> None:
    headers, before = await shop.member("supervisor"), await shop.head()
    answer = await desk.http.post(CANNED, json=HI | wrong, headers=headers)
    assert refusal(answer) == (400, "invalid_request")
    assert await shop.head() == before


@cases("query", [{"sort": "best of all"}, {"cursor": "x"}, {"limit": "0"}, {"q": "a\x00b"}])
async def test_a_question_that_is_none_is_refused(desk: Desk, shop: Shop, query: dict[str, str]) -> None:
    await desk.fold()
    answer = await desk.http.get(CANNED, params=query, headers=await shop.member())
    assert refusal(answer) == (400, "invalid_request")


async def tell(desk: Desk, shop: Shop, conversation: str, visitor: Headers) -> None:
    """A visitor who calls themselves a variable, and two attributes."""
    id = parse("conversation", conversation)
    stream = await desk.store.reader.stream(shop.tenant_id, id)
    contact_id = stream[0].event.contact_id  # pyright: ignore[reportAttributeAccessIssue]
    actor = system(shop.tenant_id)
    await desk.do(actor, IntroduceContact(contact_id=contact_id, name="{{agent.name}}", email="mia@mail.test"))
    await desk.do(actor, SetAttributes(conversation_id=id, values='{"plan":"Gold","paid":true}'))
