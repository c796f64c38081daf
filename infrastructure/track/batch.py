"""Batch: the beacons of one group commit in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from application.tracking import Sighting
from infrastructure.arrays import BinaryArray, Integers, Texts, Uuids
from infrastructure.pipeline import Pipeline, Step, rows_of
from infrastructure.postgres import Connection, connect
from infrastructure.track.online import SEE, SEE_TYPES, Here, mark, see_step, sightings
from infrastructure.track.parcel import Parcel
from infrastructure.track.retention import TODAY

# In order of the key, as in every transaction: no two groups can wait for each other.
_KEYS = "FROM unnest(%b::int[], %b::uuid[]) AS k(tenant_id, event_id) ORDER BY 1, 2"
_MARK = f"""
INSERT INTO track.seen (tenant_id, event_id, day) SELECT k.tenant_id, k.event_id, (SELECT {TODAY}) {_KEYS}"""
_SIFT = f"""
INSERT INTO track.seen (tenant_id, event_id, day) SELECT DISTINCT k.tenant_id, k.event_id, {TODAY} {_KEYS}
ON CONFLICT DO NOTHING RETURNING tenant_id, event_id""".encode()
_KEEP = f"""
INSERT INTO track.beacon (day, tenant_id, visitor_id, widget_id, session_id, is_proven, scope, events)
SELECT {TODAY}, b.tenant_id, b.visitor_id, b.widget_id, b.session_id, b.proven = 1, b.scope, b.events::json
FROM unnest(%b::int[], %b::uuid[], %b::uuid[], %b::text[], %b::int[], %b::text[], %b::text[])
  AS b(tenant_id, visitor_id, widget_id, session_id, proven, scope, events)"""
_COUNT = f"""
INSERT INTO track.tally (day, tenant_id, name, number)
SELECT {TODAY}, c.* FROM unnest(%b::int[], %b::text[], %b::int[]) AS c"""
_PREPARED = {b"track_mark": _MARK, b"track_keep": _KEEP, b"track_count": _COUNT}

Columns = tuple[BinaryArray, ...]


class _Rows(msgspec.Struct, frozen=True):
    """What a group adds, by column; empty where there is nothing."""

    beacons: Columns
    tally: Columns


async def connect_track(url: str) -> Pipeline:
    """A connection that `store_new` writes to. Raises psycopg.OperationalError."""
    connection = await connect(url)
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    for name, statement in _PREPARED.items():
        await connection.execute(b"PREPARE %s AS %s" % (name, _numbered(statement, "%b")))
    types = ", ".join(SEE_TYPES).encode()
    await connection.execute(b"PREPARE track_see (%s) AS %s" % (types, _numbered(SEE, "%s")))
    return Pipeline(connection)


async def store_new(pipeline: Pipeline, parcels: Sequence[Parcel]) -> tuple[Sighting, ...]:
    """All of them, durable when it returns. Answers who came or moved. Safe to do twice.

    Nearly every group is all new: it is written as such, and a repeat in it raises UniqueViolation (ON CONFLICT
    would log each key twice); then `store_sifted` is to be asked. Raises psycopg.Error.
    """
    here, keys, new = _each_once(parcels), _keys(parcels), _rows(parcels)
    written = ((b"track_mark", keys), (b"track_keep", new.beacons), (b"track_count", new.tally))
    steps = [Step(name, [column.body for column in columns]) for name, columns in written if columns]
    if here:
        steps.append(see_step(here))
    results = await pipeline.ask(*steps)
    return sightings(rows_of(results[-1]) if here else (), here)


async def store_sifted(connection: Connection, parcels: Sequence[Parcel]) -> tuple[Sighting, ...]:
    """The same, of what is there already nothing. Raises psycopg.Error."""
    async with connection.pipeline(), connection.transaction():
        found = await (await connection.execute(_SIFT, _keys(parcels))).fetchall()
        fresh, here = {(tenant_id, event_id.bytes) for tenant_id, event_id in found}, _each_once(parcels)
        new = _rows([_sifted(one, fresh) for one in parcels])
        await _write(connection, _KEEP, new.beacons)
        await _write(connection, _COUNT, new.tally)
        seen = await mark(connection, here)
    return sightings(seen, here)


async def _write(connection: Connection, statement: str, columns: Columns) -> None:
    if columns:
        await connection.execute(statement.encode(), columns)


def _numbered(statement: str, place: str) -> bytes:
    """With $1, $2, … in the places where psycopg's placeholders are."""
    first, *rest = statement.split(place)
    return (first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))).encode()


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
