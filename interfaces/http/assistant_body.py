"""The JSON of an assistant's settings."""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from application.assistant import PersonaChange
from domain.hours import Hours, Opening
from domain.ids import wire
from domain.persona import FALLBACK, TOOLS, Duty, Persona, Tone, ToolName
from interfaces.http.teams import HoursBody, OpeningBody
from projections.assistants import AssistantSettings


class NewAssistant(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Without `model` it answers from the knowledge base; `baseUrl` speaks OpenAI's protocol, null: the house's.

    `temperature` 0 to 2, null: the model's own. `maxTurns`: replies in one go until a human takes over.
    `languages` are BCP 47 tags, none: the visitor's. `duty`: when it answers, by `hours`.
    `linkHosts`: hosts it may link to.
    """

    name: str
    prompt: str = ""
    model: str | None = None
    base_url: str | None = None
    fallback: str = FALLBACK
    temperature: float | None = None
    tone: Tone = "neutral"
    tools: tuple[ToolName, ...] = TOOLS
    max_turns: int | None = None
    languages: tuple[str, ...] = ()
    duty: Duty = "always"
    hours: HoursBody | None = None
    link_hosts: tuple[str, ...] = ()


class AssistantChange(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What is left out stays; lists and hours are replaced as a whole."""

    name: str | UnsetType = UNSET
    prompt: str | UnsetType = UNSET
    model: str | UnsetType | None = UNSET
    base_url: str | UnsetType | None = UNSET
    fallback: str | UnsetType = UNSET
    temperature: float | UnsetType | None = UNSET
    tone: Tone | UnsetType = UNSET
    tools: tuple[ToolName, ...] | UnsetType = UNSET
    max_turns: int | UnsetType | None = UNSET
    languages: tuple[str, ...] | UnsetType = UNSET
    duty: Duty | UnsetType = UNSET
    hours: HoursBody | UnsetType | None = UNSET
    link_hosts: tuple[str, ...] | UnsetType = UNSET


class AssistantBody(NewAssistant, frozen=True, kw_only=True):
    """`version` grows with every change: it is the version of the prompt that a reply's provenance names."""

    id: str
    version: int
    updated_at: datetime
    is_default: bool
    is_archived: bool


class AssistantList(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[AssistantBody, ...]
    next_cursor: str | None = None


def persona_of(body: NewAssistant) -> Persona:
    facts = msgspec.structs.asdict(body)
    facts["instructions"] = facts.pop("prompt")
    facts["hours"] = _hours(body.hours)
    return Persona(**facts)


def change_of(body: AssistantChange) -> PersonaChange:
    facts = msgspec.structs.asdict(body)
    facts["instructions"] = facts.pop("prompt")
    facts["hours"] = body.hours if body.hours is UNSET else _hours(body.hours)
    return PersonaChange(**facts)


def assistant_body(settings: AssistantSettings) -> AssistantBody:
    facts = msgspec.structs.asdict(settings.persona)
    facts["prompt"] = facts.pop("instructions")
    facts["hours"] = _hours_body(settings.persona.hours)
    return AssistantBody(
        id=wire("assistant", settings.assistant_id),
        version=settings.version,
        updated_at=settings.updated_at,
        is_default=settings.is_default,
        is_archived=settings.is_archived,
        **facts,
    )


def _hours(body: HoursBody | None) -> Hours | None:
    if body is None:
        return None
    openings = tuple(Opening(one.day, one.opens, one.closes) for one in body.openings)
    return Hours(body.time_zone, openings, body.holidays)


def _hours_body(hours: Hours | None) -> HoursBody | None:
    if hours is None:
        return None
    openings = tuple(OpeningBody(one.day, one.opens, one.closes) for one in hours.openings)
    return HoursBody(hours.time_zone, openings, hours.holidays)
