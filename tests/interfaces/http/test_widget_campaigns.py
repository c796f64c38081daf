"""Ongoing campaigns: which of them a page is told of, what is counted, and what is answered to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from application.actor import system
from application.contact import ChangeContact, EraseContact
from application.policies.forget_visits import ForgetVisits
from application.qualification import QualifyConversation
from domain.ids import parse, wire
from interfaces.tracking import forget_in
from tests.interfaces.http.campaigning import HELLO, Campaigning, open_campaigning
from tests.interfaces.http.desk import Shop


class Site:
    """A page of the shop, in somebody's browser."""

    def __init__(self, campaigning: Campaigning) -> None:
        self.campaigning = campaigning
        self.shop = campaigning.shop
        self.http = campaigning.desk.http
        self.base = f"/api/widgets/{self.shop.widget}/campaigns"

    async def visitor(self) -> dict[str, str]:
        """The headers of a browser that the server has met."""
        access = self.campaigning.desk.access
        return self.shop.site | {"X-Visitor-Token": await access.new_visitor(self.shop.tenant_id, uuid4())}

    async def told(self, headers: dict[str, str] | None = None) -> list[dict[str, Any]]:
        seen = {"X-Min-Position": str(await self.shop.head())}
        answer = await self.http.get(self.base, headers=(headers or self.shop.site) | seen)
        assert answer.status_code == 200, answer.text
        return answer.json()["campaigns"]

    async def tell(self, id: str, what: str, headers: dict[str, str], **body: Any) -> httpx.Response:
        answer = await self.http.post(f"{self.base}/{id}/{what}", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer

    async def counts(self, id: str) -> tuple[int, int, int, int]:
        now = await self.campaigning.progress(id)
        return now["shown"], now["seen"], now["conversations"], now["conversions"]


@pytest.fixture
async def site(shop: Shop) -> AsyncIterator[Site]:
    async with open_campaigning(shop) as opened:
        yield Site(opened)


async def test_a_page_is_told_what_runs_in_the_visitors_language_and_nothing_else(site: Site) -> None:
    author = {"kind": "assistant", "id": wire("assistant", site.shop.assistant_id or uuid4())}
    id = await site.campaigning.launched(HELLO, author=author)
    await site.campaigning.drafted(HELLO)
    paused = await site.campaigning.launched(HELLO)
    await site.campaigning.post(paused, "pause")
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    await site.campaigning.launched(HELLO, showing={"startsAt": later})
    await site.campaigning.launched(HELLO, showing={"hours": {"openings": []}})
    (told,) = await site.told(site.shop.site | {"Accept-Language": "de-AT,en;q=0.5"})
    assert (told["id"], told["text"], told["locale"]) == (id, "Brauchst du Hilfe?", "de")
    assert (told["pages"], told["seconds"], told["everyDays"]) == (["/pricing*"], 5, None)
    assert told["author"]["kind"] == "assistant"
    assert told["author"]["name"]


async def test_a_visitor_is_shown_it_once_and_counted_once(site: Site) -> None:
    id, visitor = await site.campaigning.launched(HELLO), await site.visitor()
    await asyncio.gather(*(site.tell(id, "shown", visitor) for _ in range(5)))
    await asyncio.gather(*(site.tell(id, "opened", visitor) for _ in range(5)))
    assert await site.counts(id) == (1, 1, 0, 0)
    assert await site.told(visitor) == []
    assert [one["id"] for one in await site.told(await site.visitor())] == [id]


async def test_after_its_days_a_visitor_may_see_it_again(site: Site) -> None:
    id, visitor = await site.campaigning.launched(HELLO, showing={"everyDays": 7}), await site.visitor()
    await site.tell(id, "opened", visitor)
    await site.tell(id, "shown", visitor)
    assert await site.told(visitor) == []
    async with site.campaigning.desk.store.database.worker() as connection:
        await connection.execute("UPDATE campaigns.impression SET again_at = again_at - interval '7 days'")
    assert len(await site.told(visitor)) == 1
    await site.tell(id, "opened", visitor)
    assert await site.counts(id) == (2, 2, 0, 0)


async def test_without_consent_it_is_counted_and_nobody_is_known(site: Site) -> None:
    id = await site.campaigning.launched(HELLO)
    answer = await site.tell(id, "opened", site.shop.site, consent=False)
    assert "visitorToken" not in answer.json()
    assert await site.counts(id) == (1, 1, 0, 0)
    async with site.campaigning.desk.store.database.worker() as connection:
        cursor = await connection.execute("SELECT count(*) FROM campaigns.impression")
        assert await cursor.fetchone() == (0,)


async def test_a_new_browser_gets_a_token_with_which_it_is_known_again(site: Site) -> None:
    id = await site.campaigning.launched(HELLO)
    token = (await site.tell(id, "shown", site.shop.site)).json()["visitorToken"]
    assert await site.told(site.shop.site | {"X-Visitor-Token": token}) == []


async def test_a_segment_is_asked_of_the_contact_behind_the_token(site: Site) -> None:
    _, visitor = await site.shop.thread("hi")
    known = site.shop.site | {"X-Visitor-Token": visitor["Authorization"].split()[1]}
    body = (await site.http.get("/api/v1/chat/visitor/conversations", headers=visitor)).json()
    while not body["data"]:
        await site.campaigning.desk.fold()
        body = (await site.http.get("/api/v1/chat/visitor/conversations", headers=visitor)).json()
    contact_id = parse("contact", body["data"][0]["contact_data"]["id"])
    await site.campaigning.launched(HELLO, segment={"attributes": {"plan": "pro"}})
    assert await site.told(known) == []
    assert await site.told() == []
    actor = system(site.shop.tenant_id)
    await site.campaigning.desk.do(actor, ChangeContact(contact_id=contact_id, attributes='{"plan":"pro"}'))
    await site.campaigning.desk.fold()
    assert len(await site.told(known)) == 1
    assert await site.told(await site.visitor()) == []


async def test_an_answer_begins_a_conversation_with_the_campaigns_words(site: Site) -> None:
    id = await site.campaigning.launched(HELLO)
    site.campaigning.desk.model.script.clear()
    path = "/api/v1/chat/conversations"
    say = {"sessionId": "s", "message": "Yes please", "campaignId": id, "locale": "de"}
    url = f"/api/widgets/{site.shop.widget}/chat"
    asking = asyncio.create_task(site.http.post(url, json=say, headers=site.shop.site))

    async def conversations() -> int:
        return (await site.counts(id))[2]

    async with asyncio.timeout(10):
        while await conversations() == 0:
            await asyncio.sleep(0.02)
    asking.cancel()
    rows = await site.http.get(f"/api/v1/campaigns/{id}/recipients", headers=site.campaigning.boss)
    (row,) = rows.json()["data"]
    assert row["status"] == "replied"
    agent = await site.shop.member("agent")
    read = (await site.http.get(f"{path}/{row['conversationId']}", headers=agent)).json()
    assert [one["text"] for one in read["messages"]["data"]][:2] == ["Brauchst du Hilfe?", "Yes please"]
    assert read["attributes"]["campaign"] == id
    command = QualifyConversation(conversation_id=parse("conversation", row["conversationId"]), score=80)
    await site.campaigning.desk.do(system(site.shop.tenant_id), command)
    assert await site.counts(id) == (0, 0, 1, 1)


async def test_nobody_tells_of_a_campaign_that_is_not_theirs_or_does_not_run(site: Site, other_shop: Shop) -> None:
    draft, running = await site.campaigning.drafted(HELLO), await site.campaigning.launched(HELLO)
    foreign = f"/api/widgets/{other_shop.widget}/campaigns/{running}/shown"
    absent = f"{site.base}/cmp_{'0' * 32}/shown"
    answers = [
        await site.http.post(foreign, json={}, headers=other_shop.site),
        await site.http.post(absent, json={}, headers=site.shop.site),
        await site.http.post(f"{site.base}/{draft}/shown", json={}, headers=site.shop.site),
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    say = {"sessionId": "s", "message": "Yes", "campaignId": running}
    url = f"/api/widgets/{other_shop.widget}/chat"
    assert (await site.http.post(url, json=say, headers=other_shop.site)).status_code == 404


async def test_what_an_erased_person_was_shown_is_forgotten(site: Site) -> None:
    id, contact_id = await site.campaigning.launched(HELLO), (await site.campaigning.contacts(1))[0]
    desk = site.campaigning.desk
    token = await desk.access.new_visitor(site.shop.tenant_id, contact_id)
    await site.tell(id, "shown", site.shop.site | {"X-Visitor-Token": token})
    actor = system(site.shop.tenant_id)
    await desk.do(actor, EraseContact(contact_id=contact_id, reason="asked"))
    policy = ForgetVisits(forget_in(desk.store.database))
    for one in await site.campaigning.events():
        if policy.concerns(one):
            await policy.react(one)
    async with desk.store.database.worker() as connection:
        cursor = await connection.execute("SELECT count(*) FROM campaigns.impression")
        assert await cursor.fetchone() == (0,)
    assert (await site.counts(id))[0] == 1
