"""Assistant: who answers first, and how it is told to. A tenant has several, one of them the default."""

from __future__ import annotations

from domain.kernel import Aggregate, Event, Stamp
from domain.persona import FALLBACK, Persona, valid_persona
from domain.refusals import Conflict, NotFound

__all__ = ["EVENTS", "FALLBACK", "Assistant", "AssistantArchived", "AssistantConfigured", "Persona"]


class AssistantConfigured(Event, frozen=True, kw_only=True):
    """New, or changed; all of it. The stream's version is the version of what the model is told."""

    TYPE = "assistant.configured.1"

    tenant_id: int
    persona: Persona

    def create(self) -> Aggregate:
        return Assistant(self.originator_id)

    def apply(self, aggregate: Assistant) -> None:
        aggregate.persona = self.persona


class AssistantArchived(Event, frozen=True, kw_only=True):
    """It answers nobody any more; what it said stays."""

    TYPE = "assistant.archived.1"

    def apply(self, aggregate: Assistant) -> None:
        aggregate.is_archived = True


class Assistant(Aggregate):
    KIND = "assistant"

    persona = Persona(name="")
    is_archived = False

    def configure(
        self, stamp: Stamp, tenant_id: int, persona: Persona, expected_version: int | None = None
    ) -> None:
        """The same persona again changes nothing. Raises Invalid, NotFound once archived, and Conflict where
        `expected_version` is given and another one is stored."""
        if self.is_archived:
            raise NotFound
        if expected_version is not None and expected_version != self.version:
            raise Conflict(expected=expected_version, version=self.version)
        wanted = valid_persona(persona)
        if not self.exists or wanted != self.persona:
            self.record(AssistantConfigured, stamp, tenant_id=tenant_id, persona=wanted)

    def archive(self, stamp: Stamp) -> None:
        """Archiving twice changes nothing."""
        if self.exists and not self.is_archived:
            self.record(AssistantArchived, stamp)


EVENTS: tuple[type[Event], ...] = (AssistantConfigured, AssistantArchived)
