"""Uploading files: by whom, how large, of what kind, how often."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx

from application.actor import system
from application.tenant import SetFileRules
from domain.file import MIB, FileRules, FileUploaded
from domain.ids import parse
from infrastructure.blobs.uploads import TRIES
from tests.interfaces.http.desk import Desk, Shop
from tests.support.cases import cases
from tests.support.pictures import SECRET, jpeg, opened, png

UPLOAD = "/api/v1/chat/upload"
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 8


async def upload(
    desk: Desk, headers: dict[str, str], body: bytes = PDF, name: str = "Invoice.pdf", **more: str
) -> httpx.Response:
    return await desk.http.post(UPLOAD, files={"file": (name, body, "text/html")}, headers=headers | more)


async def attempts(desk: Desk) -> list[tuple[str | None, int]]:
    async with desk.store.database.worker() as connection:
        cursor = await connection.execute("SELECT key, size FROM files.upload ORDER BY at")
        return [(row[0], row[1]) for row in await cursor.fetchall()]


async def events(desk: Desk, tenant_id: int) -> list[FileUploaded]:
    page = await desk.store.reader.tenant_page(tenant_id, 0)
    return [one.event for one in page if isinstance(one.event, FileUploaded)]


async def test_a_visitor_and_an_agent_upload(desk: Desk, shop: Shop) -> None:
    await desk.fold()
    _, visitor = await shop.thread()
    for headers in (visitor, await shop.member()):
        answer = await upload(desk, headers)
        assert answer.status_code == 201, answer.text
        file = answer.json()["file"]
        assert set(file) == {"id", "name", "size", "contentType", "url", "expiresAt"}
        assert (file["name"], file["size"], file["contentType"]) == ("Invoice.pdf", len(PDF), "application/pdf")
        assert re.fullmatch("fil_[0-9a-f]{32}", file["id"])
        left = datetime.fromisoformat(file["expiresAt"].replace("Z", "+00:00")) - datetime.now(UTC)
        assert timedelta(minutes=50) < left <= timedelta(hours=1)
        assert (await desk.http.get(file["url"])).content == PDF
    assert answer.headers["X-Event-Position"] == str(await shop.head())
    assert [key for key, _ in await attempts(desk)] == [None, None]


async def test_a_stored_key_begins_with_its_tenant(desk: Desk, shop: Shop) -> None:
    await desk.fold()
    await upload(desk, await shop.member())
    (event,) = await events(desk, shop.tenant_id)
    assert event.key.startswith(f"{shop.tenant_id}/")
    assert event.subject_id == event.originator_id


async def test_a_picture_loses_its_metadata(desk: Desk, shop: Shop) -> None:
    await desk.fold()
    agent = await shop.member()
    for name, body in (("a.jpg", jpeg(orientation=6)), ("b.png", png())):
        file = (await upload(desk, agent, body, name)).json()["file"]
        stored = (await desk.http.get(file["url"])).content
        assert SECRET.encode() in body
        assert SECRET.encode() not in stored
        assert file["size"] == len(stored)
    assert opened(
        (
            await desk.http.get((await upload(desk, agent, jpeg(orientation=6), "a.jpg")).json()["file"]["url"])
        ).content
    ).size == (40, 60)


@cases(
    ("name", "body"),
    [
        ("page.html", b"<!doctype html><script>alert(1)</script>"),
        ("page.txt", b"  <html><script>alert(1)</script>"),
        ("picture.svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
        ("picture.png", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
        ("run.sh", b"#!/bin/sh\nrm -rf /\n"),
        ("run.txt", b"#!/bin/sh\nrm -rf /\n"),
        ("run.js", b"alert(1)"),
        ("run.exe", b"MZ\x90\x00" + b"\0" * 100),
        ("paper.pdf", b"MZ\x90\x00" + b"\0" * 100),
        ("paper.docx", b"PK\x03\x04" + b"\0" * 100),
        ("list.xml", b"<?xml version='1.0'?><a/>"),
        ("picture.png.html", png()),
        ("picture.pdf", png()),
        ("picture.png", PDF),
        ("picture.png", b"\x89PNG\r\n\x1a\n" + b"<script>" * 100),
        ("late.txt", b"plain text " * 1000 + b"\0\1\2"),
        ("film.mov", b"\0\0\0\x14ftypqt  " + b"\0" * 50),
    ],
)
async def test_what_may_carry_a_program_is_refused(desk: Desk, shop: Shop, name: str, body: bytes) -> None:
    await desk.fold()
    before = await shop.head()
    answer = await upload(desk, await shop.member(), body, name)
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_file"), answer.text
    assert await shop.head() == before + 1  # the member who was invited


async def test_too_large_is_refused_while_it_comes(desk: Desk, shop: Shop) -> None:
    rules = FileRules(max_size=1000, content_types=("application/pdf",))
    await desk.do(system(shop.tenant_id), SetFileRules(rules=rules))
    await desk.fold()
    agent = await shop.member()
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-'
        while read < 200 * MIB:
            read += MIB
            yield b"x" * MIB

    headers = agent | {"Content-Type": "multipart/form-data; boundary=b"}
    answer = await desk.http.post(UPLOAD, content=endless(), headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    assert answer.json()["error"]["details"] == {"maxSize": 1000}
    assert read < 40 * MIB
    announced = await upload(desk, agent, b"%PDF-" + b"x" * 200_000)
    assert announced.status_code == 413
    exact = await upload(desk, agent, b"%PDF-".ljust(1000, b"x"))
    assert exact.status_code == 201
    assert (await upload(desk, agent, b"plain", "a.txt")).status_code == 415


@cases(
    ("content_type", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("", b"", 415),
        ("multipart/form-data", b"", 400),
        ("multipart/form-data; boundary=" + "b" * 71, b"", 400),
        ("multipart/form-data; boundary=b", b"", 400),
        ("multipart/form-data; boundary=b", b"--b--\r\n", 400),
        ("multipart/form-data; boundary=b", b"garbage", 400),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--b--',
            400,
        ),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="x"; filename="a.txt"\r\n\r\nx\r\n--b--',
            400,
        ),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\ncut off',
            400,
        ),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n\r\n--b--\r\n',
            415,
        ),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nx\r\n' * 3
            + b"--b--\r\n",
            400,
        ),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="'
            + b"a" * 5000
            + b'.txt"\r\n\r\nx\r\n--b--\r\n',
            400,
        ),
    ],
)
async def test_a_form_that_is_none_is_refused(
    desk: Desk, shop: Shop, content_type: str, body: bytes, status: int
) -> None:
    await desk.fold()
    headers = await shop.member() | {"Content-Type": content_type}
    answer = await desk.http.post(UPLOAD, content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert await events(desk, shop.tenant_id) == []


async def test_a_name_is_made_harmless(desk: Desk, shop: Shop) -> None:
    await desk.fold()
    answer = await upload(desk, await shop.member(), name="../../etc/in\u202evoice.pdf")
    assert answer.json()["file"]["name"] == "invoice.pdf"


async def test_a_repeat_with_one_key_is_one_file(desk: Desk, shop: Shop) -> None:
    await desk.fold()
    _, visitor = await shop.thread()
    key = {"Idempotency-Key": "k1"}
    first, again = await upload(desk, visitor, **key), await upload(desk, visitor, **key)
    assert again.json()["file"]["id"] == first.json()["file"]["id"]
    assert again.headers["Idempotent-Replayed"] == "true"
    other = await upload(desk, visitor, PDF + b"x", **key)
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_mismatch")
    assert (await desk.http.get(first.json()["file"]["url"])).content == PDF
    _, stranger = await shop.thread()
    assert (await upload(desk, stranger, **key)).json()["file"]["id"] != first.json()["file"]["id"]
    assert len(await events(desk, shop.tenant_id)) == 2


async def test_a_visitor_uploads_only_so_many_files_an_agent_any_number(desk: Desk, shop: Shop) -> None:
    await desk.fold()
    _, visitor = await shop.thread()
    agent = await shop.member()
    answers = await asyncio.gather(*(upload(desk, visitor) for _ in range(TRIES + 2)))
    assert sorted(one.status_code for one in answers) == [201] * TRIES + [429] * 2
    refused = next(one for one in answers if one.status_code == 429)
    assert refused.json()["error"]["code"] == "rate_limited"
    assert 1 <= int(refused.headers["Retry-After"]) <= 600
    for _ in range(TRIES + 1):
        assert (await upload(desk, agent)).status_code == 201
    _, other = await shop.thread()
    assert (await upload(desk, other)).status_code == 201


async def test_a_visitor_uploads_only_so_many_bytes_a_day(desk: Desk, shop: Shop) -> None:
    await desk.fold()
    _, visitor = await shop.thread()
    first = (await upload(desk, visitor)).json()["file"]
    async with desk.store.database.worker() as connection:
        await connection.execute("UPDATE files.upload SET size = %s", (50 * MIB - 10,))
    assert (await upload(desk, visitor)).status_code == 429
    assert len(await events(desk, shop.tenant_id)) == 1
    assert first["size"] == len(PDF)


async def test_only_admins_set_the_rules(desk: Desk, shop: Shop) -> None:
    await desk.fold()
    path = f"{UPLOAD}/rules"
    rules = {"maxSize": 5000, "contentTypes": ["image/png"]}
    _, visitor = await shop.thread()
    default = (await desk.http.get(path, headers=visitor)).json()["rules"]
    assert default["maxSize"] == 20 * MIB
    assert (await desk.http.put(path, json=rules, headers=await shop.member("supervisor"))).status_code == 403
    admin = await shop.member("admin")
    assert (await desk.http.put(path, json=rules, headers=admin)).json()["rules"] == rules
    await desk.fold()
    assert (await desk.http.get(path, headers=visitor)).json()["rules"] == rules
    for wrong in ({"maxSize": 0}, {"maxSize": 10**12}, {"contentTypes": ["text/html"]}):
        assert (await desk.http.put(path, json=rules | wrong, headers=admin)).status_code == 400


async def test_bytes_that_no_event_speaks_of_are_swept(desk: Desk, shop: Shop) -> None:
    await desk.fold()
    agent = await shop.member()
    kept = (await upload(desk, agent)).json()["file"]
    (event,) = await events(desk, shop.tenant_id)
    lost = UUID(int=5)
    async with desk.store.database.worker() as connection:  # as if the process had died before the event
        await connection.execute("UPDATE files.upload SET key = %s, at = now() - interval '2 hours'", (event.key,))
        await connection.execute(
            "INSERT INTO files.upload (tenant_id, uploader_id, file_id, key, at) "
            "VALUES (%s, %s, %s, 'lost', now() - interval '2 hours')",
            (shop.tenant_id, uuid4(), lost),
        )
    assert await desk.files.uploads.sweep(desk.files.blobs) == 1
    assert await desk.files.uploads.sweep(desk.files.blobs) == 0
    assert (await desk.http.get(kept["url"])).content == PDF
    assert parse("file", kept["id"]) == event.originator_id
