"""Live words: what the assistant is writing, on the sockets of the visitor and of the agents, while it writes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

import msgspec
import nats.errors

from application.fault import fault
from application.ports import Hear
from domain.answer_text import repeats, safe_words, settled_part, without_marks
from domain.assistant import Persona
from domain.ids import wire
from domain.values import MESSAGE_LENGTH
from infrastructure.ending import end
from infrastructure.nats.feed import Feed
from interfaces.ws.frames import AssistantDelta, Words, encode
from interfaces.ws.whisper import Whisper, decode_whisper, encode_whisper

PACE = 0.25
"""Seconds between two frames of one answer: the work depends on time and on answers, not on tokens."""

_log = logging.getLogger("verbatim.assistant")


class FeedWords:
    """Implements `application.ports.LiveWords`. What is told while NATS is away is lost: a message follows."""

    def __init__(self, feed: Feed, pace: float = PACE) -> None:
        self._feed = feed
        self._pace = pace

    @asynccontextmanager
    async def to(
        self, tenant_id: int, conversation_id: UUID, contact_id: UUID, persona: Persona
    ) -> AsyncGenerator[Hear]:
        draft = Draft(persona)
        place = _Place(tenant_id, conversation_id, contact_id)
        telling = asyncio.create_task(self._tell(place, draft))
        try:
            yield draft.hear
        finally:
            await end([telling])

    async def _tell(self, place: _Place, draft: Draft) -> None:
        while True:
            await draft.news.wait()
            offset, text = draft.take()
            if text or offset < draft.shown_before:
                await self._send(place, Words(wire("conversation", place.conversation_id), offset, text))
            await asyncio.sleep(self._pace)

    async def _send(self, place: _Place, words: Words) -> None:
        whisper = Whisper("", place.contact_id, encode(AssistantDelta(data=words)))
        try:
            await self._feed.ephemeral(place.tenant_id, encode_whisper(whisper))
        except (nats.errors.Error, OSError) as error:
            _log.warning("tenant %s: words were not shown: %s", place.tenant_id, fault(error))


class _Place(msgspec.Struct, frozen=True):
    tenant_id: int
    conversation_id: UUID
    contact_id: UUID


class Draft:
    """The words that came, and how much of them is shown already."""

    def __init__(self, persona: Persona) -> None:
        self.news = asyncio.Event()
        self.shown_before = 0
        self._persona = persona
        self._words = ""
        self._shown = ""

    def hear(self, words: str) -> None:
        self._words = words
        self.news.set()

    def take(self) -> tuple[int, str]:
        """(offset, text): what is to be shown from where on."""
        self.news.clear()
        raw = settled_part(self._words)
        shown = safe_words(without_marks(raw), self._persona.link_hosts)[:MESSAGE_LENGTH]
        if repeats(raw, "", self._persona.instructions):
            shown = ""
        offset = _alike(shown, self._shown)
        self.shown_before, self._shown = len(self._shown), shown
        return offset, shown[offset:]


def _alike(one: str, other: str) -> int:
    """How many characters both begin with."""
    if one.startswith(other):
        return len(other)
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def words_in(body: bytes) -> Words | None:
    """What a message of the feed says of an assistant's words; None where it speaks of something else."""
    if b'"assistant:delta"' not in body:
        return None
    try:
        return _DECODER.decode(decode_whisper(body).frame).data
    except msgspec.DecodeError:
        return None


_DECODER = msgspec.json.Decoder(AssistantDelta)
