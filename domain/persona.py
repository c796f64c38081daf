"""Persona: how an assistant is told to answer, with what, for how long and at which times."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Literal, get_args

import msgspec
from msgspec.structs import replace

from domain.hours import Hours, business_hours
from domain.refusals import Invalid
from domain.values import bounded, required
from domain.web_address import web_address

FALLBACK = "I cannot answer right now. A colleague will take over."
INSTRUCTIONS_LENGTH = 20_000
MOST_TURNS = 100
MOST_LANGUAGES = 20
MOST_LINK_HOSTS = 50

Tone = Literal["neutral", "friendly", "formal", "brief"]
ToolName = Literal["search_knowledge", "qualify_lead", "hand_over", "create_note"]
Duty = Literal["always", "within_hours", "outside_hours"]

TOOLS: tuple[ToolName, ...] = get_args(ToolName)

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_HOST = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")


class Persona(msgspec.Struct, frozen=True, omit_defaults=True):
    """`model` None: answers are quoted from the knowledge base; else `base_url` speaks OpenAI's protocol.

    `temperature` None: the model's own. `max_turns`: replies in one go until a human takes over, None: no end.
    `languages` are BCP 47 tags, none: the visitor's. `duty`: when it answers, by `hours`. `link_hosts`: the hosts
    that its words may link to, no others.
    """

    name: str
    instructions: str = ""
    model: str | None = None
    base_url: str | None = None
    fallback: str = FALLBACK
    temperature: float | None = None
    tone: Tone = "neutral"
    tools: tuple[ToolName, ...] = TOOLS
    max_turns: int | None = None
    languages: tuple[str, ...] = ()
    duty: Duty = "always"
    hours: Hours | None = None
    link_hosts: tuple[str, ...] = ()

    def is_on_duty(self, at: datetime) -> bool:
        """Whether it answers at this moment, or leaves the visitor to humans."""
        if self.duty == "always" or self.hours is None:
            return True
        return self.hours.is_open(at) == (self.duty == "within_hours")


def valid_persona(given: Persona) -> Persona:
    """The same, its lists without repetition. Raises Invalid."""
    required("name", given.name)
    required("fallback", given.fallback, 2_000)
    bounded("instructions", given.instructions, INSTRUCTIONS_LENGTH)
    if given.model is not None:
        required("model", given.model)
    if given.base_url is not None:
        required("baseUrl", given.base_url, 2_000)
        web_address("baseUrl", given.base_url, may_query=False)
    if given.temperature is not None and not 0 <= given.temperature <= 2:
        raise Invalid("temperature is 0 to 2.")
    if given.max_turns is not None and not 1 <= given.max_turns <= MOST_TURNS:
        raise Invalid(f"maxTurns is 1 to {MOST_TURNS}.")
    if given.duty != "always" and given.hours is None:
        raise Invalid("hours are needed where the assistant does not always answer.")
    return replace(
        given,
        tools=tuple(tool for tool in TOOLS if tool in given.tools),
        languages=_each("languages", given.languages, _LANGUAGE, MOST_LANGUAGES),
        link_hosts=_each("linkHosts", given.link_hosts, _HOST, MOST_LINK_HOSTS),
        hours=None if given.hours is None else business_hours(given.hours),
    )


def _each(name: str, given: tuple[str, ...], pattern: re.Pattern[str], most: int) -> tuple[str, ...]:
    wrong = [one for one in given if len(one) > 253 or not pattern.fullmatch(one)]
    if wrong or len(given) > most:
        raise Invalid(f"{name} are at most {most}, each as it is written in lower case.")
    return tuple(dict.fromkeys(given))
