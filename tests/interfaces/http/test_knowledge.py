"""The knowledge base over HTTP: written by admins, read by all who work here, imported from files."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest

from tests.interfaces.http.desk import Desk, Shop
from tests.support.cases import cases

KNOWLEDGE = "/api/v1/knowledge"
RETURNS = {"title": "Returns", "body": "You may return an item within 30 days."}

Headers = dict[str, str]


async def create(desk: Desk, headers: Headers, **more: Any) -> dict[str, Any]:
    answer = await desk.http.post(KNOWLEDGE, json=RETURNS | more, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def listed(desk: Desk, headers: Headers, **query: str) -> dict[str, Any]:
    await desk.fold()
    answer = await desk.http.get(KNOWLEDGE, params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def titles(desk: Desk, headers: Headers, **query: str) -> list[str]:
    return [row["title"] for row in (await listed(desk, headers, **query))["data"]]


async def imported(desk: Desk, headers: Headers, name: str, body: bytes | str) -> httpx.Response:
    sent = body.encode() if isinstance(body, str) else body
    return await desk.http.post(f"{KNOWLEDGE}/import", files={"file": (name, sent)}, headers=headers)


def counts(answer: httpx.Response) -> tuple[int, int, int]:
    assert answer.status_code == 200, answer.text
    return answer.json()["created"], answer.json()["changed"], answer.json()["unchanged"]


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_an_article_is_created_read_changed_and_removed(desk: Desk, shop: Shop) -> None:
    admin, agent = await shop.member("admin"), await shop.member()
    made = await create(desk, admin)
    one = f"{KNOWLEDGE}/{made['id']}"
    assert made.items() >= (RETURNS | {"source": None, "published": True, "version": 1, "length": 38}).items()
    await desk.fold()
    read = await desk.http.get(one, headers=agent)
    assert (read.json(), read.headers["ETag"]) == (made, '"1"')
    changed = await desk.http.patch(one, json={"body": "Within 14 days."}, headers=admin | {"If-Match": '"1"'})
    assert (changed.json()["title"], changed.json()["body"], changed.json()["version"]) == (
        "Returns",
        "Within 14 days.",
        2,
    )
    late = await desk.http.patch(one, json={"body": "Never."}, headers=admin | {"If-Match": '"1"'})
    assert refusal(late) == (409, "conflict")
    before = await shop.head()
    unchanged = await desk.http.patch(one, json={"body": "Within 14 days."}, headers=admin)
    assert (unchanged.json(), await shop.head()) == (changed.json(), before)
    for _ in range(2):
        assert (await desk.http.delete(one, headers=admin)).status_code == 204
    await desk.fold()
    for answer in (
        await desk.http.get(one, headers=agent),
        await desk.http.patch(one, json={"body": "x"}, headers=admin),
        await desk.http.post(f"{one}/publish", headers=admin),
    ):
        assert refusal(answer) == (404, "not_found")
    assert await titles(desk, agent) == []


async def test_a_draft_is_published_and_unpublished(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    made = await create(desk, admin, published=False)
    one = f"{KNOWLEDGE}/{made['id']}"
    assert made["published"] is False
    changed = await desk.http.patch(one, json={"body": "Draft."}, headers=admin)
    assert changed.json()["published"] is False
    for word, version in (("publish", 3), ("publish", 3), ("unpublish", 4), ("unpublish", 4)):
        answer = await desk.http.post(f"{one}/{word}", headers=admin)
        assert (answer.json()["published"], answer.json()["version"]) == (word == "publish", version)
    assert await titles(desk, admin, published="false") == ["Returns"]
    assert await titles(desk, admin, published="true") == []


async def test_a_list_is_paged_by_title_and_narrowed_by_words(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    for title in ("delta", "Alpha", "charlie", "Bravo 100%", "alpha"):
        await create(desk, admin, title=title, body=f"About {title}, Größe.")
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await listed(desk, admin, limit="2", **cursor)
        found += [row["title"] for row in page["data"]]
        assert "body" not in page["data"][0]
        if page["nextCursor"] is None:
            break
        cursor = {"cursor": page["nextCursor"]}
    assert sorted(found[:2]) == ["Alpha", "alpha"]
    assert found[2:] == ["Bravo 100%", "charlie", "delta"]
    assert await titles(desk, admin, q="100%") == ["Bravo 100%"]
    assert await titles(desk, admin, q="DELTA, grosse") == ["delta"]
    assert refusal(await desk.http.get(KNOWLEDGE, params={"cursor": "x"}, headers=admin)) == (
        400,
        "invalid_request",
    )


async def test_admins_write_and_the_others_read(desk: Desk, shop: Shop) -> None:
    made = await create(desk, await shop.member("owner"))
    one = f"{KNOWLEDGE}/{made['id']}"
    await desk.fold()
    for role in ("supervisor", "agent"):
        headers = await shop.member(role)
        assert (await desk.http.get(one, headers=headers)).status_code == 200
        for answer in (
            await desk.http.post(KNOWLEDGE, json=RETURNS, headers=headers),
            await desk.http.patch(one, json={"body": "x"}, headers=headers),
            await desk.http.post(f"{one}/unpublish", headers=headers),
            await desk.http.delete(one, headers=headers),
            await imported(desk, headers, "a.txt", "Text"),
        ):
            assert refusal(answer) == (403, "forbidden")
    assert refusal(await desk.http.get(one, headers=await shop.member("analyst"))) == (403, "forbidden")


async def test_a_strangers_article_is_as_absent_as_none(desk: Desk, shop: Shop, other_shop: Shop) -> None:
    made = await create(desk, await shop.member("admin"))
    stranger = await other_shop.member("admin")
    await desk.fold()
    told = set[str]()
    for id in (made["id"], "art_" + "0" * 32, "nonsense"):
        for answer in (
            await desk.http.get(f"{KNOWLEDGE}/{id}", headers=stranger),
            await desk.http.patch(f"{KNOWLEDGE}/{id}", json={"body": "x"}, headers=stranger),
            await desk.http.post(f"{KNOWLEDGE}/{id}/publish", headers=stranger),
            await desk.http.delete(f"{KNOWLEDGE}/{id}", headers=stranger),
        ):
            assert refusal(answer) == (404, "not_found")
            told.add(str(answer.json()["error"] | {"requestId": ""}))
    assert len(told) == 1
    assert await titles(desk, stranger) == []


async def test_a_repeated_request_makes_one(desk: Desk, shop: Shop) -> None:
    headers = await shop.member("admin") | {"Idempotency-Key": "k"}
    first = await desk.http.post(KNOWLEDGE, json=RETURNS, headers=headers)
    again = await desk.http.post(KNOWLEDGE, json=RETURNS, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"


GUIDELINES = {
    "Order": {
        "description": "changes of an order",
        "subflows": {
            "Cancel": {
                "actions": [
                    {"type": "x", "button": "Look", "text": "Look it up.", "subtext": ["by id"]},
                    {"type": "x", "button": "N/A", "text": "Say so.", "subtext": []},
                ],
                "instructions": ["They want to cancel.", "Be kind."],
            }
        },
    }
}


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("opening_hours.txt", "We open at 9.", {"opening hours": "We open at 9."}),
        ("a.txt", "Hours\n\nWe open at 9.\r\nSharp.", {"Hours": "We open at 9.\nSharp."}),
        ("a.md", "# Hours\n\nAt *nine*.\n\n## Sunday\n\n- closed", {"Hours": "At nine.\n\n## Sunday\n\n- closed"}),
        ("a.md", "Before.\n\n# One\n\n1\n\n# Two\n\n2", {"a": "Before.", "One": "1", "Two": "2"}),
        (
            "a.html",
            "<title>T</title><nav>Menu</nav><h1>Hours</h1><p>At <b>nine</b>.<script>x()</script><ul><li>a</ul>",
            {"Hours": "At nine.\n\n- a"},
        ),
        ("a.json", [{"title": "One", "body": "1"}, {"title": "Two", "body": "2"}], {"One": "1", "Two": "2"}),
        (
            "g.json",
            GUIDELINES,
            {
                "Order: Cancel": "Order: changes of an order. They want to cancel.\n\n## Look\n\nLook it up.\n"
                "- by id\n\nSay so.\n\nBe kind."
            },
        ),
    ],
)
async def test_each_format_becomes_articles(
    desk: Desk, shop: Shop, name: str, body: Any, expected: dict[str, str]
) -> None:
    admin = await shop.member("admin")
    sent = body if isinstance(body, str) else msgspec.json.encode(body)
    assert counts(await imported(desk, admin, name, sent)) == (len(expected), 0, 0)
    rows = (await listed(desk, admin))["data"]
    found = [(await desk.http.get(f"{KNOWLEDGE}/{row['id']}", headers=admin)).json() for row in rows]
    assert {one["title"]: one["body"] for one in found} == expected
    assert {one["source"].partition("#")[0] for one in found} == {name}


async def test_the_same_file_again_changes_nothing_and_a_changed_article_gets_a_new_version(
    desk: Desk, shop: Shop
) -> None:
    admin = await shop.member("admin")
    first = await imported(desk, admin, "faq.md", "# One\n\n1\n\n# Two\n\n2")
    assert counts(first) == (2, 0, 0)
    head = await shop.head()
    assert counts(await imported(desk, admin, "C:\\docs\\faq.md", "# One\n\n1\n\n# Two\n\n2")) == (0, 0, 2)
    assert await shop.head() == head
    changed = await imported(desk, admin, "faq.md", "# One\n\n1\n\n# Two\n\n3")
    assert counts(changed) == (0, 1, 1)
    assert [one["id"] for one in changed.json()["articles"]] == [one["id"] for one in first.json()["articles"]]
    two = next(row for row in (await listed(desk, admin))["data"] if row["title"] == "Two")
    assert two["version"] == 2


async def test_an_import_that_is_repeated_with_its_key_answers_the_same(desk: Desk, shop: Shop) -> None:
    headers = await shop.member("admin") | {"Idempotency-Key": "k"}
    first = await imported(desk, headers, "a.txt", "Text")
    assert (await imported(desk, headers, "a.txt", "Text")).json() == first.json()
    assert refusal(await imported(desk, headers, "a.txt", "Other")) == (409, "idempotency_mismatch")


async def test_an_unpublished_article_stays_so_when_it_is_imported_anew(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    id = (await imported(desk, admin, "a.txt", "Text")).json()["articles"][0]["id"]
    await desk.http.post(f"{KNOWLEDGE}/{id}/unpublish", headers=admin)
    await imported(desk, admin, "a.txt", "Other text")
    assert await titles(desk, admin, published="false") == ["a"]


@cases(
    ("name", "body", "status"),
    [
        ("a.exe", b"MZ", 415),
        ("a", b"text", 415),
        ("a.txt", b"\xff\xfeH\x00i\x00", 400),
        ("a.txt", b"a\x00b", 400),
        ("a.txt", b" \n ", 400),
        ("a.txt", b"x" * 50_001, 400),
        ("a.txt", b"x" * (2 * 1024 * 1024 + 1), 413),
        ("a.json", b"{", 400),
        ("a.json", b"[" * 1_000_000, 400),
        ("a.json", b'{"a": 1}', 400),
        ("a.json", b'[{"title": "x"}]', 400),
        ("a.json", b"[]", 400),
        ("a.json", b'[{"title": "x", "body": "1"}, {"title": "x", "body": "2"}]', 400),
        ("a.html", b"<" * 1024 * 1024, 400),
        ("a.md", b"> " * 500_000, 400),
    ],
)
async def test_what_cannot_be_imported_is_refused_and_nothing_is_stored(
    desk: Desk, shop: Shop, name: str, body: bytes, status: int
) -> None:
    admin = await shop.member("admin")
    before = await shop.head()
    answer = await imported(desk, admin, name, body)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["message"]
    assert await shop.head() == before


async def test_one_article_that_is_too_long_is_named_and_none_is_imported(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    body = msgspec.json.encode([{"title": "Fine", "body": "1"}, {"title": "Long", "body": "x" * 50_001}])
    answer = await imported(desk, admin, "a.json", body)
    assert answer.json()["error"]["details"]["fields"] == [
        {"name": "Long", "reason": "a body has 1 to 50000 characters"}
    ]
    assert await titles(desk, admin) == []
