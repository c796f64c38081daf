"""The call of es.append: a prepared statement, its values as they go over the wire, its answer read by hand.

psycopg's `execute` looks up a dumper and an oid for each of the 23 parameters: a tenth of a millisecond per call,
which is a sixth of a command that comes alone. libpq takes the bytes as they are.
"""

from __future__ import annotations

import struct
from collections.abc import Generator, Sequence
from typing import Any

from psycopg import errors, generators
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult

from infrastructure.postgres import Connection

_NAME = b"append"
_SLICES = "int[] uuid[] text[] int[] int[] int[] bytea[]"
_EVENTS = "int[] text[] timestamptz[] bytea[] bytea[] bytea[]"
_COMMANDS = "int[] uuid[] bytea[] int[] int[] int[]"
_TENANTS = "int[] int[] bytea[] bytea"
_TYPES = f"{_SLICES} {_EVENTS} {_COMMANDS} {_TENANTS}".split()
_FORMATS = [1] * len(_TYPES)

Numbers = list[int]


async def prepare_append(connection: Connection) -> None:
    """Once per connection. Raises psycopg.Error."""
    places = ", ".join(f"${number}" for number in range(1, len(_TYPES) + 1))
    head = "CASE WHEN head IS NOT NULL THEN ARRAY[head] END"
    await connection.execute(
        f"PREPARE {_NAME.decode()} ({', '.join(_TYPES)}) AS "
        f"SELECT {head}, theads, status, first_pos, last_pos, tpos FROM es.append({places})".encode()
    )


async def call_append(connection: Connection, values: Sequence[bytes]) -> list[Numbers]:
    """The six columns of es.append's row, each as numbers, an empty list for NULL. Raises psycopg.Error."""
    async with connection.lock:
        result = await connection.wait(_call(connection.pgconn, values))
    return [_numbers(result.get_value(0, column)) for column in range(result.nfields)]


def _call(pgconn: PGconn, values: Sequence[bytes]) -> Generator[Any, Any, PGresult]:
    pgconn.send_query_prepared(_NAME, values, param_formats=_FORMATS, result_format=1)
    result: PGresult = (yield from generators.execute(pgconn))[-1]
    if result.status != ExecStatus.TUPLES_OK:
        raise errors.error_from_result(result)
    return result


def _numbers(value: bytes | None) -> Numbers:
    """A binary int4[] or int8[], a NULL inside of it as 0."""
    if value is None:
        return []
    dimensions, _, element = struct.unpack_from(">iiI", value)
    if dimensions == 0:
        return []
    count, _ = struct.unpack_from(">ii", value, 12)
    numbers, at, form = list[int](), 20, ">i" if element == 23 else ">q"
    for _ in range(count):
        (length,) = struct.unpack_from(">i", value, at)
        numbers.append(struct.unpack_from(form, value, at + 4)[0] if length > 0 else 0)
        at += 4 + max(length, 0)
    return numbers
