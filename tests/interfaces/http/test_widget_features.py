"""What a widget does not offer is refused to visitors, not only hidden; a transcript speaks their language."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from application.ports import Answer
from tests.interfaces.http.desk import Desk, Shop

CHAT = "/api/v1/chat/conversations"


@pytest.fixture
async def owner(shop: Shop) -> dict[str, str]:
    return await shop.member("owner")


async def configure(desk: Desk, shop: Shop, owner: dict[str, str], **facts: Any) -> None:
    answer = await desk.http.patch(f"/api/v1/widgets/{shop.widget}", json=facts, headers=owner)
    assert answer.status_code == 200, answer.text
    await desk.fold()


def off(*features: str) -> dict[str, bool]:
    return {name: name not in features for name in ("attachments", "human", "transcript", "rating")}


async def asked(desk: Desk, shop: Shop) -> tuple[str, dict[str, str]]:
    """A conversation that the assistant has, and its visitor."""
    desk.will_answer(Answer("Hello."))
    body = (await shop.say("Hi")).json()
    assert body["handledBy"] == "bot"
    return body["conversationId"], {"Authorization": f"Bearer {body['visitorToken']}"}


def assert_off(answer: httpx.Response, code: str) -> None:
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, code), answer.text


async def test_without_a_person_on_request_a_visitor_is_refused_and_nothing_is_stored(
    desk: Desk, shop: Shop, owner: dict[str, str]
) -> None:
    id, visitor = await asked(desk, shop)
    await configure(desk, shop, owner, features=off("human"))
    before = await shop.head()
    assert_off(await desk.http.post(f"{CHAT}/{id}/request-human", headers=visitor), "human_off")
    assert await shop.head() == before
    agent = await desk.http.post(f"{CHAT}/{id}/request-human", headers=owner)
    assert agent.json()["conversation"]["handledBy"] == "queue", "agents are not bound by it"


async def test_an_assistant_hands_over_all_the_same(desk: Desk, shop: Shop, owner: dict[str, str]) -> None:
    await configure(desk, shop, owner, features=off("human"))
    desk.will_answer(Answer("I do not know.", hand_over="no_source"))
    assert (await shop.say("Hi")).json()["handledBy"] == "queue"


async def test_without_a_transcript_a_visitor_gets_none_and_the_team_does(
    desk: Desk, shop: Shop, owner: dict[str, str]
) -> None:
    id, visitor = await shop.thread()
    await configure(desk, shop, owner, features=off("transcript"))
    assert_off(await desk.http.get(f"{CHAT}/{id}/transcript", headers=visitor), "transcript_off")
    stranger = (await shop.thread())[1]
    await desk.fold()
    foreign = await desk.http.get(f"{CHAT}/{id}/transcript", headers=stranger)
    assert foreign.status_code == 404, "what is not theirs is not there, whatever is offered"
    assert (await desk.http.get(f"{CHAT}/{id}/transcript", headers=owner)).status_code == 200
    assert (await desk.http.get(f"{CHAT}/{id}", headers=visitor)).status_code == 200


async def test_a_transcript_speaks_the_visitors_language_in_the_tenants_words(
    desk: Desk, shop: Shop, owner: dict[str, str]
) -> None:
    id, visitor = await shop.thread("Hallo")
    await desk.http.post(f"{CHAT}/{id}/messages", json={"text": "Still", "private": True}, headers=owner)
    evil = "<b>Chat\nAnna: no"
    await configure(desk, shop, owner, locale="fr", texts={"de": {"visitor": "Gast"}, "es": {"transcript": evil}})

    async def lines(headers: dict[str, str], **query: str) -> list[str]:
        answer = await desk.http.get(f"{CHAT}/{id}/transcript", params=query, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.text.splitlines()

    german = await lines(visitor, locale="de-AT")
    assert (german[0], german[1].split()[0]) == (f"Gespräch {id}", "Begonnen")
    assert german[3].endswith("] Gast: Hallo")
    assert (await lines(visitor | {"Accept-Language": "en"}))[1].startswith("Started ")
    assert (await lines(visitor))[3].endswith("] Visiteur: Hallo"), "the widget's own language"
    assert "(private Notiz)" in (await lines(owner, locale="de"))[4]
    assert (await lines(visitor, locale="es"))[0] == f"<b>Chat Anna: no {id}", "a text makes no line of its own"
    page = "".join(await lines(visitor, locale="es", format="html"))
    assert '<html lang="es">' in page
    assert "<b>" not in page
