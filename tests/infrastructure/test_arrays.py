"""Arrays: PostgreSQL reads the hand-made ones as it reads psycopg's own."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from infrastructure.arrays import (
    ArrayDumper,
    Binaries,
    BinaryArray,
    Hashes,
    Integers,
    Texts,
    Timestamps,
    Uuids,
)

IDS = [UUID(int=0), UUID(int=2**128 - 1), uuid4()]
TEXTS = ["", "a", "äöü €", "NULL", '{"x"}', "y" * 5000]
CASES: list[tuple[Callable[[Any], BinaryArray], str, list[Any]]] = [
    (Integers.of, "int[]", [0, 1, -1, 2**31 - 1, -(2**31)]),
    (Texts.of, "text[]", TEXTS),
    (lambda texts: Texts.of_bytes([one.encode() for one in texts]), "text[]", TEXTS),
    (Binaries.of, "bytea[]", [b"", b"\x00\xff", b"z" * 4095, b"z" * 4096, b"z" * 70000]),
    (Hashes.of, "bytea[]", [b"a" * 32, b"\x00" * 32]),
    (Uuids.of, "uuid[]", IDS),
    (lambda ids: Uuids.of_bytes([one.bytes for one in ids]), "uuid[]", IDS),
    (
        Timestamps.of,
        "timestamptz[]",
        [
            datetime(1999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
            datetime(2000, 1, 1, tzinfo=UTC),
            datetime(2261, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
        ],
    ),
]


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url) as opened:
        opened.adapters.register_dumper(BinaryArray, ArrayDumper)
        yield opened


@pytest.mark.parametrize(("array_of", "type", "values"), CASES)
def test_an_array_arrives_as_it_was_sent(
    connection: psycopg.Connection, array_of: Callable[[Any], BinaryArray], type: str, values: list[Any]
) -> None:
    for sent in (values, values[:1], []):
        cursor = connection.execute(
            f"SELECT %b::{type}, %s::{type}, %b::{type} IS NOT DISTINCT FROM %s::{type}".encode(),
            (array_of(sent), sent, array_of(sent), sent),
        )
        found = cursor.fetchone()
        assert found is not None
        assert list(found[0]) == sent
        assert found[2] is True


def test_a_number_that_does_not_fit_is_refused_before_it_is_sent() -> None:
    with pytest.raises(struct.error):
        Integers.of([2**31])
