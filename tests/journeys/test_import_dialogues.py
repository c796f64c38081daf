"""Importing dialogues: every turn is there once, in the log and on the screen, and stays provable."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from domain.conversation import ConversationStarted, MessagePosted
from domain.handling import Ended
from domain.ids import parse_tenant
from infrastructure.eventstore.store import EventStore, open_event_store
from infrastructure.eventstore.verify import verify_log
from infrastructure.projector.builds import read_standings
from infrastructure.projector.rebuild import rebuild
from infrastructure.projector.runner import Projector
from infrastructure.settings import settings_from
from interfaces.cli.import_dialogues import read_dialogues
from interfaces.dialogues import Dialogue, Imported
from projections.registry import PROJECTIONS
from projections.transcript import read_messages
from tests.support.processes import ran

SAMPLE = Path(__file__).with_name("dialogues_sample.jsonl")
REAL = Path(__file__).parents[2].parent / "shared" / "data" / "dialogues.jsonl.gz"
SECRET = "a secret of thirty-two characters and more"

Turns = tuple[tuple[str, str | None], ...]


class Shop(msgspec.Struct, frozen=True):
    """An opened tenant in a database of its own, and the settings by which commands find it."""

    tenant_id: int
    settings: dict[str, str]
    store: EventStore

    def imports(self, file: Path) -> Imported:
        done = ran("import-dialogues", str(file), "--json", **self.settings)
        assert done.returncode == 0, done.stderr
        return msgspec.json.decode(done.stdout, type=Imported)


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    settings = {"database_url": database_url, "nats_url": "nats://127.0.0.1:1", "secret": SECRET}
    made = ran("tenant", "create", "Shop", "--json", **settings)
    assert made.returncode == 0, made.stderr
    tenant_id = parse_tenant(msgspec.json.decode(made.stdout)["tenantId"])
    async with open_event_store(database_url, settings_from({}, **settings).master_key) as store:
        yield Shop(tenant_id, settings, store)


async def test_a_few_dialogues_are_imported_once_and_read_back_as_they_were(shop: Shop) -> None:
    outcome = await imported_twice(shop, SAMPLE)
    assert outcome == Imported(5, 18, 0)


async def test_an_interrupted_import_goes_on_where_it_was(shop: Shop, tmp_path: Path) -> None:
    lines = SAMPLE.read_text().splitlines(keepends=True)
    half = msgspec.json.decode(lines[1])
    half["turns"] = half["turns"][:2]
    first = tmp_path / "first.jsonl"
    first.write_text(lines[0])
    shop.imports(first)
    assert shop.imports(SAMPLE) == Imported(5, 18, 5)
    assert await in_the_log(shop, read_dialogues(SAMPLE)) == said(read_dialogues(SAMPLE))


@pytest.mark.skipif(not REAL.exists(), reason=f"the real dialogues are not here: {REAL}")
@pytest.mark.timeout(300)
async def test_two_thousand_real_dialogues_are_imported_once_and_read_back_as_they_were(shop: Shop) -> None:
    outcome = await imported_twice(shop, REAL)
    assert outcome == Imported(2000, 31406, 0)


async def imported_twice(shop: Shop, file: Path) -> Imported:
    """Everything that must hold after an import, whatever was imported; what the first import said."""
    dialogues = read_dialogues(file)
    outcome = shop.imports(file)
    head = await shop.store.reader.head()
    assert shop.imports(file) == Imported(outcome.conversations, outcome.turns, outcome.turns)
    assert await shop.store.reader.head() == head  # nothing new
    assert await in_the_log(shop, dialogues) == said(dialogues)
    assert await on_the_screen(shop, dialogues) == said(dialogues)
    verdict = await verify_log(shop.store.database)
    assert (verdict.fault, verdict.first, verdict.last, verdict.events) == (None, 1, head, head)
    for name in ("inbox", "transcript"):
        await equals_a_rebuild(shop, name)
    return outcome


async def in_the_log(shop: Shop, dialogues: list[Dialogue]) -> dict[str, Turns]:
    """What the log holds of each dialogue; positions and seqs are gapless, each conversation ended last."""
    conversations = dict[UUID, str]()
    turns = dict[str, list[tuple[str, str | None]]]()
    ended = set[str]()
    position = seq = 0
    while page := await shop.store.reader.tenant_page(shop.tenant_id, seq, 5000):
        for one in page:
            assert (one.position, one.seq) == (position + 1, seq + 1)
            position, seq = one.position, one.seq
            event = one.event
            if isinstance(event, ConversationStarted):
                assert event.session_id is not None
                conversations[one.stream_id] = str(event.session_id).removeprefix("dialogue-")
                turns[conversations[one.stream_id]] = []
            if isinstance(event, MessagePosted):
                assert conversations[one.stream_id] not in ended
                turns[conversations[one.stream_id]].append((event.by.kind, str(event.text)))
            if isinstance(event, Ended):
                ended.add(conversations[one.stream_id])
    assert ended == {dialogue.id for dialogue in dialogues}
    return {name: tuple(told) for name, told in turns.items()}


async def on_the_screen(shop: Shop, dialogues: list[Dialogue]) -> dict[str, Turns]:
    """What the transcript shows of each dialogue's conversation."""
    await Projector(shop.store.database, shop.store.reader, PROJECTIONS).catch_up()
    started = await started_conversations(shop)
    shown = dict[str, Turns]()
    for dialogue in dialogues:
        async with shop.store.database.tenant(shop.tenant_id) as connection:
            page = await read_messages(
                connection, shop.tenant_id, started[dialogue.id], include_private=True, limit=1000
            )
        assert page.next_cursor is None
        shown[dialogue.id] = tuple((one.role, one.text) for one in page.messages)
    return shown


async def started_conversations(shop: Shop) -> dict[str, UUID]:
    """The conversation of each dialogue, by the label that the import gave its visit."""
    found, seq = dict[str, UUID](), 0
    while page := await shop.store.reader.tenant_page(shop.tenant_id, seq, 5000):
        for one in page:
            if isinstance(one.event, ConversationStarted):
                found[str(one.event.session_id).removeprefix("dialogue-")] = one.stream_id
        seq = page[-1].seq
    return found


async def equals_a_rebuild(shop: Shop, name: str) -> None:
    """The rows that were folded as the events came are those that come of folding from event 0."""
    projection = next(one for one in PROJECTIONS if one.name == name)
    async with shop.store.database.worker() as connection:
        live = next(one.build for one in await read_standings(connection) if one.name == name)
    anew = await rebuild(shop.store.database, shop.store.reader, projection)
    assert anew > live
    async with shop.store.database.worker() as connection:
        for table in projection.tables:
            old, new = f"read.{table}_{live}", f"read.{table}_{anew}"
            cursor = await connection.execute(
                f"SELECT (SELECT count(*) FROM {old}), (SELECT count(*) FROM {new}), "
                f"(SELECT count(*) FROM (SELECT * FROM {old} EXCEPT ALL SELECT * FROM {new}) d)".encode()
            )
            counts = await cursor.fetchone()
            assert counts is not None
            assert counts[0] == counts[1], table
            assert counts[0] > 0 or table != name, table
            assert counts[2] == 0, table


def said(dialogues: list[Dialogue]) -> dict[str, Turns]:
    return {one.id: tuple(one.turns) for one in dialogues}
