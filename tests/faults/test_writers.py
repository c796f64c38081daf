"""Four writer processes fight over the same streams; two are killed. Nothing is lost, doubled or reordered."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from application.actor import system
from application.bus import CommandBus
from application.conversation import StartConversation
from application.handlers import HANDLERS
from application.log import Recorded
from domain.conversation import NoteAdded
from infrastructure.clock import now, uuid7
from infrastructure.eventstore.store import EventStore, open_event_store
from infrastructure.eventstore.verify import verify_log
from tests.faults.writer_process import CLIENTS, Acknowledged, Sent, read_journal, send
from tests.support.appends import MASTER_KEY

ROOT = Path(__file__).parents[2]
STREAMS, TENANTS, WRITERS, KILLED = 40, 5, 4, 2


class Fight:
    """The processes, and what each wrote down."""

    def __init__(self, folder: Path, processes: list[subprocess.Popen[bytes]]) -> None:
        self.processes = processes
        self._journals = [folder / f"journal{number}" for number in range(len(processes))]

    def sent(self) -> list[Sent]:
        return [entry for journal in self._journals for entry in read_journal(journal) if isinstance(entry, Sent)]

    def acknowledged(self, number: int | None = None) -> list[Acknowledged]:
        journals = self._journals if number is None else [self._journals[number]]
        entries = [entry for journal in journals for entry in read_journal(journal)]
        return [entry for entry in entries if isinstance(entry, Acknowledged)]

    async def until(self, reached: Callable[[], bool]) -> None:
        """Raises AssertionError where a process that should live ended."""
        while not reached():
            alive = [process for process in self.processes if process.poll() is None]
            assert len(alive) >= WRITERS - KILLED
            await asyncio.sleep(0.05)

    def stop(self) -> None:
        """The living finish what they have and end well."""
        for process in self.processes:
            if process.poll() is None and process.stdin is not None:
                process.stdin.close()
        for process in self.processes:
            assert process.wait(15) in (0, -9)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_event_store(database_url, MASTER_KEY) as opened:
        yield opened


@contextmanager
def fighting(url: str, folder: Path, conversations: list[tuple[int, UUID]]) -> Iterator[Fight]:
    shared = folder / "conversations"
    shared.write_text("".join(f"{tenant_id} {id}\n" for tenant_id, id in conversations))
    command = [sys.executable, "-m", "tests.faults.writer_process", url, str(shared)]
    processes = [
        subprocess.Popen([*command, str(folder / f"journal{number}")], stdin=subprocess.PIPE, cwd=ROOT)
        for number in range(WRITERS)
    ]
    try:
        yield Fight(folder, processes)
    finally:
        for process in processes:
            process.kill()
            process.wait()


async def test_killed_writers_lose_double_and_reorder_nothing(
    store: EventStore, database_url: str, tmp_path: Path
) -> None:
    bus = CommandBus(store, HANDLERS, now, uuid7)
    conversations = [await started(bus, number % TENANTS + 1) for number in range(STREAMS)]
    with fighting(database_url, tmp_path, conversations) as fight:
        await fight.until(lambda: all(len(fight.acknowledged(number)) >= 100 for number in range(WRITERS)))
        for process in fight.processes[:KILLED]:
            process.kill()
        before = [len(fight.acknowledged(number)) for number in range(WRITERS)]
        await fight.until(
            lambda: all(
                len(fight.acknowledged(number)) >= before[number] + 100 for number in range(KILLED, WRITERS)
            )
        )
        fight.stop()

    notes = await notes_of(store)
    assert_every_acknowledgement_is_true(fight.acknowledged(), notes)
    assert_no_client_was_overtaken(fight.acknowledged())
    unanswered = await send_again(bus, fight)
    stored = Counter(text for text in (await notes_of(store)).values())
    assert stored == Counter(entry.key for entry in fight.sent()), "stored exactly once, whatever was sent"
    verdict = await verify_log(store.database)
    assert verdict.fault is None
    repeated = sum(entry.replayed for entry in fight.acknowledged())
    print(
        f"\n{WRITERS} writers, {KILLED} killed: {verdict.events} events in {verdict.batches} batches, "
        f"{len(fight.acknowledged())} acknowledgements, {repeated} repeated commands absorbed, "
        f"{unanswered} unanswered at the kill; 0 lost, 0 doubled, 0 reordered, three chains sound"
    )


async def started(bus: CommandBus, tenant_id: int) -> tuple[int, UUID]:
    receipt = await bus.execute(system(tenant_id), StartConversation(contact_id=uuid4()))
    return tenant_id, receipt.events[-1].originator_id


async def notes_of(store: EventStore) -> dict[tuple[int, int, UUID, int], str]:
    """(tenant, seq, stream, version) -> the note that stands there."""
    found: list[Recorded] = []
    while page := await store.reader.page(found[-1].position if found else 0, 2000):
        found += page
    return {
        (one.tenant_id, one.seq, one.stream_id, one.version): str(one.event.text)
        for one in found
        if isinstance(one.event, NoteAdded)
    }


def assert_every_acknowledgement_is_true(
    acknowledged: list[Acknowledged], notes: dict[tuple[int, int, UUID, int], str]
) -> None:
    """Also the second one of a command that was sent twice: it names the place of the first."""
    for one in acknowledged:
        assert notes[one.tenant_id, one.seq, one.conversation_id, one.version] == one.key
    assert any(one.replayed for one in acknowledged)


def assert_no_client_was_overtaken(acknowledged: list[Acknowledged]) -> None:
    """What a client sent after an answer stands after it."""
    in_turn = sorted(
        acknowledged, key=lambda one: (one.client, one.tenant_id)
    )  # stable: keeps the journal's order
    for _, mine in groupby(in_turn, key=lambda one: (one.client, one.tenant_id)):
        seqs = [one.seq for one in mine]
        assert seqs == sorted(seqs)


async def send_again(bus: CommandBus, fight: Fight) -> int:
    """The clients of the killed processes ask somebody else. Returns how many had no answer."""
    answered = {entry.key for entry in fight.acknowledged()}
    unanswered = [entry for entry in fight.sent() if entry.key not in answered]
    assert len(unanswered) <= WRITERS * CLIENTS
    for entry in unanswered:
        await send(bus, entry)
    return len(unanswered)
