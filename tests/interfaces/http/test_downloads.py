"""Fetching files: who may, with which link, how they are shown."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from application.actor import system
from application.agent import DeactivateAgent
from application.bus import CommandBus
from application.command import Command, Handlers
from application.contact import EraseContact
from application.file import PurgeFile
from application.handlers import HANDLERS
from application.policies.delete_purged_file import DeletePurgedFile
from application.work import Work
from domain.conversation import Conversation
from domain.file import File, FileUploaded
from domain.ids import parse, wire
from domain.kernel import By
from infrastructure.clock import now, uuid7
from interfaces.files import FileSweep
from tests.interfaces.http.desk import Desk, Shop
from tests.support.cases import cases
from tests.support.pictures import png

UPLOAD = "/api/v1/chat/upload"
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 8


class Attach(Command, frozen=True, kw_only=True):
    """What posting a message does with a file."""

    file_id: UUID
    conversation_id: UUID
    private: bool = False


async def attach(work: Work, command: Attach) -> None:
    conversation = await work.get(Conversation, command.conversation_id)
    file = await work.get(File, command.file_id)
    place = {
        "conversation_id": conversation.id,
        "contact_id": conversation.contact_id,
        "message_id": work.new_id(),
    }
    file.attach(work.stamp, **place, private=command.private)


async def attached(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    headers: dict[str, str],
    file: str,
    conversation: str,
    private: bool = False,
) -> None:
    by = await _actor(desk, headers)
    handlers: Handlers = {**HANDLERS, Attach: attach}
    monkeypatch.setattr("application.permit.PERMISSIONS", {Attach: frozenset(["agent", "visitor"])})
    bus = CommandBus(desk.store, handlers, now, uuid7)
    command = Attach(
        file_id=parse("file", file), conversation_id=parse("conversation", conversation), private=private
    )
    await bus.execute(by, command)
    monkeypatch.undo()


async def _actor(desk: Desk, headers: dict[str, str]):
    from application.actor import Actor, visitor

    token = headers["Authorization"].removeprefix("Bearer ")
    if token.startswith("vt_"):
        grant = await desk.access.visitor(token)
        return visitor(grant.tenant_id, grant.contact_id)
    member = await desk.access.member(token)
    return Actor(member.tenant_id, By("agent", member.agent_id), member.role)


async def upload(
    desk: Desk, headers: dict[str, str], body: bytes = PDF, name: str = "Invoice.pdf"
) -> dict[str, str]:
    answer = await desk.http.post(UPLOAD, files={"file": (name, body)}, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()["file"]


async def link(desk: Desk, id: str, headers: dict[str, str]) -> httpx.Response:
    return await desk.http.get(f"/api/v1/chat/files/{id}/link", headers=headers)


@pytest.fixture
async def ready(desk: Desk, shop: Shop) -> Shop:
    await desk.fold()
    return shop


async def test_a_document_is_saved_and_never_shown(desk: Desk, ready: Shop) -> None:
    file = await upload(desk, await ready.member(), name='Rechnung "März".pdf')
    answer = await desk.http.get(file["url"])
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Length"] == str(len(PDF))
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename=\"Rechnung _M_rz_.pdf\"; filename*=UTF-8''Rechnung%20_M%C3%A4rz_.pdf"
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["Cache-Control"].startswith("private, max-age=3")


async def test_a_picture_is_shown(desk: Desk, ready: Shop) -> None:
    file = await upload(desk, await ready.member(), png(), "a.png")
    answer = await desk.http.get(file["url"])
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Content-Disposition"].startswith("inline; ")


@cases(
    ("asked", "status", "expected", "span"),
    [
        ("bytes=0-9", 206, PDF[:10], f"bytes 0-9/{len(PDF)}"),
        ("bytes=2000-", 206, PDF[2000:], f"bytes 2000-{len(PDF) - 1}/{len(PDF)}"),
        ("bytes=-5", 206, PDF[-5:], f"bytes {len(PDF) - 5}-{len(PDF) - 1}/{len(PDF)}"),
        ("bytes=0-99999999", 206, PDF, f"bytes 0-{len(PDF) - 1}/{len(PDF)}"),
        ("bytes=99999-", 416, None, None),
        ("bytes=-0", 416, None, None),
        ("bytes=5-3", 200, PDF, None),
        ("bytes=0-1,3-4", 200, PDF, None),
        ("bytes=-", 200, PDF, None),
        ("lines=1-2", 200, PDF, None),
    ],
)
async def test_a_part_is_answered(
    desk: Desk, ready: Shop, asked: str, status: int, expected: bytes | None, span: str | None
) -> None:
    file = await upload(desk, await ready.member())
    answer = await desk.http.get(file["url"], headers={"Range": asked})
    assert answer.status_code == status
    assert answer.headers.get("Content-Range") == span
    assert expected is None or answer.content == expected
    assert answer.headers["Content-Length"] == str(len(answer.content))


async def test_what_a_browser_has_is_not_sent_again(desk: Desk, ready: Shop) -> None:
    file = await upload(desk, await ready.member())
    etag = (await desk.http.get(file["url"])).headers["ETag"]
    again = await desk.http.get(file["url"], headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    changed = await desk.http.get(file["url"], headers={"Range": "bytes=0-1", "If-Range": '"other"'})
    assert changed.status_code == 200


async def test_a_large_file_comes_in_parts_and_whole(desk: Desk, ready: Shop) -> None:
    body = PDF * 1500
    file = await upload(desk, await ready.member(), body)
    assert (await desk.http.get(file["url"])).content == body


async def test_a_link_that_is_none_looks_like_a_file_that_is_not_there(desk: Desk, ready: Shop) -> None:
    agent = await ready.member()
    file, other = await upload(desk, agent), await upload(desk, agent)
    signature = file["url"].partition("=")[2]
    absent = wire("file", uuid4())
    one = {"X-Request-Id": "one"}
    expected = await desk.http.get(f"/api/v1/chat/files/{absent}", headers=one)
    assert expected.status_code == 404
    actor = await _actor(desk, agent)
    past = desk.files.links.link(1, parse("file", file["id"]), actor.by, now() - timedelta(hours=2)).path
    elsewhere = desk.files.links.link(2, parse("file", file["id"]), actor.by, now()).path
    wrong = [
        *(f"/api/v1/chat/files/{id}?signature={signature}" for id in (other["id"], absent, "fil_x", "cnv_1")),
        f"/api/v1/chat/files/{file['id']}",
        f"/api/v1/chat/files/{file['id']}?signature=",
        f"/api/v1/chat/files/{file['id']}?signature=ä.ö",
        f"/api/v1/chat/files/{file['id']}?signature={signature}x",
        f"/api/v1/chat/files/{file['id']}?signature={signature[:-4]}",
        f"/api/v1/chat/files/{file['id']}?signature={'x' * 5000}",
        past,
        elsewhere,
    ]
    for path in wrong:
        answer = await desk.http.get(path, headers=one)
        assert (answer.status_code, answer.content) == (404, expected.content), path
        assert dict(answer.headers) == dict(expected.headers)
    assert (await desk.http.get(file["url"])).status_code == 200


async def test_a_fresh_link_is_for_agents_and_for_the_visitor_of_the_conversation(
    desk: Desk, ready: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_tenant = await (await desk.shop(tenant_id=2)).member()
    agent, colleague = await ready.member(), await ready.member()
    conversation, visitor = await ready.thread()
    _, neighbour = await ready.thread()
    file = await upload(desk, agent)
    absent = await link(desk, wire("file", uuid4()), visitor | {"X-Request-Id": "one"})
    for stranger in (visitor, neighbour, other_tenant):
        answer = await link(desk, file["id"], stranger | {"X-Request-Id": "one"})
        assert (answer.status_code, answer.content) == (404, absent.content)
    await attached(desk, monkeypatch, agent, file["id"], conversation)
    for reader in (agent, colleague, visitor):
        fresh = (await link(desk, file["id"], reader)).json()["file"]
        assert (fresh["name"], fresh["size"]) == ("Invoice.pdf", len(PDF))
        assert (await desk.http.get(fresh["url"])).content == PDF
    for stranger in (neighbour, other_tenant):
        assert (await link(desk, file["id"], stranger)).status_code == 404
    assert (await link(desk, file["id"], await ready.member("analyst"))).status_code == 403


async def test_a_notes_file_is_not_for_the_visitor(
    desk: Desk, ready: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = await ready.member()
    conversation, visitor = await ready.thread()
    file = await upload(desk, agent)
    await attached(desk, monkeypatch, agent, file["id"], conversation, private=True)
    assert (await link(desk, file["id"], visitor)).status_code == 404
    await attached(desk, monkeypatch, agent, file["id"], conversation)
    assert (await link(desk, file["id"], visitor)).status_code == 200


async def test_a_visitors_file_is_theirs_and_the_agents(desk: Desk, ready: Shop) -> None:
    _, visitor = await ready.thread()
    _, neighbour = await ready.thread()
    file = await upload(desk, visitor)
    assert (await link(desk, file["id"], visitor)).status_code == 200
    assert (await link(desk, file["id"], await ready.member())).status_code == 200
    assert (await link(desk, file["id"], neighbour)).status_code == 404


async def test_a_link_ends_with_the_agent_it_was_made_for(desk: Desk, ready: Shop) -> None:
    agent = await ready.member()
    file = await upload(desk, agent)
    agent_id = (await _actor(desk, agent)).by.id
    await desk.do(system(ready.tenant_id), DeactivateAgent(agent_id=agent_id))
    assert (await desk.http.get(file["url"])).status_code == 404


async def test_a_link_ends_with_the_visitor_it_was_made_for(desk: Desk, ready: Shop) -> None:
    _, visitor = await ready.thread()
    file = await upload(desk, visitor)
    contact_id = (await _actor(desk, visitor)).by.id
    await desk.do(system(ready.tenant_id), EraseContact(contact_id=contact_id, reason="asked to"))
    assert (await desk.http.get(file["url"])).status_code == 404


async def test_an_admin_deletes_a_file(desk: Desk, ready: Shop) -> None:
    agent, admin = await ready.member(), await ready.member("admin")
    file = await upload(desk, agent)
    path = f"/api/v1/chat/files/{file['id']}"
    assert (await desk.http.delete(path, headers=agent)).status_code == 403
    foreign = await (await desk.shop(tenant_id=2)).member("admin")
    assert (await desk.http.delete(path, headers=foreign)).status_code == 404
    assert (await desk.http.delete(path, headers=admin)).status_code == 204
    assert (await desk.http.delete(path, headers=admin)).status_code == 204
    assert (await desk.http.get(file["url"])).status_code == 404
    assert (await link(desk, file["id"], agent)).status_code == 404


async def test_bytes_that_are_not_there_are_a_file_that_is_not_there(desk: Desk, ready: Shop) -> None:
    file = await upload(desk, await ready.member())
    uploaded = await _uploaded(desk, ready, file["id"])
    await desk.files.blobs.delete(uploaded.key)
    assert (await desk.http.get(file["url"])).status_code == 404


async def test_a_file_that_nobody_attached_is_purged_after_a_day(
    desk: Desk, ready: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = await ready.member()
    conversation, visitor = await ready.thread()
    lost, kept = await upload(desk, agent), await upload(desk, visitor)
    await attached(desk, monkeypatch, visitor, kept["id"], conversation)
    await desk.fold()
    sweep = FileSweep(desk.bus, desk.store.database, desk.files)
    day = timedelta(hours=24)
    assert await sweep.purge_unattached(now() + day - timedelta(minutes=1)) == 0
    # The read model says that it is due; the aggregate has its own clock, and the last word.
    assert await sweep.purge_unattached(now() + day) == 1
    assert (await desk.http.get(lost["url"])).status_code == 200
    later = CommandBus(desk.store, HANDLERS, lambda: now() + day, uuid7)
    assert await FileSweep(later, desk.store.database, desk.files).purge_unattached(now() + day) == 1
    assert (await desk.http.get(lost["url"])).status_code == 404
    assert (await desk.http.get(kept["url"])).status_code == 200
    await desk.fold()
    assert await FileSweep(later, desk.store.database, desk.files).purge_unattached(now() + day) == 0


async def test_purged_bytes_and_the_key_of_the_name_are_destroyed_also_when_asked_twice(
    desk: Desk, ready: Shop
) -> None:
    file = await upload(desk, await ready.member())
    id = parse("file", file["id"])
    uploaded = await _uploaded(desk, ready, file["id"])
    await desk.do(system(ready.tenant_id), PurgeFile(file_id=id, reason="deleted"))
    policy = DeletePurgedFile(desk.store, desk.files.blobs, desk.store.keyring.destroy)
    purged = (await desk.store.reader.stream(ready.tenant_id, id))[-1]
    assert policy.concerns(purged)
    for _ in range(2):
        await policy.react(purged)
    with pytest.raises(Exception, match=uploaded.key):
        await desk.files.blobs.read(uploaded.key, 0, 1)
    erased = await _uploaded(desk, ready, file["id"])
    assert str(erased.name) == "[erased]"


async def _uploaded(desk: Desk, shop: Shop, id: str) -> FileUploaded:
    first = (await desk.store.reader.stream(shop.tenant_id, parse("file", id)))[0].event
    assert isinstance(first, FileUploaded)
    return first
