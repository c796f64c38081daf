"""The calls of es.append and es.append_some: prepared, values as they go over the wire, answers read by hand.

psycopg's `execute` looks up a dumper and an oid for each of the 23 parameters: a tenth of a millisecond per call,
which is a sixth of a command that comes alone. libpq takes the bytes as they are.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from psycopg import errors

from infrastructure.arrays import BigIntegers, Integers
from infrastructure.pipeline import Pipeline, Step
from infrastructure.postgres import Connection, connect

_SLICES = "int[] uuid[] text[] int[] int[] int[] bytea[]"
_EVENTS = "int[] text[] timestamptz[] bytea[] bytea[] bytea[]"
_COMMANDS = "int[] uuid[] bytea[] int[] int[] int[]"
_TENANTS = "int[] int[] bytea[] bytea"
_CHARGES = "int[] int[] text[] int[] bigint[] bigint[] int[] uuid[] int[]"
_SEATS = "int[] int[] int[] uuid[] uuid[] int[]"
_TYPES = f"{_SLICES} {_EVENTS} {_COMMANDS} {_TENANTS}".split()
_TYPES_CHARGED = [*_TYPES, *_CHARGES.split()]
_TYPES_SEATED = [*_TYPES_CHARGED, *_SEATS.split()]

Numbers = list[int]


NOT_WHOLE = "VB001"
"""SQLSTATE of es.append where a stream has moved on, and of es.append_seated where a seat is missing."""
NO_ROOM = "VB002"
"""SQLSTATE of usage.charge where a plan has no room; the detail names the meters."""
_WHOLE, _SOME = b"append", b"append_some"
_CHARGED, _SEATED = b"_charged", b"_seated"
_COLUMNS = ("status", "first_pos", "last_pos", "tpos")


SETTINGS = {
    "synchronous_commit": "on",
    # es.append looks a few rows up by their keys: planned once, never by the size that a table happens to have.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}


async def connect_append(url: str) -> Pipeline:
    """A connection that appends. Raises psycopg.OperationalError."""
    connection = await connect(url, "verbatim_api")
    for name, value in SETTINGS.items():
        await connection.execute(f"SET {name} = {value}".encode())
    await _prepare(connection)
    return Pipeline(connection)


async def call_append(pipeline: Pipeline, values: Sequence[bytes]) -> Numbers | None:
    """The positions before the batch, the whole log's and each tenant's; None where it does not go in whole.

    `values` with those of the charges behind them, where there are charges, and then those of the seats.
    Raises psycopg.Error.
    """
    try:
        (heads,) = await _call(pipeline, _WHOLE, values)
    except errors.UniqueViolation:
        return None
    except errors.Error as error:
        if error.sqlstate != NOT_WHOLE:
            raise
        return None
    return heads


async def call_append_some(pipeline: Pipeline, values: Sequence[bytes]) -> list[Numbers]:
    """Per slice: status, first and last position, tenant's position (0: there is none). Raises psycopg.Error."""
    return await _call(pipeline, _SOME, values)


async def _prepare(connection: Connection) -> None:
    columns = ", ".join(f"array_agg({column} ORDER BY c)" for column in _COLUMNS)
    for suffix, types in ((b"", _TYPES), (_CHARGED, _TYPES_CHARGED), (_SEATED, _TYPES_SEATED)):
        places = ", ".join(f"${number}" for number in range(1, len(types) + 1))
        for name, columns_of in ((_WHOLE + suffix, ""), (_SOME + suffix, f"{columns} FROM ")):
            query = f"SELECT {columns_of}es.{name.decode()}({places})"
            await connection.execute(f"PREPARE {name.decode()} ({', '.join(types)}) AS {query}".encode())


async def _call(pipeline: Pipeline, name: bytes, values: Sequence[bytes]) -> list[Numbers]:
    if len(values) > len(_TYPES):
        name += _SEATED if len(values) > len(_TYPES_CHARGED) else _CHARGED
    (result,) = await pipeline.ask(Step(name, values))
    return [_numbers(result.get_value(0, column)) for column in range(result.nfields)]


def _numbers(value: bytes | None) -> Numbers:
    """A binary int4[] or int8[], a NULL inside of it as 0."""
    if value is None:
        return []
    dimensions, _, element = struct.unpack_from(">iiI", value)
    if dimensions == 0:
        return []
    count, _ = struct.unpack_from(">ii", value, 12)
    if element == BigIntegers.element and len(value) == 20 + 12 * count:  # without a NULL
        return list(struct.unpack_from(">" + "iq" * count, value, 20)[1::2])
    numbers, at, form = list[int](), 20, ">i" if element == Integers.element else ">q"
    for _ in range(count):
        (length,) = struct.unpack_from(">i", value, at)
        numbers.append(struct.unpack_from(form, value, at + 4)[0] if length > 0 else 0)
        at += 4 + max(length, 0)
    return numbers
