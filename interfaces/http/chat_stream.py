"""Chat stream: the answer to a visitor while it is being made, as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any, Protocol, TypeVar

import msgspec
from litestar import Response
from litestar.response import Stream

from application.bus import Receipt
from application.log import Recorded
from domain.conversation import MessagePosted
from domain.ids import wire
from infrastructure.ending import end
from interfaces.http.headers import POSITION, REPLAYED, Connection
from interfaces.http.parts import HttpParts
from interfaces.live_words import words_in
from interfaces.ws.frames import Words

EVENT_STREAM = "text/event-stream"
KEEP_ALIVE = 10.0
"""Seconds of silence after which a comment is sent, so that no proxy gives up."""
MOST_WAITING = 1_000


class Posted(Protocol):
    @property
    def receipt(self) -> Receipt: ...
    @property
    def message(self) -> MessagePosted: ...


P = TypeVar("P", bound=Posted)


class Asked(Protocol[P]):
    """A request in two steps."""

    async def post(self) -> P: ...
    async def answer(self, posted: P) -> Response[Any]: ...


def wants_stream(request: Connection) -> bool:
    return any(
        part.partition(";")[0].strip().lower() == EVENT_STREAM
        for part in request.headers.get("accept", "").split(",")
    )


async def streamed(parts: HttpParts, tenant_id: int, asked: Asked[Any]) -> Stream:
    """Once the visitor's message is durable; a refusal is answered as always. Raises a Refusal.

    Who goes away meanwhile takes nothing with them: the reply is the reactor's, and it ends what it began.
    """
    following = _Following(parts, tenant_id, asked)
    try:
        posted = await following.posted
    except BaseException:
        await end([following.task])
        raise
    headers = {POSITION: str(posted.receipt.seq), "X-Accel-Buffering": "no"}
    if posted.receipt.replayed:
        headers[REPLAYED] = "true"
    return Stream(_events(following), media_type=EVENT_STREAM, headers=headers)


class _Following:
    """Hears the tenant's feed from before the message is stored, so that no word is missed.

    A task of its own: what follows a feed is entered and left in one task.
    """

    def __init__(self, parts: HttpParts, tenant_id: int, asked: Asked[Any]) -> None:
        self.posted: asyncio.Future[Posted] = asyncio.get_running_loop().create_future()
        self.items: asyncio.Queue[Words | Response[Any]] = asyncio.Queue(MOST_WAITING)
        self.task = asyncio.create_task(self._run(parts, tenant_id, asked))

    async def _run(self, parts: HttpParts, tenant_id: int, asked: Asked[Any]) -> None:
        try:
            async with parts.feed.follow(tenant_id, _deaf, self._overhear):
                posted = await asked.post()
                self.posted.set_result(posted)
                self.items.put_nowait(await asked.answer(posted))
        except Exception as error:
            if self.posted.done():
                raise
            self.posted.set_exception(error)

    def _overhear(self, body: bytes) -> None:
        words = words_in(body)
        if words is not None and self.items.qsize() < MOST_WAITING // 2:  # room is left for the answer
            self.items.put_nowait(words)


async def _events(following: _Following) -> AsyncGenerator[bytes]:
    """`delta`s of this conversation, then `done`. Where the answer cannot be told, the stream ends without it."""
    conversation_id = wire("conversation", (await following.posted).message.originator_id)
    shown = ""
    try:
        while True:
            item = await _next(following)
            if item is None:
                yield b": \n\n"
            elif isinstance(item, Response):
                message = item.content.message
                if message is not None and message != shown:
                    at = len(shown) if message.startswith(shown) else 0
                    yield _event("delta", {"offset": at, "text": message[at:]})
                yield _event("done", item.content)
                return
            elif item.conversation_id == conversation_id and item.offset <= len(shown):
                shown = shown[: item.offset] + item.text
                yield _event("delta", {"offset": item.offset, "text": item.text})
    finally:
        await end([following.task])


async def _next(following: _Following) -> Words | Response[Any] | None:
    """None where nothing comes for a while. Raises what the task raised."""
    taking = asyncio.create_task(following.items.get())
    try:
        done, _ = await asyncio.wait(
            [taking, following.task], timeout=KEEP_ALIVE, return_when=asyncio.FIRST_COMPLETED
        )
        if taking in done:
            return taking.result()
        if following.task in done and following.items.empty():
            following.task.result()
        return None
    finally:
        taking.cancel()


def _event(name: str, data: object) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + msgspec.json.encode(data) + b"\n\n"


def _deaf(recorded: Sequence[Recorded]) -> None:
    """Events are waited for elsewhere."""
