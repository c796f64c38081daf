"""Erasing a person who was two contacts: one command, and no table of the database holds a word of theirs."""

from __future__ import annotations

from typing import Any

import pytest

from application.policies.delete_purged_file import DeletePurgedFile
from application.policies.forget_visits import ForgetVisits
from application.ports import BlobMissing, Policy
from domain.file import FileUploaded
from domain.ids import parse
from infrastructure.postgres import connect
from interfaces.erasure import erase_person
from interfaces.tracking import forget_in
from tests.interfaces.http.desk import Desk, Shop

MARK = "quetzalcoatl"
"""In everything that the person, or anybody of them, wrote."""
ERASURES = "/api/v1/privacy/erasures"
CHAT = "/api/v1/chat/conversations"

_COLUMNS = """
SELECT format('%I.%I', n.nspname, c.relname), a.attname, a.atttypid = 'bytea'::regtype
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND a.attnum > 0 AND NOT a.attisdropped
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"""


async def told_everywhere(desk: Desk, shop: Shop, agent: dict[str, str], number: int) -> str:
    """A contact of whom every kind of text is stored; their id."""
    body = {"text": f"{MARK} said", "name": f"{MARK} {number}", "email": f"{MARK}{number}@example.org"}
    told = (await desk.http.post(CHAT, json=body, headers=shop.site)).json()
    id, contact = told["conversation"]["id"], told["conversation"]["contact_data"]["id"]
    visitor = {"X-Visitor-Token": told["visitorToken"]}

    async def made(method: str, path: str, body: dict[str, Any], headers: dict[str, str]) -> None:
        answer = await desk.http.request(method, path, json=body, headers=headers)
        assert answer.status_code in (200, 201, 204), (path, answer.text)

    for who, name in ((visitor, "photo"), (agent, "invoice")):
        files = {"file": (f"{MARK}-{name}.txt", f"{MARK} {name} {number}".encode(), "text/plain")}
        file = (await desk.http.post("/api/v1/chat/upload", files=files, headers=who)).json()["file"]["id"]
        await made("POST", f"{CHAT}/{id}/messages", {"text": f"{MARK} sent", "attachments": [file]}, who)
    await made("POST", f"{CHAT}/{id}/messages", {"text": f"{MARK} noted", "private": True}, agent)
    await made("PUT", f"{CHAT}/{id}/draft", {"text": f"{MARK} drafted"}, agent)
    await made("PUT", f"{CHAT}/{id}/attributes", {"attributes": {"pet": f"{MARK} pet"}}, agent)
    await made("PATCH", f"/api/v1/contacts/{contact}", {"attributes": {"plan": f"{MARK} plan"}}, agent)
    await made("POST", f"/api/v1/contacts/{contact}/notes", {"text": f"{MARK} on them"}, agent)
    await made("POST", f"{CHAT}/{id}/qualify", {"why": f"{MARK} buys"}, agent)
    await made("POST", f"{CHAT}/{id}/end", {}, agent)
    await made("POST", f"{CHAT}/{id}/rating", {"score": 5, "comment": f"{MARK} liked"}, visitor)
    page = {"sessionId": "s", "event": "page_view", "url": f"https://shop.test/{MARK}", "title": MARK}
    await made("POST", f"/api/widgets/{shop.widget}/track", page, shop.site | visitor)
    await made("POST", f"/api/v1/chat/visitors/{contact}/block", {"reason": f"{MARK} was rude"}, agent)
    return contact


async def reacted(desk: Desk) -> None:
    """What a reactor does: every policy of erasure with every event, those of its own commands too."""
    access: Any = desk.access
    policies: tuple[Policy, ...] = (
        erase_person(desk.store, desk.bus, access),
        ForgetVisits(forget_in(desk.store.database)),
        DeletePurgedFile(desk.store, desk.files.blobs, desk.store.keyring.destroy),
    )
    position = 0
    while page := await desk.store.reader.page(position, 100):
        await desk.fold()
        for recorded in page:
            for policy in policies:
                if policy.concerns(recorded):
                    await policy.react(recorded)
        position = page[-1].position


async def places(url: str, word: str) -> list[str]:
    """`table.column` of every value that holds this word, whatever its type; asked as the owner, who sees all."""
    found: list[str] = []
    connection = await connect(url, None)
    async with connection:
        for table, column, is_bytes in await (await connection.execute(_COLUMNS)).fetchall():
            text = f"encode({column}, 'escape')" if is_bytes else f'"{column}"::text'
            query = f"SELECT EXISTS (SELECT FROM {table} WHERE lower({text}) LIKE %s)"
            row = await (await connection.execute(query.encode(), (f"%{word}%",))).fetchone()
            found += [f"{table}.{column}"] if row and row[0] else []
    return found


async def test_a_merged_person_is_erased_by_one_command_from_every_table(
    desk: Desk, shop: Shop, database_url: str
) -> None:
    await desk.fold()
    agent, admin = await shop.member(), await shop.member("admin")
    one, two = [await told_everywhere(desk, shop, agent, number) for number in (1, 2)]
    merged = await desk.http.post(f"/api/v1/contacts/{one}/merge", json={"intoId": two}, headers=agent)
    assert merged.status_code == 200
    await desk.fold()
    before = await places(database_url, MARK)
    assert {"read.message_1.text", "track.online.url"} <= set(before)
    assert len(before) > 10, before
    keys = await blob_keys(desk, shop)
    asked = await desk.http.post(ERASURES, json={"contactId": one, "reason": "asked for"}, headers=admin)
    assert asked.status_code == 202, asked.text
    erasure = asked.json()["erasure"]
    assert {contact["id"] for contact in erasure["contacts"]} == {one, two}
    assert (erasure["done"], [contact["keyDestroyed"] for contact in erasure["contacts"]]) == (False, [False] * 2)
    await reacted(desk)
    await desk.fold()
    assert await places(database_url, MARK) == []
    for key in keys:
        with pytest.raises(BlobMissing):
            await desk.files.blobs.read(key, 0, 1)
    for id in (one, two):
        done = (await desk.http.get(f"{ERASURES}/{id}", headers=admin)).json()["erasure"]
        assert (done["done"], done["behind"], len(done["contacts"])) == (True, [], 2), done


async def blob_keys(desk: Desk, shop: Shop) -> list[str]:
    page = await desk.store.reader.tenant_page(shop.tenant_id, 0)
    return [one.event.key for one in page if isinstance(one.event, FileUploaded)]


async def test_an_erased_persons_token_is_refused(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    id, visitor = await shop.thread()
    await desk.fold()
    await desk.http.post(ERASURES, json={"contactId": await contact_of(desk, id), "reason": "x"}, headers=admin)
    await reacted(desk)
    answer = await desk.http.get(f"{CHAT}/{id}", headers=visitor)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "token_revoked")


async def test_each_contact_of_the_person_has_one_sentence_in_the_history(desk: Desk, shop: Shop) -> None:
    agent, admin = await shop.member(), await shop.member("admin")
    ids = [await contact_of(desk, (await shop.thread())[0]) for _ in range(2)]
    await desk.http.post(f"/api/v1/contacts/{ids[0]}/merge", json={"intoId": ids[1]}, headers=agent)
    head = await shop.head()
    for _ in range(2):
        body = {"contactId": ids[0], "reason": "asked for"}
        assert (await desk.http.post(ERASURES, json=body, headers=admin)).status_code in (202, 404)
        await desk.fold()
    page = await desk.store.reader.tenant_page(shop.tenant_id, head)
    assert sorted((one.type, one.stream_id) for one in page) == sorted(
        ("contact.erased.1", parse("contact", id)) for id in ids
    )


async def test_only_an_admin_erases_and_a_stranger_finds_nobody(desk: Desk, shop: Shop, other_shop: Shop) -> None:
    contact = await contact_of(desk, (await shop.thread())[0])
    await desk.fold()
    body, head = {"contactId": contact, "reason": "x"}, await shop.head()
    supervisor = await shop.member("supervisor")
    assert (await desk.http.post(ERASURES, json=body, headers=supervisor)).status_code == 403
    foreign = await other_shop.member("owner")
    never = {"contactId": "vis_" + "0" * 32, "reason": "x"}
    answers = [
        await desk.http.post(ERASURES, json=one, headers=foreign | {"X-Request-Id": "same"})
        for one in (body, never)
    ]
    assert [one.status_code for one in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    assert (await desk.http.get(f"{ERASURES}/{contact}", headers=foreign)).status_code == 404
    admin = await shop.member("admin")
    assert (await desk.http.get(f"{ERASURES}/{contact}", headers=admin)).status_code == 404  # not erased
    assert await shop.head() == head + 2  # the two that were invited


async def contact_of(desk: Desk, conversation_id: str) -> str:
    stream = await desk.store.reader.stream(1, parse("conversation", conversation_id))
    event: Any = stream[0].event
    return f"vis_{event.contact_id.hex}"
