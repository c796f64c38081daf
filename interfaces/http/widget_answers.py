"""A visitor's answers to a form, on their way into a command."""

from __future__ import annotations

import msgspec

from domain.attributes import AttributeValue


def as_text(answers: dict[str, AttributeValue] | None) -> str | None:
    """JSON; the widget's form says later what is right."""
    return None if answers is None else msgspec.json.encode(answers).decode()
