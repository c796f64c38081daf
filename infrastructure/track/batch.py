"""Batch: the beacons of one group commit in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
import psycopg

from application.tracking import Sighting
from infrastructure.arrays import BinaryArray, Integers, Texts, Uuids
from infrastructure.postgres import Connection
from infrastructure.track.online import Here, Marking, mark, sightings
from infrastructure.track.parcel import Parcel
from infrastructure.track.retention import TODAY

# In order of the key, as in every transaction: no two groups can wait for each other.
_KEYS = "FROM unnest(%b::int[], %b::uuid[]) AS k(tenant_id, event_id) ORDER BY 1, 2"
_MARK = (
    f"INSERT INTO track.seen (tenant_id, event_id, day) SELECT k.tenant_id, k.event_id, {TODAY} {_KEYS}".encode()
)
_SIFT = f"""
INSERT INTO track.seen (tenant_id, event_id, day) SELECT DISTINCT k.tenant_id, k.event_id, {TODAY} {_KEYS}
ON CONFLICT DO NOTHING RETURNING tenant_id, event_id""".encode()
_KEEP = f"""
INSERT INTO track.beacon (day, tenant_id, visitor_id, widget_id, session_id, is_proven, scope, events)
SELECT {TODAY}, b.tenant_id, b.visitor_id, b.widget_id, b.session_id, b.proven = 1, b.scope, b.events::json
FROM unnest(%b::int[], %b::uuid[], %b::uuid[], %b::text[], %b::int[], %b::text[], %b::text[])
  AS b(tenant_id, visitor_id, widget_id, session_id, proven, scope, events)""".encode()
_COUNT = f"""
INSERT INTO track.tally (day, tenant_id, name, number)
SELECT {TODAY}, c.* FROM unnest(%b::int[], %b::text[], %b::int[]) AS c""".encode()

Columns = tuple[BinaryArray, ...]


class _Rows(msgspec.Struct, frozen=True):
    """What a group adds, by column; empty where there is nothing."""

    beacons: Columns
    tally: Columns


async def store(connection: Connection, parcels: Sequence[Parcel]) -> tuple[Sighting, ...]:
    """All of them, durable when it returns: what is new of them once. Answers who came or moved.

    Safe to do twice. Raises psycopg.Error.
    """
    # Nearly every group is all new: it is written as such, and a repeat in it is a unique violation. ON CONFLICT
    # logs each key twice.
    try:
        return await _store_new(connection, parcels)
    except psycopg.errors.UniqueViolation:
        return await _store_sifted(connection, parcels)


async def _store_new(connection: Connection, parcels: Sequence[Parcel]) -> tuple[Sighting, ...]:
    here, keys, new = _each_once(parcels), _keys(parcels), _rows(parcels)  # before BEGIN: nobody waits for it
    async with connection.pipeline(), connection.transaction():
        await _write(connection, _MARK, keys)
        seen = await _keep(connection, new, here)
    return await sightings(seen, here)  # after COMMIT, which so need not wait for us


async def _store_sifted(connection: Connection, parcels: Sequence[Parcel]) -> tuple[Sighting, ...]:
    async with connection.pipeline(), connection.transaction():
        found = await (await connection.execute(_SIFT, _keys(parcels))).fetchall()
        fresh, here = {(tenant_id, event_id.bytes) for tenant_id, event_id in found}, _each_once(parcels)
        seen = await _keep(connection, _rows([_sifted(one, fresh) for one in parcels]), here)
    return await sightings(seen, here)


async def _keep(connection: Connection, new: _Rows, here: Sequence[Here]) -> Marking:
    await _write(connection, _KEEP, new.beacons)
    await _write(connection, _COUNT, new.tally)
    return await mark(connection, here)


async def _write(connection: Connection, statement: bytes, columns: Columns) -> None:
    if columns:
        await connection.execute(statement, columns)


def _sifted(one: Parcel, fresh: set[tuple[int, bytes]]) -> Parcel:
    """Its events of which this is the first; what is taken is `fresh` no more."""
    numbers: list[int] = []
    for number, id in enumerate(one.ids):
        key = (one.tenant_id, one.scope + id)
        if key in fresh:
            fresh.remove(key)
            numbers.append(number)
    return one.only(numbers)


def _each_once(parcels: Sequence[Parcel]) -> list[Here]:
    """PostgreSQL changes a row once per statement. The last page counts."""
    found: dict[tuple[int, UUID], Here] = {}
    for one in parcels:
        here = one.here
        if here is None:
            continue
        key = (here.tenant_id, here.visitor_id)
        if here.url is not None or key not in found:
            found[key] = here
    return list(found.values())


def _keys(parcels: Sequence[Parcel]) -> Columns:
    """Of all events, also of those that are only counted; empty where there are only heartbeats."""
    tenants, ids = list[int](), list[bytes]()
    for one in parcels:
        tenants += [one.tenant_id] * one.count
        ids += [one.scope + id for id in one.ids]
    return (Integers.of(tenants), Uuids.of_bytes(ids)) if ids else ()


def _rows(parcels: Sequence[Parcel]) -> _Rows:
    filled = [one for one in parcels if one.events]
    named = [(one, one.visitor_id) for one in filled if one.visitor_id is not None]
    tally = Counter(
        (one.tenant_id, event.name) for one in filled if one.visitor_id is None for event in one.events
    )
    return _Rows(_beacons(named) if named else (), _counts(tally) if tally else ())


def _beacons(named: Sequence[tuple[Parcel, UUID]]) -> Columns:
    return (
        Integers.of([one.tenant_id for one, _ in named]),
        Uuids.of([visitor_id for _, visitor_id in named]),
        Uuids.of([one.widget_id for one, _ in named]),
        Texts.of([one.session_id for one, _ in named]),
        Integers.of([int(one.is_proven) for one, _ in named]),
        Texts.of([one.scope.hex() for one, _ in named]),
        Texts.of_bytes([msgspec.json.encode(one.events) for one, _ in named]),
    )


def _counts(tally: Mapping[tuple[int, str], int]) -> Columns:
    return (
        Integers.of([tenant_id for tenant_id, _ in tally]),
        Texts.of([name for _, name in tally]),
        Integers.of(list(tally.values())),
    )
