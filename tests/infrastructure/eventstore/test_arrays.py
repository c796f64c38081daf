"""Arrays: PostgreSQL reads the hand-made ones as it reads psycopg's own."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.adapt import Dumper
from psycopg.pq import Format

from infrastructure.eventstore.arrays import Binaries, BinaryArray, Integers, Texts, Timestamps, Uuids


class BodyDumper(Dumper):
    """Sends an array's bytes as they are; the casts of the query say what they are."""

    format = Format.BINARY

    def dump(self, obj: BinaryArray) -> bytes:
        return obj.body


CASES: list[tuple[Any, str, list[Any]]] = [
    (Integers, "int[]", [0, 1, -1, 2**31 - 1, -(2**31)]),
    (Texts, "text[]", ["", "a", "äöü €", "NULL", '{"x"}', "y" * 5000]),
    (Binaries, "bytea[]", [b"", b"\x00\xff", b"z" * 4095, b"z" * 4096, b"z" * 70000]),
    (Uuids, "uuid[]", [UUID(int=0), UUID(int=2**128 - 1), uuid4()]),
    (
        Timestamps,
        "timestamptz[]",
        [
            datetime(1999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
            datetime(2000, 1, 1, tzinfo=UTC),
            datetime(2261, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
        ],
    ),
]


@pytest.mark.parametrize(("kind", "type", "values"), CASES, ids=[case[1] for case in CASES])
def test_an_array_arrives_as_it_was_sent(
    owner: psycopg.Connection, kind: Any, type: str, values: list[Any]
) -> None:
    owner.adapters.register_dumper(kind, BodyDumper)
    for sent in (values, values[:1], []):
        cursor = owner.execute(
            f"SELECT %b::{type}, %s::{type}, %b::{type} IS NOT DISTINCT FROM %s::{type}",
            (kind.of(sent), sent, kind.of(sent), sent),
        )
        found = cursor.fetchone()
        assert found is not None
        assert list(found[0]) == sent
        assert found[2] is True


def test_a_number_that_does_not_fit_is_refused_before_it_is_sent() -> None:
    with pytest.raises(struct.error):
        Integers.of([2**31])
