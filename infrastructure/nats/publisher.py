"""Publisher: rows into the stream, each at the sequence that is its position, or not at all."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager

import msgspec
from nats.aio.msg import Msg

from infrastructure.eventstore.rows import StoredRow, encode_row
from infrastructure.nats.connection import NatsConnection
from infrastructure.nats.frames import frame
from infrastructure.nats.stream import SUBJECTS, Subjects

WINDOW = 512
GROUP = 64
ACK_DEADLINE = 2.0
WRONG_LAST_SEQUENCE = 10071


class Fenced(Exception):
    """The stream does not end where these rows begin: another relay was faster, or the stream changed."""


class PublishFailed(Exception):
    """No proof that the rows are stored; they may be. Read the stream's last sequence again."""


class AckError(msgspec.Struct, frozen=True):
    """What JetStream says when it refuses a message."""

    err_code: int = 0
    description: str = ""


class Ack(msgspec.Struct, frozen=True):
    """JetStream's answer to one message."""

    seq: int = 0
    error: AckError | None = None


class Publisher:
    """Every message carries `Nats-Expected-Last-Sequence: position - 1`, so it is stored only if all before
    it are. The acknowledgement of one message therefore proves all before it, and only the last of each
    group of `GROUP` asks for one. At most `WINDOW` messages are unproven.

    nats-py's `publish_async` is not used: it never resolves when the server answers with an error.
    """

    def __init__(self, nats: NatsConnection, subjects: Subjects = SUBJECTS) -> None:
        self.epoch = 1
        self._nats = nats
        self._subjects = subjects
        self._inbox = nats.new_inbox()
        self._waiting: dict[int, asyncio.Future[Ack]] = {}

    async def publish(self, rows: Sequence[StoredRow]) -> int:
        """Rows of consecutive positions; answers the last one when all are stored.

        Raises Fenced, PublishFailed; some of the rows may be stored then. One call at a time.
        """
        unproven: deque[asyncio.Future[Ack]] = deque()
        try:
            for group in _groups(rows):
                if len(unproven) * GROUP >= WINDOW:
                    await _proof(unproven.popleft())
                unproven.append(await self._send(group))
            while unproven:
                await _proof(unproven.popleft())
        finally:
            self._forget_waiting()
        return rows[-1].pos

    async def receive_ack(self, message: Msg) -> None:
        """An answer on our inbox: its subject ends with the position it is about."""
        position = int(message.subject.rpartition(".")[2])
        future = self._waiting.pop(position, None)
        if future is None or future.done():
            return
        # An empty body is the server's 503: nobody listens, there is no such stream.
        ack = _ACKS.decode(message.data) if message.data else Ack(error=AckError(503, "no stream"))
        if ack.error is None and ack.seq != position:
            ack = Ack(error=AckError(0, f"position {position} was stored as {ack.seq}"))
        future.set_result(ack)

    def break_off(self) -> None:
        """The server is away: what waits for a proof shall not wait for its deadline."""
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(PublishFailed("the server went away"))

    @property
    def inbox(self) -> str:
        return f"{self._inbox}.*"

    async def _send(self, rows: Sequence[StoredRow]) -> asyncio.Future[Ack]:
        if not self._nats.is_connected:
            raise PublishFailed("the server is away")
        last = rows[-1].pos
        future: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        self._waiting[last] = future
        *others, final = rows
        frames = [self._frame(row) for row in others]
        await self._nats.publish_frames([*frames, self._frame(final, f"{self._inbox}.{last}")])
        return future

    def _frame(self, row: StoredRow, reply: str = "") -> bytes:
        return frame(self._subjects.event(row), encode_row(row), self._headers(row), reply)

    def _headers(self, row: StoredRow) -> dict[str, str]:
        return {
            "Nats-Expected-Last-Sequence": str(row.pos - 1),
            "Es-Hash": row.hash.hex(),
            "Es-Tpos": str(row.tpos),
            "Es-Type": row.type,
            "Es-Epoch": str(self.epoch),
        }

    def _forget_waiting(self) -> None:
        for future in self._waiting.values():
            future.cancel()
        self._waiting.clear()


@asynccontextmanager
async def open_publisher(nats: NatsConnection, subjects: Subjects = SUBJECTS) -> AsyncGenerator[Publisher]:
    """A publisher that hears its acknowledgements. Raises nats.errors.Error."""
    publisher = Publisher(nats, subjects)
    subscription = await nats.subscribe(publisher.inbox, cb=publisher.receive_ack)
    nats.on_loss.append(publisher.break_off)
    try:
        yield publisher
    finally:
        nats.on_loss.remove(publisher.break_off)
        if not nats.is_closed:
            await subscription.unsubscribe()


async def _proof(future: asyncio.Future[Ack]) -> None:
    try:
        async with asyncio.timeout(ACK_DEADLINE):
            ack = await future
    except TimeoutError as problem:
        raise PublishFailed("no answer") from problem
    if ack.error is None:
        return
    if ack.error.err_code == WRONG_LAST_SEQUENCE:
        raise Fenced(ack.error.description)
    raise PublishFailed(ack.error.description)


def _groups(rows: Sequence[StoredRow]) -> Iterator[Sequence[StoredRow]]:
    for start in range(0, len(rows), GROUP):
        yield rows[start : start + GROUP]


_ACKS = msgspec.json.Decoder(Ack)
