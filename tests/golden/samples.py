"""Samples: for each event type that was ever released, payloads as they lie in somebody's table, unsealed.

events.jsonl holds one sample a line: the type, the payload, and for a type that is upcast today what it becomes.
Lines are added and never changed or removed: the events they stand for cannot be changed either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from msgspec import inspect

from domain.kernel import Event

FILE = Path(__file__).parent / "events.jsonl"
AT = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
COLUMNS = ("originator_id", "originator_version")
"""Fields that the table keeps outside the payload."""


class Sample(msgspec.Struct, frozen=True, omit_defaults=True):
    """`becomes` is the payload of the current type, for a type that has an upcast."""

    type: str
    payload: msgspec.Raw
    becomes: msgspec.Raw | None = None


def read_samples() -> tuple[Sample, ...]:
    return tuple(msgspec.json.decode(line, type=Sample) for line in FILE.read_bytes().splitlines())


def fields_of(event_class: type[Event]) -> frozenset[str]:
    """The names that a payload of this type may have."""
    return frozenset(event_class.__struct_encode_fields__) - set(COLUMNS)


def unsampled(types: Mapping[str, type[Event]], samples: Sequence[Sample]) -> tuple[str, ...]:
    """Types of which some field is in no sample."""
    seen: dict[str, set[str]] = {}
    for sample in samples:
        seen.setdefault(sample.type, set()).update(msgspec.json.decode(sample.payload))
    return tuple(name for name, event in types.items() if fields_of(event) - seen.get(name, set()))


def made_up(event_class: type[Event]) -> tuple[Sample, Sample]:
    """One sample with every field, one with only what is required."""
    full = _struct(inspect.type_info(event_class), every=True)
    least = _struct(inspect.type_info(event_class), every=False)
    return _sample(event_class, full), _sample(event_class, least)


def _sample(event_class: type[Event], facts: dict[str, Any]) -> Sample:
    for name in COLUMNS:
        facts.pop(name, None)
    return Sample(event_class.TYPE, msgspec.Raw(msgspec.json.encode(facts)))


def _struct(info: Any, *, every: bool) -> dict[str, Any]:
    omitted = info.cls.__struct_config__.omit_defaults and not every
    wanted = [field for field in info.fields if field.required or not omitted]
    config = info.cls.__struct_config__
    tag = {} if config.tag is None else {config.tag_field: config.tag}
    return tag | {
        field.encode_name: _value(field.type, field.encode_name, field.default, every=every) for field in wanted
    }


def _value(info: Any, name: str, default: Any = None, *, every: bool) -> Any:
    """Something of this type that is not its default, the same at every run."""
    match info:
        case inspect.Metadata():
            return _value(info.type, name, default, every=every)
        case inspect.UnionType():
            kinds = [kind for kind in info.types if not isinstance(kind, inspect.NoneType)]
            return _value(kinds[0], name, default, every=every)
        case inspect.StructType():
            return _struct(info, every=every)
        case inspect.VarTupleType() | inspect.ListType():
            kinds = getattr(info.item_type, "types", (info.item_type,))
            tagged = [kind for kind in kinds if isinstance(kind, inspect.StructType)]
            return [_value(kind, name, every=every) for kind in tagged or [info.item_type]]
        case inspect.DictType():
            return {"en": _value(info.value_type, name, every=every)}
        case inspect.LiteralType():
            return next(value for value in reversed(info.values) if value != default)
        case inspect.UUIDType():
            return str(UUID(int=sum(name.encode())))
        case inspect.DateTimeType():
            return AT.isoformat().replace("+00:00", "Z")
        case inspect.StrType():
            return f"{name} ä"
        case inspect.IntType():
            return len(name) + 1
        case inspect.BoolType():
            return True
        case _:
            raise NotImplementedError(f"{name}: {info}: say here what a sample of it looks like")
