"""Commands about assistants."""

from __future__ import annotations

from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from application.command import Command, Handlers
from application.work import Work
from domain.assistant import Assistant, Persona
from domain.hours import Hours
from domain.ids import natural_key
from domain.persona import Duty, Tone, ToolName
from domain.refusals import AssistantIsDefault, NotFound
from domain.tenant import Tenant


class PersonaChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """Field by field a Persona; what is left out stays."""

    name: str | UnsetType = UNSET
    instructions: str | UnsetType = UNSET
    model: str | UnsetType | None = UNSET
    base_url: str | UnsetType | None = UNSET
    fallback: str | UnsetType = UNSET
    temperature: float | UnsetType | None = UNSET
    tone: Tone | UnsetType = UNSET
    tools: tuple[ToolName, ...] | UnsetType = UNSET
    max_turns: int | UnsetType | None = UNSET
    languages: tuple[str, ...] | UnsetType = UNSET
    duty: Duty | UnsetType = UNSET
    hours: Hours | UnsetType | None = UNSET
    link_hosts: tuple[str, ...] | UnsetType = UNSET

    def over(self, persona: Persona) -> Persona:
        """The persona with what this says."""
        said = {name: value for name, value in msgspec.structs.asdict(self).items() if value is not UNSET}
        return replace(persona, **said)


class AboutAssistant(Command, frozen=True, kw_only=True):
    """Its turn is the assistant's."""

    assistant_id: UUID

    @property
    def turn(self) -> UUID:
        return self.assistant_id


class ConfigureAssistant(AboutAssistant, frozen=True, kw_only=True):
    """A new assistant under an id that is known, or another persona for one there is: set-up's."""

    persona: Persona


class CreateAssistant(Command, frozen=True, kw_only=True):
    """A new assistant."""

    persona: Persona


class ChangeAssistant(AboutAssistant, frozen=True, kw_only=True):
    """`expected_version`: refuse if somebody else has changed it."""

    change: PersonaChange
    expected_version: int | None = None


class ArchiveAssistant(AboutAssistant, frozen=True, kw_only=True):
    """It answers nobody any more."""


class ChooseDefaultAssistant(AboutAssistant, frozen=True, kw_only=True):
    """It answers where nobody names another one."""


async def configure_assistant(work: Work, command: ConfigureAssistant) -> None:
    assistant = await work.load(Assistant, command.assistant_id)
    assistant.configure(work.stamp, work.actor.tenant_id, command.persona)


async def create_assistant(work: Work, command: CreateAssistant) -> None:
    work.create(Assistant).configure(work.stamp, work.actor.tenant_id, command.persona)


async def change_assistant(work: Work, command: ChangeAssistant) -> None:
    assistant = await work.get(Assistant, command.assistant_id)
    persona = command.change.over(assistant.persona)
    assistant.configure(work.stamp, work.actor.tenant_id, persona, command.expected_version)


async def archive_assistant(work: Work, command: ArchiveAssistant) -> None:
    """Raises AssistantIsDefault: nobody is left without a default by accident."""
    assistant = await work.get(Assistant, command.assistant_id)
    tenant = await work.load(Tenant, natural_key(work.actor.tenant_id, Tenant.KIND))
    if tenant.default_assistant_id == assistant.id and not assistant.is_archived:
        raise AssistantIsDefault
    assistant.archive(work.stamp)


async def choose_default_assistant(work: Work, command: ChooseDefaultAssistant) -> None:
    assistant = await work.get(Assistant, command.assistant_id)
    if assistant.is_archived:
        raise NotFound
    tenant = await work.get(Tenant, natural_key(work.actor.tenant_id, Tenant.KIND))
    tenant.choose_default_assistant(work.stamp, assistant.id)


async def present_assistant(work: Work, assistant_id: UUID) -> bool:
    """Whether it answers anybody. Raises NotFound where this tenant never had it."""
    return not (await work.look_up(Assistant, assistant_id)).is_archived


async def default_assistant(work: Work) -> UUID | None:
    """The tenant's, None where none was chosen."""
    try:
        tenant = await work.look_up(Tenant, natural_key(work.actor.tenant_id, Tenant.KIND))
    except NotFound:
        return None
    return tenant.default_assistant_id


HANDLERS: Handlers = {
    ConfigureAssistant: configure_assistant,
    CreateAssistant: create_assistant,
    ChangeAssistant: change_assistant,
    ArchiveAssistant: archive_assistant,
    ChooseDefaultAssistant: choose_default_assistant,
}
