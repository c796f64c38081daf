"""Commands about an assistant."""

from __future__ import annotations

from uuid import UUID

from application.command import Command, Handlers
from application.work import Work
from domain.assistant import Assistant, Persona


class ConfigureAssistant(Command, frozen=True, kw_only=True):
    """A new assistant, or another persona for one there is."""

    assistant_id: UUID
    persona: Persona

    @property
    def turn(self) -> UUID:
        return self.assistant_id


async def configure_assistant(work: Work, command: ConfigureAssistant) -> None:
    assistant = await work.load(Assistant, command.assistant_id)
    assistant.configure(work.stamp, work.actor.tenant_id, command.persona)


HANDLERS: Handlers = {ConfigureAssistant: configure_assistant}
