"""What the application needs from outside. The only protocols of this room besides the log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import IO, Literal, Protocol
from uuid import UUID

import msgspec

from application.due import Due
from application.log import Recorded
from application.routing import Floor
from domain.assistant import Persona
from domain.conversation import Citation
from domain.generation import Purpose, Trace
from domain.plan import Meter, ModelWeight
from domain.voice import VoiceSettings


class Turn(msgspec.Struct, frozen=True):
    """One public message of the conversation so far."""

    speaker: Literal["visitor", "agent", "assistant"]
    text: str


class Question(msgspec.Struct, frozen=True):
    """What an assistant is asked: the conversation, ending with the visitor's last words, and what for.

    `persona_version` is the version of the assistant's stream, for the record.
    """

    tenant_id: int
    persona: Persona
    turns: tuple[Turn, ...]
    purpose: Purpose = "reply"
    persona_version: int = 0


class Lead(msgspec.Struct, frozen=True, omit_defaults=True):
    """What speaks for a conversation being a lead; `score` is 0 to 100."""

    why: str
    score: int | None = None


class Answer(msgspec.Struct, frozen=True):
    """The assistant's words. `hand_over` is why a human should go on (None: the assistant keeps it).

    `model` is None and `tokens` 0 where no language model was asked. `notes` and `lead` are what it wants done in
    this very conversation: they name no other, nor could they. `arguments`: JSON, what it asked its tools for.
    """

    text: str
    model: str | None = None
    tokens: int = 0
    citations: tuple[Citation, ...] = ()
    hand_over: str | None = None
    notes: tuple[str, ...] = ()
    lead: Lead | None = None
    trace: Trace = Trace()
    arguments: str | None = None


Hear = Callable[[str], None]
"""Told the words so far, while they come; cheap, never raises, never waits."""


def unheard(words: str) -> None:
    """For an answer that nobody follows."""


class AnswerModel(Protocol):
    """Answers within its own deadline, always: a failure is an Answer that hands over.

    Every question of every purpose goes through one of them, and the answer's `trace` says what it cost.
    """

    async def answer(self, question: Question, hear: Hear = unheard) -> Answer: ...


class LiveWords(Protocol):
    """A way to those who watch a conversation while an answer to it is being made."""

    def to(self, tenant_id: int, conversation_id: UUID, contact_id: UUID, persona: Persona) -> Live:
        """What is heard inside is shown, made safe and at most a few times a second; lost where nobody looks."""
        ...


Live = AbstractAsyncContextManager[Hear]


class Passage(msgspec.Struct, frozen=True):
    """A part of an article; `score` grows with how well it fits, 1 is all that was asked.

    `chunk_id` stays the same while the text does, `hash` is the SHA-256 of what was found, in hex; `path` names
    the headings above it.
    """

    article_id: UUID
    title: str
    text: str
    score: float
    chunk_id: UUID | None = None
    hash: str = ""
    path: str = ""


class KnowledgeSearch(Protocol):
    """The tenant's knowledge base."""

    async def search(self, tenant_id: int, text: str, limit: int) -> Sequence[Passage]:
        """The best passages, best first; empty where nothing fits."""
        ...


class BlobMissing(Exception):
    """Nothing lies under this key."""


class BlobStore(Protocol):
    """Where the bytes of files lie. A key begins with its tenant; each call has a deadline (TimeoutError)."""

    async def put(self, key: str, body: IO[bytes]) -> None:
        """All of `body` from where it stands, at once or not at all; durable when it returns."""
        ...

    async def read(self, key: str, start: int, length: int) -> bytes:
        """`length` bytes from `start` on, fewer at the end. Raises BlobMissing."""
        ...

    async def delete(self, key: str) -> None:
        """Deleting what is not there changes nothing."""
        ...


class FileScanner(Protocol):
    """Looks at a file before it is stored; an installation may put a virus scanner here."""

    async def is_harmless(self, body: IO[bytes], content_type: str) -> bool:
        """`body` from its beginning on; leaves it where it likes."""
        ...


class Seat(msgspec.Struct, frozen=True):
    """An agent's desk. `load`: their open conversations, as of now.

    `own_room`: their own number, as of now, None for their team's, which is `team_room`.
    """

    is_there: bool
    load: int
    own_room: int | None
    team_room: int

    @property
    def capacity(self) -> int:
        return self.team_room if self.own_room is None else self.own_room


class Desks(Protocol):
    """Who works, what they have, what waits: out of a read model, so a little old, but for a seat's numbers."""

    async def seat(self, tenant_id: int, agent_id: UUID) -> Seat:
        """One query. Nobody is there where this tenant has no such agent."""
        ...

    async def floor(self, tenant_id: int, seq: int, now: datetime) -> Floor:
        """As of the tenant's `seq` or later. Raises ProjectionBehind."""
        ...


class QueuePlace(msgspec.Struct, frozen=True):
    """Where a conversation stands in its queue: 1 is next.

    `estimated_seconds` by what was taken out of the queue in 15 minutes, None if nothing was.
    """

    conversation_id: UUID
    contact_id: UUID
    position: int
    estimated_seconds: int | None


class Places(Protocol):
    """The queue, and a way to those who wait in it."""

    async def queue(self, tenant_id: int, seq: int) -> Sequence[QueuePlace]:
        """The first ones of each queue, as of the tenant's `seq` or later. Raises ProjectionBehind."""
        ...

    async def tell(self, tenant_id: int, place: QueuePlace) -> None:
        """Whoever is connected hears it; it is not kept for anybody else."""
        ...


class DueTimes(Protocol):
    """What is due at some time, as far as the log says."""

    async def outstanding(self, position: int) -> Sequence[Due]:
        """All tenants', as of this global position or later. Raises ProjectionBehind."""
        ...


class Counters(Protocol):
    """What tenants with a limit used so far, as the appends count it."""

    async def true_up(self, tenant_id: int, meter: Meter, period: int, weights: tuple[ModelWeight, ...]) -> None:
        """Make the counter what the log says, and begin it where there is none."""
        ...

    async def used(self, tenant_id: int, meter: Meter, period: int) -> int:
        """0 where nothing is counted."""
        ...


class LineWish(msgspec.Struct, frozen=True):
    """A visitor wants to call. `seconds`: how long the number is kept if nobody ever gives it back.

    `secret_id` names the token of the tenant's account with the provider, if it has one.
    """

    tenant_id: int
    contact_id: UUID
    conversation_id: UUID
    settings: VoiceSettings
    secret_id: UUID | None
    seconds: int


class Line(msgspec.Struct, frozen=True):
    """The number to dial, in E.164, and the conversation whose call it is. `is_new`: allocated just now."""

    conversation_id: UUID
    number: str
    is_new: bool = False


class VoiceLine(Protocol):
    """Numbers that can be dialled. One is never in two open calls of a tenant, over any number of processes."""

    async def allocate(self, wish: LineWish) -> Line:
        """Within a deadline. Where this visitor has a number already it is that one, with its conversation.

        Raises NoNumberFree, LineUnavailable.
        """
        ...

    async def release(self, tenant_id: int, conversation_id: UUID) -> None:
        """The call is over, its number is free; releasing twice changes nothing."""
        ...


class Policy(Protocol):
    """Whenever X, then Y: followed by a reactor, at least once per event, never rebuilt."""

    @property
    def name(self) -> str: ...

    def concerns(self, recorded: Recorded) -> bool:
        """True where this event asks for a reaction. Pure and quick."""
        ...

    async def react(self, recorded: Recorded) -> None:
        """Carry it out. Its commands' keys derive from the event, so doing it twice does nothing."""
        ...
