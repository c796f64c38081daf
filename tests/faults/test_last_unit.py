"""At the last unit of a plan, 64 requests at once through two api processes: it is granted once."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import httpx
import psycopg
import pytest

from infrastructure.embedded.nats import NatsServer
from tests.support.processes import logged_in
from tests.support.two_apis import OWNER, TwoApis, two_apis

LIMIT, RACERS = 4, 64
OVER = "SELECT count(*) FROM es.event WHERE type = 'conversation.handed_over.1'"
COUNTED = "SELECT used FROM usage.counter WHERE meter = 'messages'"


@pytest.mark.timeout(120)
async def test_the_last_message_of_a_plan_is_granted_once_over_two_processes(
    built_url: str, nats_server: NatsServer, tmp_path: Path
) -> None:
    pool = httpx.Limits(max_connections=RACERS)
    async with (
        two_apis(built_url, nats_server.url, tmp_path) as apis,
        httpx.AsyncClient(timeout=30, limits=pool) as http,
    ):
        await limit(http, apis, LIMIT)
        before = [(await say(http, apis, number)).status_code for number in range(LIMIT - 1)]
        assert before == [201] * (LIMIT - 1)
        answers = await asyncio.gather(*(say(http, apis, number) for number in range(RACERS)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 429: RACERS - 1}
    refused = [answer.json()["error"] for answer in answers if answer.status_code == 429]
    assert {error["code"] for error in refused} == {"usage_limit_exceeded"}
    assert all(error["details"]["messageId"] for error in refused)
    with psycopg.connect(built_url) as connection:
        assert connection.execute(COUNTED).fetchall() == [(LIMIT,)]
        assert connection.execute(OVER).fetchall() == [(RACERS - 1,)]


async def limit(http: httpx.AsyncClient, apis: TwoApis, messages: int) -> None:
    session = await asyncio.to_thread(logged_in, apis.urls[0], OWNER.email, OWNER.password)
    headers = {"Authorization": f"Bearer {session['accessToken']}"}
    body = {"messages": messages}
    answer = await http.put(f"{apis.urls[0]}/api/v1/usage/limits", json=body, headers=headers)
    assert answer.status_code == 200, answer.text


async def say(http: httpx.AsyncClient, apis: TwoApis, number: int) -> httpx.Response:
    """A first contact, to one process and the other in turn."""
    url = f"{apis.urls[number % 2]}/api/v1/chat/conversations"
    return await http.post(url, json={"text": f"n {number}"}, headers=apis.site)
