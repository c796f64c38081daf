"""Personal data in events: fields that are sealed under the key of the person they speak of."""

from __future__ import annotations

from typing import Annotated, Any, get_args, get_type_hints

import msgspec


class Erased(msgspec.Struct, frozen=True, tag="erased"):
    """What a personal field reads as once its person's key is destroyed. Every fold accepts it."""

    def __str__(self) -> str:
        return "[erased]"


ERASED = Erased()

Personal = Annotated[str | Erased, msgspec.Meta(extra={"personal": True})]
"""A text about one person. Stored only as AES-256-GCM ciphertext; reads as ``ERASED`` after erasure."""


def readable(text: str | Erased | None) -> str | None:
    """The text, or None where it was erased or never given."""
    return text if isinstance(text, str) else None


def personal_fields(event_class: type[Any]) -> tuple[str, ...]:
    """Names of the fields of ``event_class`` that are marked ``Personal``, in order of declaration."""
    hints = get_type_hints(event_class, include_extras=True)
    return tuple(name for name in event_class.__struct_fields__ if _is_personal(hints[name]))


def _is_personal(hint: Any) -> bool:
    marks = getattr(hint, "__metadata__", ())
    if any(isinstance(mark, msgspec.Meta) and (mark.extra or {}).get("personal") for mark in marks):
        return True
    return any(_is_personal(argument) for argument in get_args(hint))
