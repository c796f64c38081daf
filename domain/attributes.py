"""Attributes: what a tenant notes of its own about somebody, each a name and a plain value."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from domain.personal import Personal, readable
from domain.refusals import Invalid
from domain.values import bounded

AttributeValue = str | int | float | bool | None
"""None removes the attribute."""

MOST = 50
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,49}")


def changes(
    known: Mapping[str, AttributeValue], wanted: Mapping[str, AttributeValue]
) -> dict[str, AttributeValue]:
    """What of `wanted` differs from what is known; None removes. Raises Invalid."""
    for name, value in wanted.items():
        _refuse(name, value)
    changed = {name: value for name, value in wanted.items() if known.get(name) != value}
    if len(changed_by(known, changed)) > MOST:
        raise Invalid(f"At most {MOST} attributes.")
    return changed


def changed_by(
    known: Mapping[str, AttributeValue], changed: Mapping[str, AttributeValue]
) -> dict[str, AttributeValue]:
    """The attributes there are after these changes."""
    after = {**known, **changed}
    return {name: value for name, value in after.items() if value is not None}


def attributes_in(names: tuple[str, ...], values: Personal) -> dict[str, AttributeValue]:
    """The changes that an event's JSON text holds; all of them None where the person is erased."""
    text = readable(values)
    if text is None:
        return dict.fromkeys(names)
    return msgspec.json.decode(text, type=dict[str, AttributeValue])


def _refuse(name: str, value: AttributeValue) -> None:
    if not _NAME.fullmatch(name):
        raise Invalid("An attribute's name has letters, digits and _, 50 at most, and begins with a letter.")
    if isinstance(value, str):
        bounded(name, value, 1000)
