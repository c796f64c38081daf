"""Hashing: the published recipe, recomputed here by hand, and every part of an event is in its hash."""

from __future__ import annotations

import hashlib
import struct
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest

from infrastructure.eventstore.hashing import chain, event_hash, root, row_hash
from infrastructure.eventstore.rows import StoredRow

AT = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
STREAM = UUID("01890a5d-ac96-774b-bcce-b302099a8057")


def test_an_event_hash_follows_the_recipe() -> None:
    previous = hashlib.sha256(b"before").digest()
    microseconds = 1_772_366_400_123_456
    recipe = (
        previous
        + struct.pack(">i", 7)
        + STREAM.bytes
        + struct.pack(">i", 3)
        + struct.pack(">q", microseconds)
        + struct.pack(">h", 5)
        + b"a.b.1"
        + hashlib.sha256(b"{}").digest()
        + hashlib.sha256(b"[]").digest()
    )
    assert event_hash(previous, 7, STREAM, 3, "a.b.1", AT, b"{}", b"[]") == hashlib.sha256(recipe).digest()


def test_an_event_hash_never_changes_between_releases() -> None:
    found = event_hash(b"", 7, STREAM, 1, "tenant.opened.1", AT, b'{"name":"Acme"}', b"{}")
    assert found.hex() == "dca7e836a3b0f9d1d6218107ad9e37de182930bc8e9e2e37a4d1bad311ebe9fc"


ROW = StoredRow(10, 5, 7, STREAM, 3, "a.b.1", AT, b"{}", b"[]", b"")


@pytest.mark.parametrize(
    "change",
    [
        {"tenant_id": 8},
        {"stream_id": UUID(int=1)},
        {"version": 4},
        {"type": "a.b.2"},
        {"at": AT + timedelta(microseconds=1)},
        {"payload": b"{ }"},
        {"meta": b"[ ]"},
    ],
)
def test_every_part_of_an_event_is_in_its_hash(change: dict[str, Any]) -> None:
    facts = {name: getattr(ROW, name) for name in ROW.__struct_fields__}
    assert row_hash(b"", StoredRow(**{**facts, **change})) != row_hash(b"", ROW) != row_hash(b"x", ROW)


def test_the_zone_of_a_time_is_not_in_the_hash() -> None:
    elsewhere = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    place = (b"", 7, STREAM, 3, "a.b.1")
    assert event_hash(*place, elsewhere, b"", b"") == event_hash(*place, AT, b"", b"")


def test_root_and_chain_follow_the_recipe() -> None:
    assert root([b"a" * 32, b"b" * 32]) == hashlib.sha256(b"a" * 32 + b"b" * 32).digest()
    assert chain(b"c" * 32, 5, b"r" * 32) == hashlib.sha256(b"c" * 32 + struct.pack(">q", 5) + b"r" * 32).digest()
