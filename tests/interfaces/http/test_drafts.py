"""Drafts over HTTP: one per agent and conversation, sealed, and gone with the person they are about."""

from __future__ import annotations

from uuid import uuid4

from domain.ids import parse, wire
from infrastructure.drafts import Drafts
from tests.interfaces.http.desk import Desk, Shop
from tests.support.cases import cases


def at(id: str) -> str:
    return f"/api/v1/chat/conversations/{id}/draft"


async def test_each_agent_has_one_draft_that_nobody_else_sees(desk: Desk, shop: Shop) -> None:
    id, _ = await shop.thread()
    anna, ben = await shop.member(), await shop.member()
    head = await shop.head()
    for text in ("Dear", "Dear Vera"):
        kept = await desk.http.put(at(id), json={"text": text}, headers=anna)
        assert kept.status_code == 200, kept.text
    await desk.http.put(at(id), json={"text": "Ben's"}, headers=ben)
    read = await desk.http.get(at(id), headers=anna)
    assert (read.status_code, read.json()["text"]) == (200, "Dear Vera")
    assert set(read.json()) == {"conversationId", "text", "updatedAt"}
    assert read.headers["Cache-Control"] == "no-store"
    assert await shop.head() == head


async def test_a_discarded_draft_is_gone_and_discarding_twice_changes_nothing(desk: Desk, shop: Shop) -> None:
    id, _ = await shop.thread()
    anna = await shop.member()
    await desk.http.put(at(id), json={"text": "Dear"}, headers=anna)
    for _ in range(2):
        assert (await desk.http.delete(at(id), headers=anna)).status_code == 204
    assert (await desk.http.get(at(id), headers=anna)).status_code == 404


async def test_a_draft_is_stored_sealed_and_goes_with_the_persons_key(desk: Desk, shop: Shop) -> None:
    id, _ = await shop.thread()
    anna = await shop.member()
    await desk.http.put(at(id), json={"text": "Dear Vera"}, headers=anna)
    ((sealed, contact_id),) = await rows(desk)
    assert "Vera" not in sealed
    await desk.store.keyring.destroy(shop.tenant_id, contact_id)
    assert await rows(desk) == []
    assert (await desk.http.get(at(id), headers=anna)).status_code == 404


async def test_a_draft_about_somebody_whom_another_process_erased_is_not_kept(desk: Desk, shop: Shop) -> None:
    """This process still holds the key that the other one destroyed."""
    id, _ = await shop.thread()
    anna = await shop.member()
    await desk.http.put(at(id), json={"text": "Dear"}, headers=anna)
    async with desk.store.database.worker() as connection:
        await connection.execute(
            "DELETE FROM keys.subject WHERE subject_id IN (SELECT contact_id FROM drafts.draft)"
        )
    answer = await desk.http.put(at(id), json={"text": "Dear Vera"}, headers=anna)
    assert answer.status_code == 404
    assert await rows(desk) == []


async def test_a_draft_that_nobody_touched_for_30_days_is_dropped(desk: Desk, shop: Shop) -> None:
    anna = await shop.member()
    threads = [(await shop.thread())[0] for _ in range(2)]
    for id in threads:
        await desk.http.put(at(id), json={"text": "Dear"}, headers=anna)
    age = "UPDATE drafts.draft SET at = now() - %s::interval WHERE conversation_id = %s"
    async with desk.store.database.worker() as connection:
        for id, old in zip(threads, ("30 days 1 minute", "29 days 23 hours"), strict=True):
            await connection.execute(age, (old, parse("conversation", id)))
    drafts = Drafts(desk.store.database, desk.store.keyring)
    assert [await drafts.sweep(), await drafts.sweep()] == [1, 0]
    assert [(await desk.http.get(at(id), headers=anna)).status_code for id in threads] == [404, 200]


async def test_a_strangers_conversation_has_no_draft(desk: Desk, shop: Shop, other_shop: Shop) -> None:
    id, _ = await shop.thread()
    stranger = await other_shop.member() | {"X-Request-Id": "one"}
    contents = set[bytes]()
    for one in (id, wire("conversation", uuid4()), "cnv_x"):
        for method in ("PUT", "GET", "DELETE"):
            body = {"text": "x"} if method == "PUT" else None
            answer = await desk.http.request(method, at(one), json=body, headers=stranger)
            assert answer.status_code == 404, (method, one)
            contents.add(answer.content)
    assert len(contents) == 1
    assert parse("conversation", id)


@cases("body", [{"text": ""}, {"text": " "}, {"text": "x" * 10_001}, {"text": "\u0000"}, {}])
async def test_what_is_no_draft_is_refused(desk: Desk, shop: Shop, body: dict[str, str]) -> None:
    id, _ = await shop.thread()
    answer = await desk.http.put(at(id), json=body, headers=await shop.member())
    assert answer.status_code == 400
    assert await rows(desk) == []


async def test_a_visitor_has_no_drafts(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread()
    assert (await desk.http.put(at(id), json={"text": "x"}, headers=visitor)).status_code == 401


async def rows(desk: Desk) -> list[tuple[object, ...]]:
    async with desk.store.database.worker() as connection:
        return await (await connection.execute("SELECT sealed, contact_id FROM drafts.draft")).fetchall()
