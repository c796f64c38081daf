"""What stands beside words is found too: names of files, attributes of a chat or a person, while they are."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
import pytest

from application.actor import system
from application.contact import ChangeContact, EraseContact, IntroduceContact
from application.conversation import PostMessage
from application.file import PurgeFile, UploadFile
from application.marks import ChangeLabels, SetAttributes
from application.tenant import OpenTenant
from infrastructure.postgres import Database
from projections.search import SearchFilter, SearchHit, search
from projections.search_fold import Search
from tests.projections.conftest import ReadModels, fold_page
from tests.support.house import ADMIN, TENANT, VISITING, VISITOR, House, agent
from tests.support.memory_log import MemoryLog

CONTRACT, PHOTO = UUID(int=0xF1), UUID(int=0xF2)


class Scene:
    """A conversation with two files, and what is found of it."""

    def __init__(self, house: House, models: ReadModels) -> None:
        self.house = house
        self.models = models
        self.chat = UUID(int=0)

    async def open(self) -> None:
        await self.house.do(system(TENANT), OpenTenant(name="Shop"))
        self.chat = await self.house.chat("Good morning", with_assistant=False)

    async def send(self, file_id: UUID, name: str, text: str, **more: Any) -> None:
        """By the agent where a note, else by the visitor."""
        actor = agent() if more.get("private") else VISITING
        facts = {"content_type": "application/pdf", "size": 10, "sha256": "00", "key": f"{TENANT}/{file_id}"}
        await self.house.do(actor, UploadFile(file_id=file_id, name=name, **facts))
        command = PostMessage(conversation_id=self.chat, text=text, attachments=(file_id,), **more)
        await self.house.do(actor, command)

    async def note(self, **values: Any) -> None:
        await self.house.do(agent(), SetAttributes(conversation_id=self.chat, values=_json(values)))

    async def describe(self, **values: Any) -> None:
        await self.house.do(agent(), ChangeContact(contact_id=VISITOR, attributes=_json(values)))

    async def hits(self, q: str, tenant_id: int = TENANT, **more: Any) -> list[SearchHit]:
        await self.models.fold()
        filter = SearchFilter(q=q, **{"with_private": True, **more})
        async with self.models.tenant(tenant_id) as connection:
            return list((await search(connection, tenant_id, filter)).hits)

    async def found(self, q: str, **more: Any) -> list[tuple[str, str, list[str]]]:
        """(in what, the snippet, its matches) of each hit."""
        return [
            (one.found, one.snippet, [one.snippet[start:end] for start, end in one.highlights])
            for one in await self.hits(q, **more)
        ]


@pytest.fixture
async def scene(house: House, models: ReadModels) -> Scene:
    opened = Scene(house, models)
    await opened.open()
    return opened


async def test_a_message_is_found_by_the_name_of_its_file(scene: Scene) -> None:
    await scene.send(CONTRACT, "Lease_Contract-2031.pdf", "Here it is")
    (hit,) = await scene.hits("contract")
    assert (hit.found, hit.snippet, hit.private) == ("file", "Lease_Contract-2031.pdf", False)
    assert [hit.snippet[start:end] for start, end in hit.highlights] == ["Contract"]
    assert hit.message_id is not None
    assert await scene.found("lease_contract-2031.pdf") != []
    assert [one[:2] for one in await scene.found("here contract")] == [("text", "Here it is")]
    assert (await scene.hits("contract", tenant_id=8)) == []


async def test_a_message_that_is_only_a_file_is_found_too(scene: Scene) -> None:
    await scene.send(CONTRACT, "Vertrag für Ida.pdf", "")
    assert await scene.found("fur ida") == [("file", "Vertrag für Ida.pdf", ["für", "Ida"])]


async def test_a_file_in_a_note_is_found_by_agents_only(scene: Scene) -> None:
    await scene.send(CONTRACT, "secret.pdf", "Look at this", private=True)
    assert [one.private for one in await scene.hits("secret")] == [True]
    assert await scene.hits("secret", with_private=False) == []


async def test_a_purged_files_name_is_found_no_more_and_the_words_stay(scene: Scene) -> None:
    await scene.send(CONTRACT, "contract.pdf", "Here it is")
    await scene.send(PHOTO, "photo.pdf", "")
    assert [len(await scene.hits(q)) for q in ("contract", "photo", "here")] == [1, 1, 1]
    for file_id in (CONTRACT, PHOTO):
        await scene.house.do(ADMIN, PurgeFile(file_id=file_id, reason="deleted"))
    assert [len(await scene.hits(q)) for q in ("contract", "photo", "here")] == [0, 0, 1]


async def test_a_conversation_is_found_by_its_attributes_as_they_are_now(scene: Scene) -> None:
    await scene.note(order="A-4711 express", city="Bremen", boxes=3)
    (hit,) = await scene.hits("4711", within="conversations")
    assert (hit.conversation_id, hit.message_id, hit.private) == (scene.chat, None, True)
    assert await scene.found("express brem", within="conversations") == [
        ("attribute", "Bremen\nA-4711 express", ["Bremen", "express"])
    ]
    assert await scene.found("express") == []  # nobody said it
    await scene.note(city="Ulm", order=None)
    assert [len(await scene.hits(q, within="conversations")) for q in ("bremen", "4711", "ulm")] == [0, 0, 1]
    await scene.note(city=7)
    assert await scene.hits("ulm", within="conversations") == []


async def test_attributes_are_narrowed_like_what_was_said(scene: Scene) -> None:
    await scene.note(city="Bremen")
    assert await scene.hits("bremen", within="conversations", label="vip") == []
    await scene.house.do(agent(), ChangeLabels(conversation_id=scene.chat, add=("vip",)))
    assert len(await scene.hits("bremen", within="conversations", label="vip")) == 1
    assert await scene.hits("bremen", within="conversations", until=scene.house.now) == []
    assert await scene.hits("bremen", within="conversations", with_private=False) == []
    assert await scene.hits("bremen", within="conversations", tenant_id=8) == []


async def test_a_contact_is_found_by_their_attributes_as_they_are_now(scene: Scene) -> None:
    await scene.house.do(VISITING, IntroduceContact(contact_id=VISITOR, name="Vera"))
    await scene.describe(plan="Enterprise", seats=12, notes="x" * 300 + "needle")
    assert [one[0] for one in await scene.found("enterprise", within="contacts")] == ["contact"]
    assert [one[2] for one in await scene.found("vera enterpr", within="contacts")] == [["Vera", "Enterpr"]]
    assert await scene.hits("needle", within="contacts") == []  # of a long one the beginning
    await scene.describe(plan="Basic", notes=None)
    assert [len(await scene.hits(q, within="contacts")) for q in ("enterprise", "basic", "vera")] == [0, 1, 1]
    assert await scene.hits("basic", within="contacts", tenant_id=8) == []


@pytest.mark.parametrize("page", [1, 1000])
async def test_a_rebuild_in_pages_of_any_size_has_equal_rows(scene: Scene, database: Database, page: int) -> None:
    await _everything(scene)
    assert await _rebuilt(scene, database, page) == {
        "search_message": 4,  # a greeting, two with files, and the attributes
        "search_shelf": 1,
        "search_thread": 1,
        "search_contact": 1,
        "search_file": 2,
    }


@pytest.mark.parametrize("page", [1, 1000])
async def test_nothing_beside_words_outlives_an_erasure(scene: Scene, database: Database, page: int) -> None:
    assert isinstance(scene.house.log, MemoryLog)
    await _everything(scene)
    await scene.models.fold()
    await scene.house.do(ADMIN, EraseContact(contact_id=VISITOR, reason="asked"))
    for q in ("contract", "photo", "bremen", "enterprise"):
        for within in ("messages", "conversations", "contacts"):
            assert await scene.hits(q, within=within) == [], (q, within)
    async with scene.models.tenant() as connection:
        cursor = await connection.execute(
            "SELECT name FROM read.search_file UNION ALL SELECT attributes::text FROM read.search_thread"
        )
        assert {row[0] for row in await cursor.fetchall()} <= {None}
    scene.house.log.shred(VISITOR)
    assert (await _rebuilt(scene, database, page))["search_message"] == 0


async def _everything(scene: Scene) -> None:
    """With names and values that were replaced or taken back on the way."""
    await scene.house.do(VISITING, IntroduceContact(contact_id=VISITOR, name="Vera"))
    await scene.send(CONTRACT, "contract.pdf", "Here it is")
    await scene.note(city="Ulm", order="4711")
    await scene.describe(plan="Basic")
    await scene.models.fold()
    await scene.send(PHOTO, "photo.pdf", "And this")
    await scene.note(city="Bremen", order=None)
    await scene.describe(plan="Enterprise")
    await scene.house.do(ADMIN, PurgeFile(file_id=PHOTO, reason="deleted"))


async def _rebuilt(scene: Scene, database: Database, size: int) -> dict[str, int]:
    """Rows of each table, which are equal in a new build that is folded in pages of this size."""
    assert isinstance(scene.house.log, MemoryLog)
    await scene.models.fold()
    recorded, counts = scene.house.log.recorded, dict[str, int]()
    async with database.worker() as connection:
        await connection.execute(Search().ddl(2).encode(), prepare=False)
        for start in range(0, len(recorded), size):
            await fold_page(connection, Search(), 2, recorded[start : start + size])
        for table in Search.tables:
            both = [
                sorted(map(str, await (await connection.execute(query.encode())).fetchall()))
                for query in (f"SELECT * FROM read.{table}_{build}" for build in (1, 2))
            ]
            assert both[0] == both[1], table
            counts[table] = len(both[0])
    return counts


def _json(values: dict[str, Any]) -> str:
    return msgspec.json.encode(values).decode()
