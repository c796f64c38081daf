"""Rendering: a canned response's variables replaced by a conversation's values. Pure; nothing in a text is code.

One pass from left to right: what a value brings is never looked at again, whatever a visitor calls themselves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

_VARIABLE = re.compile(r"\{\{([^{}]*)\}\}")

CUSTOM = "custom."
"""Before the name of an attribute; the others are contact.name, contact.email, agent.name, conversation.id."""


class Rendered(msgspec.Struct, frozen=True):
    """`missing`: variables that had no value and became nothing, each once, in order of appearance."""

    text: str
    missing: tuple[str, ...]


def render(template: str, values: Mapping[str, str | None]) -> Rendered:
    """`{{name}}` becomes `values["name"]`, spaces within the braces aside.

    A variable without a value, or with a blank one, is missing.
    """
    missing: dict[str, None] = {}

    def value_of(match: re.Match[str]) -> str:
        name = match[1].strip()
        value = values.get(name)
        if value is None or not value.strip():
            missing[name] = None
            return ""
        return value

    text = _VARIABLE.sub(value_of, template)
    return Rendered(text, tuple(missing))


def variables_in(template: str) -> tuple[str, ...]:
    """The names between double braces, known or not, each once, in order of appearance."""
    return tuple(dict.fromkeys(match[1].strip() for match in _VARIABLE.finditer(template)))
