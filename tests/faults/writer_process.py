"""One writer process of the fault tests: eight clients post notes into shared conversations until stdin ends.

`python -m tests.faults.writer_process URL CONVERSATIONS JOURNAL`: CONVERSATIONS has lines `<tenant> <id>`. JOURNAL
gets a line before a command is sent and one after it was acknowledged, each in one write, so that it is true at
whatever moment the process is killed. A command's key is its note's text.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path
from uuid import UUID, uuid4

import msgspec

from application.actor import system
from application.bus import CommandBus, Receipt, Request
from application.conversation import PostMessage
from application.handlers import HANDLERS
from domain.refusals import Conflict
from infrastructure.clock import now, uuid7
from infrastructure.eventstore.store import open_event_store
from tests.support.appends import MASTER_KEY

CLIENTS = 8


class Sent(msgspec.Struct, frozen=True, tag="sent"):
    tenant_id: int
    conversation_id: UUID
    key: str


class Acknowledged(msgspec.Struct, frozen=True, tag="acknowledged"):
    client: str
    tenant_id: int
    conversation_id: UUID
    key: str
    seq: int
    version: int
    replayed: bool


Entry = Sent | Acknowledged


def read_journal(path: Path) -> list[Entry]:
    """All whole lines."""
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [msgspec.json.decode(line, type=Entry) for line in lines]


async def send(bus: CommandBus, sent: Sent) -> Receipt:
    """As an impatient client does: the same command again until somebody answers."""
    command = PostMessage(conversation_id=sent.conversation_id, text=sent.key, private=True)
    while True:
        try:
            return await bus.execute(system(sent.tenant_id), command, Request(key=sent.key))
        except Conflict:
            continue


async def main(url: str, conversations: Path, journal: Path) -> None:
    shared = [line.split() for line in conversations.read_text().splitlines()]
    file = os.open(journal, os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def note(entry: Entry) -> None:
        os.write(file, msgspec.json.encode(entry) + b"\n")

    async def client(name: str) -> None:
        while True:
            tenant, conversation = random.choice(shared)
            sent = Sent(int(tenant), UUID(conversation), uuid4().hex)
            note(sent)
            for _ in range(random.choice((1, 1, 1, 1, 2))):  # some never saw the answer and send again
                receipt = await send(bus, sent)
                place = (sent.tenant_id, sent.conversation_id, sent.key)
                note(Acknowledged(name, *place, receipt.seq, receipt.version, receipt.replayed))

    async with open_event_store(url, MASTER_KEY) as store:
        bus = CommandBus(store, HANDLERS, now, uuid7)
        clients = [asyncio.create_task(client(f"{os.getpid()}/{number}")) for number in range(CLIENTS)]
        ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
        await asyncio.wait([*clients, ended], return_when=asyncio.FIRST_COMPLETED)
        for one in clients:
            one.cancel()
        ends = await asyncio.gather(*clients, return_exceptions=True)
        failed = [error for error in ends if isinstance(error, Exception)]
    if failed:
        raise ExceptionGroup("clients failed", failed)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
