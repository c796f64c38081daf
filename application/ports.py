"""What the application needs from outside. The only protocols of this room besides the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol
from uuid import UUID

import msgspec

from application.log import Recorded
from domain.assistant import Persona
from domain.conversation import Citation


class Turn(msgspec.Struct, frozen=True):
    """One public message of the conversation so far."""

    speaker: Literal["visitor", "agent", "assistant"]
    text: str


class Question(msgspec.Struct, frozen=True):
    """What an assistant is asked: the conversation, ending with the visitor's last words."""

    tenant_id: int
    persona: Persona
    turns: tuple[Turn, ...]


class Answer(msgspec.Struct, frozen=True):
    """The assistant's words. `hand_over` is why a human should go on (None: the assistant keeps it).

    `model` is None and `tokens` 0 where no language model was asked.
    """

    text: str
    model: str | None = None
    tokens: int = 0
    citations: tuple[Citation, ...] = ()
    hand_over: str | None = None


class AnswerModel(Protocol):
    """Answers within its own deadline, always: a failure is an Answer that hands over."""

    async def answer(self, question: Question) -> Answer: ...


class Passage(msgspec.Struct, frozen=True):
    """A part of an article; `score` grows with how well it fits."""

    article_id: UUID
    title: str
    text: str
    score: float


class KnowledgeSearch(Protocol):
    """The tenant's knowledge base."""

    async def search(self, tenant_id: int, text: str, limit: int) -> Sequence[Passage]:
        """The best passages, best first; empty where nothing fits."""
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
