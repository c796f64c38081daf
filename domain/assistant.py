"""Assistant: who answers first, and how it is told to."""

from __future__ import annotations

import msgspec

from domain.kernel import Aggregate, Event, Stamp
from domain.values import bounded, required

FALLBACK = "I cannot answer right now. A colleague will take over."


class Persona(msgspec.Struct, frozen=True, omit_defaults=True):
    """`model` None: answers are quoted from the knowledge base; else `base_url` speaks OpenAI's protocol."""

    name: str
    instructions: str = ""
    model: str | None = None
    base_url: str | None = None
    fallback: str = FALLBACK


class AssistantConfigured(Event, frozen=True, kw_only=True):
    TYPE = "assistant.configured.1"

    tenant_id: int
    persona: Persona

    def create(self) -> Aggregate:
        return Assistant(self.originator_id)

    def apply(self, aggregate: Assistant) -> None:
        aggregate.persona = self.persona


class Assistant(Aggregate):
    KIND = "assistant"

    persona = Persona(name="")

    def configure(self, stamp: Stamp, tenant_id: int, persona: Persona) -> None:
        """The same persona again changes nothing. Raises Invalid."""
        required("name", persona.name)
        required("fallback", persona.fallback, 2_000)
        bounded("instructions", persona.instructions, 20_000)
        if persona != self.persona:
            self.record(AssistantConfigured, stamp, tenant_id=tenant_id, persona=persona)


EVENTS: tuple[type[Event], ...] = (AssistantConfigured,)
