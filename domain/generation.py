"""Generation: one time that an assistant was asked, and everything that its words rest on."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import msgspec

from domain.kernel import Aggregate, Event, PersonalEvent, Stamp
from domain.personal import Personal

Purpose = Literal["reply", "suggestion", "summary"]
Outcome = Literal["replied", "handed_over", "discarded", "failed", "suggested"]


class SourceUsed(msgspec.Struct, frozen=True):
    """A passage of the knowledge base that the model was shown; `hash` is the SHA-256 of its text, hex."""

    article_id: UUID
    hash: str


class ToolUse(msgspec.Struct, frozen=True):
    """A tool that the model asked for. `is_refused`: it does not have it, or the arguments were not valid."""

    name: str
    is_refused: bool = False


class Trace(msgspec.Struct, frozen=True, omit_defaults=True):
    """How an answer came about; never what was said in it.

    `persona_version`: the version of the assistant's stream. `prompt_hash`: SHA-256, hex, of the system prompt.
    `fault`: why no model's words were used, None where they were, or where none was asked.
    """

    persona_version: int = 0
    prompt_hash: str | None = None
    model: str | None = None
    sources: tuple[SourceUsed, ...] = ()
    calls: tuple[ToolUse, ...] = ()
    prompt_tokens: int = 0
    completion_tokens: int = 0
    latency_ms: int = 0
    rounds: int = 0
    fault: str | None = None


class Occasion(msgspec.Struct, frozen=True):
    """In which conversation which assistant was asked, and what for."""

    tenant_id: int
    contact_id: UUID
    conversation_id: UUID
    assistant_id: UUID | None
    purpose: Purpose


class GenerationRecorded(PersonalEvent, frozen=True, kw_only=True):
    """`message_id` names the reply; `text` holds a suggestion or a summary, which no message does.

    `arguments`: JSON, what the model asked its tools for, in the order of `trace.calls`.
    """

    TYPE = "generation.recorded.1"

    tenant_id: int
    conversation_id: UUID
    assistant_id: UUID | None = None
    purpose: Purpose
    outcome: Outcome
    trace: Trace
    message_id: UUID | None = None
    text: Personal | None = None
    arguments: Personal | None = None

    def create(self) -> Aggregate:
        return Generation(self.originator_id)


class Generation(Aggregate):
    """A stream of its own with one event: what is noted of an answer must not move the conversation."""

    KIND = "generation"

    def keep(
        self,
        stamp: Stamp,
        occasion: Occasion,
        outcome: Outcome,
        trace: Trace,
        *,
        message_id: UUID | None = None,
        text: str | None = None,
        arguments: str | None = None,
    ) -> None:
        """Once."""
        if self.exists:
            return
        self.record(
            GenerationRecorded,
            stamp,
            tenant_id=occasion.tenant_id,
            subject_id=occasion.contact_id,
            conversation_id=occasion.conversation_id,
            assistant_id=occasion.assistant_id,
            purpose=occasion.purpose,
            outcome=outcome,
            trace=trace,
            message_id=message_id,
            text=text,
            arguments=arguments,
        )


EVENTS: tuple[type[Event], ...] = (GenerationRecorded,)
