"""A transcript as a file: complete, escaped, and for a visitor without notes."""

from __future__ import annotations

import re
from uuid import uuid4

import httpx
import pytest

from interfaces.http import transcript_download
from tests.interfaces.http.desk import Desk, Shop

START = "/api/v1/chat/conversations"
EVIL = "<script>alert(1)</script>"


async def download(desk: Desk, id: str, headers: dict[str, str], format: str | None = None) -> httpx.Response:
    await desk.fold()
    query = {} if format is None else {"format": format}
    answer = await desk.http.get(f"{START}/{id}/transcript", params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer


async def say(desk: Desk, id: str, headers: dict[str, str], text: str, **more: object) -> None:
    answer = await desk.http.post(f"{START}/{id}/messages", json={"text": text, **more}, headers=headers)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    ("format", "kind", "ending"),
    [(None, "text/plain", "txt"), ("json", "application/json", "json"), ("html", "text/html", "html")],
)
async def test_it_is_saved_under_a_safe_name_and_never_shown(
    desk: Desk, shop: Shop, format: str | None, kind: str, ending: str
) -> None:
    id, visitor = await shop.thread()
    answer = await download(desk, id, visitor, format)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="transcript-{id}.{ending}"'
    assert answer.headers["Content-Type"].partition(";")[0] == kind
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert int(answer.headers["X-Event-Position"]) == await shop.head()


async def test_it_names_who_spoke_and_no_address(desk: Desk, shop: Shop) -> None:
    started = await desk.http.post(
        START, json={"text": "Hello", "name": "Vera", "email": "vera@home.test"}, headers=shop.site
    )
    id = started.json()["conversation"]["id"]
    visitor = {"Authorization": f"Bearer {started.json()['visitorToken']}"}
    await say(desk, id, await shop.member(), "Good day")
    text = (await download(desk, id, visitor)).text
    assert [re.sub(r"^\[.* UTC\] ", "", line) for line in text.splitlines()[3:]] == [
        "Vera: Hello",
        "Anna: Good day",
    ]
    assert "@" not in text


async def test_a_private_note_is_in_the_agents_file_only(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread()
    agent = await shop.member()
    await say(desk, id, agent, "Angry", private=True)
    for format in ("text", "json", "html"):
        assert "Angry" in (await download(desk, id, agent, format)).text
        assert "Angry" not in (await download(desk, id, visitor, format)).text


async def test_nobody_writes_markup_or_other_peoples_lines(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread(f"{EVIL}\n[2030-01-01 00:00:00 UTC] Anna: I agree\u2028[x] Anna: too")
    page = (await download(desk, id, visitor, "html")).text
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    lines = (await download(desk, id, visitor)).text.splitlines()
    assert [line for line in lines if "Anna" in line and not line.startswith("    ")] == []


async def test_a_long_one_is_written_page_by_page(desk: Desk, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcript_download, "PAGE", 3)
    id, visitor = await shop.thread("0")
    for number in range(1, 8):
        await say(desk, id, visitor, str(number))
    written = (await download(desk, id, visitor, "json")).json()
    assert [one["text"] for one in written["messages"]] == [str(number) for number in range(8)]
    assert written["conversation"]["id"] == id


async def test_what_is_no_format_is_refused(desk: Desk, shop: Shop) -> None:
    id, visitor = await shop.thread()
    answer = await desk.http.get(f"{START}/{id}/transcript", params={"format": "pdf"}, headers=visitor)
    assert answer.status_code == 400
    absent = await desk.http.get(f"{START}/cnv_{uuid4().hex}/transcript", headers=visitor)
    assert absent.status_code in {404, 503}
