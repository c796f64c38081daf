"""What agents look at: the inbox, canned responses, each other."""

from __future__ import annotations

from uuid import uuid4

import pytest

from application.actor import system
from application.canned_response import SaveCannedResponse
from tests.interfaces.http.desk import Desk, Shop
from tests.support.cases import cases

INBOX = "/api/v1/chat/agent/conversations"


async def test_the_inbox_shows_who_waits_and_counts_them(desk: Desk, shop: Shop) -> None:
    agent = await shop.member()
    mine, _ = await shop.thread("Mine")
    theirs, visitor = await shop.thread("Waiting")
    await desk.http.post(f"{INBOX}/{mine}/accept", headers=agent)
    await desk.http.post(f"/api/v1/chat/conversations/{theirs}/request-human", headers=visitor)
    await desk.fold()
    page = (await desk.http.get(INBOX, headers=agent)).json()
    assert page["counts"] == {"mine": 1, "unassigned": 1, "open": 2, "snoozed": 0}
    rows = {row["id"]: row for row in page["data"]}
    assert rows[theirs]["lastMessage"]["text"] == "Waiting"
    assert rows[theirs]["unread"] == 1
    assert rows[theirs]["waitingSince"] is not None
    assert rows[mine]["handledBy"] == "agent"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"assignee": "me"}, ["mine"]),
        ({"assignee": "none"}, ["open"]),
        ({"handledBy": "bot"}, ["open"]),
        ({"handledBy": "agent", "status": "open"}, ["mine"]),
        ({"status": "resolved"}, []),
        ({"channel": "voice"}, []),
        ({"sort": "oldest"}, ["mine", "open"]),
        ({"sort": "newest"}, ["open", "mine"]),
    ],
)
async def test_a_filter_shows_what_fits(desk: Desk, shop: Shop, query: dict[str, str], found: list[str]) -> None:
    agent = await shop.member()
    ids = {"mine": (await shop.thread("Mine"))[0], "open": (await shop.thread("Open"))[0]}
    await desk.http.post(f"{INBOX}/{ids['mine']}/accept", headers=agent)
    await desk.fold()
    page = (await desk.http.get(INBOX, params=query, headers=agent)).json()
    assert [row["id"] for row in page["data"]] == [ids[name] for name in found]


@cases(
    "query",
    [
        {"status": "lost"},
        {"sort": "best"},
        {"assignee": "x"},
        {"assignee": "cnv_" + "0" * 32},
        {"limit": "0"},
        {"limit": "201"},
        {"limit": "x"},
        {"limit": str(2**70)},
        {"cursor": "x"},
        {"cursor": "\x00"},
    ],
)
async def test_a_filter_that_is_none_is_refused(desk: Desk, shop: Shop, query: dict[str, str]) -> None:
    answer = await desk.http.get(INBOX, params=query, headers=await shop.member())
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")


async def test_canned_responses_are_found_by_shortcut(desk: Desk, shop: Shop) -> None:
    for shortcut in ("hello", "bye"):
        command = SaveCannedResponse(canned_response_id=uuid4(), shortcut=shortcut, title=shortcut, body="Text")
        await desk.do(system(shop.tenant_id), command)
    await desk.fold()
    agent = await shop.member()
    every = (await desk.http.get("/api/v1/chat/canned-responses", headers=agent)).json()["data"]
    found = (await desk.http.get("/api/v1/chat/canned-responses", params={"q": "/hel"}, headers=agent)).json()
    assert [one["shortcut"] for one in every] == ["bye", "hello"]
    assert [one["shortcut"] for one in found["data"]] == ["hello"]
    assert {"shortcut": "hello", "title": "hello", "body": "Text"}.items() <= found["data"][0].items()
    nul = await desk.http.get("/api/v1/chat/canned-responses", params={"q": "a\x00b"}, headers=agent)
    assert nul.status_code == 400


async def test_agents_see_their_colleagues(desk: Desk, shop: Shop) -> None:
    agent = await shop.member("supervisor", "anna@shop.test")
    await desk.fold()
    listed = (await desk.http.get("/api/v1/agents", headers=agent)).json()["data"]
    known = {"name": "Anna", "email": "anna@shop.test", "role": "supervisor", "isActive": True}
    assert [one | known for one in listed] == listed


async def test_without_its_tables_a_read_model_is_behind(desk: Desk, shop: Shop) -> None:
    async with desk.store.database.worker() as connection:
        await connection.execute("DROP VIEW read.inbox")
    unbuilt = await desk.http.get(INBOX, headers=await shop.member())
    assert (unbuilt.status_code, unbuilt.json()["error"]["code"]) == (503, "projection_behind")


async def test_while_a_new_release_folds_more_columns_its_read_model_is_behind(desk: Desk, shop: Shop) -> None:
    async with desk.store.database.worker() as connection:
        await connection.execute("ALTER VIEW read.inbox RENAME COLUMN urgency TO urgency_of_old")
    old = await desk.http.get(INBOX, headers=await shop.member())
    assert (old.status_code, old.json()["error"]["code"]) == (503, "projection_behind")


async def test_a_read_waits_for_its_position_and_says_if_it_cannot_be_had(desk: Desk, shop: Shop) -> None:
    agent = await shop.member()
    unfolded = await desk.http.get(INBOX, headers=agent)
    assert (unfolded.status_code, unfolded.json()["data"]) == (200, [])
    await desk.fold()
    behind = await desk.http.get(INBOX, headers=agent | {"X-Min-Position": "999999"})
    assert (behind.status_code, behind.json()["error"]["code"]) == (503, "projection_behind")
    assert "at" in behind.json()["error"]["details"]
    assert behind.headers["Retry-After"] == "1"
    odd = await desk.http.get(INBOX, headers=agent | {"X-Min-Position": "-1"})
    assert odd.status_code == 400
