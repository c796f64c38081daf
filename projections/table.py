"""Table: one table of a read model. The fields of its row struct are its columns; a page is one statement."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from types import NoneType, UnionType
from typing import Any, Generic, Literal, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

from application.projection import Connection

Row = TypeVar("Row", bound=msgspec.Struct)
Key = tuple[int, UUID]
"""The tenant, and the id of a row within it."""

_KEYS = "unnest(%s::bigint[], %s::uuid[]) AS k(tenant_id, id)"
_SQL_TYPES = {UUID: "uuid", str: "text", int: "bigint", bool: "boolean", datetime: "timestamptz"}


class Table(Generic[Row]):
    """`read.<name>_<build>`, keyed by `tenant_id` and `key`. A field that is a struct or a tuple is jsonb."""

    def __init__(self, name: str, row: type[Row], key: tuple[str, ...], indexes: tuple[str, ...] = ()) -> None:
        """`indexes`: what stands between the brackets of CREATE INDEX, with WHERE behind it if partial."""
        self.name = name
        self.row = row
        self.key = ("tenant_id", *key)
        self.columns = row.__struct_fields__
        self._indexes = indexes
        hints = get_type_hints(row)
        self._types = {column: _sql_type(hints[column]) for column in self.columns}
        self._optional = {column for column in self.columns if NoneType in get_args(hints[column])}

    def ddl(self, build: int) -> str:
        """Create the table, its indexes and its row-level security."""
        table = f"read.{self.name}_{build}"
        columns = [
            f"{column} {self._types[column]}{'' if column in self._optional else ' NOT NULL'}"
            for column in self.columns
        ]
        key = f"PRIMARY KEY ({', '.join(self.key)})"
        statements = [f"CREATE TABLE {table} ({', '.join([*columns, key])}) WITH (fillfactor = 80)"]
        for index in self._indexes:
            body, where, condition = index.partition(" WHERE ")
            statements.append(f"CREATE INDEX ON {table} ({body}){where}{condition}")
        statements.append(f"SELECT es.protect('{table}')")
        return ";\n".join(statements) + ";\n"

    async def load(self, connection: Connection, build: int, keys: Collection[Key]) -> dict[Key, Row]:
        """The rows of these keys that exist, by key."""
        if not keys:
            return {}
        columns = ", ".join(f"t.{column}" for column in self.columns)
        cursor = await connection.execute(
            f"SELECT {columns} FROM read.{self.name}_{build} t JOIN {_KEYS} "
            f"ON t.tenant_id = k.tenant_id AND t.{self.key[1]} = k.id".encode(),
            _arrays(keys),
        )
        rows = [self._as_row(values) for values in await cursor.fetchall()]
        return {(getattr(row, self.key[0]), getattr(row, self.key[1])): row for row in rows}

    async def upsert(self, connection: Connection, build: int, rows: Iterable[Row]) -> None:
        """Insert these rows, or replace the ones of their keys."""
        values = [[self._as_value(column, getattr(row, column)) for row in rows] for column in self.columns]
        if not values[0]:
            return
        arrays = ", ".join(f"%s::{self._types[column]}[]" for column in self.columns)
        changes = ", ".join(f"{column} = EXCLUDED.{column}" for column in self.columns if column not in self.key)
        await connection.execute(
            f"INSERT INTO read.{self.name}_{build} ({', '.join(self.columns)}) SELECT * FROM unnest({arrays}) "
            f"ON CONFLICT ({', '.join(self.key)}) DO UPDATE SET {changes}".encode(),
            values,
        )

    async def blank(
        self, connection: Connection, build: int, column: str, owner: str, owners: Collection[Key]
    ) -> None:
        """Set `column` to NULL in every row whose `owner` column names one of these people."""
        if owners:
            await connection.execute(
                f"UPDATE read.{self.name}_{build} t SET {column} = NULL FROM {_KEYS} "
                f"WHERE t.tenant_id = k.tenant_id AND t.{owner} = k.id".encode(),
                _arrays(owners),
            )

    async def delete(self, connection: Connection, build: int, tenant_id: int, id: UUID) -> None:
        """Delete the rows whose key begins with this id."""
        await connection.execute(
            f"DELETE FROM read.{self.name}_{build} WHERE tenant_id = %s AND {self.key[1]} = %s".encode(),
            (tenant_id, id),
        )

    async def discard(self, connection: Connection, build: int, keys: Collection[tuple[Any, ...]]) -> None:
        """Delete the rows of these whole keys, each in the order of `key`."""
        if not keys:
            return
        arrays = ", ".join(f"%s::{self._types[column]}[]" for column in self.key)
        same = " AND ".join(f"t.{column} = k.{column}" for column in self.key)
        await connection.execute(
            f"DELETE FROM read.{self.name}_{build} t USING unnest({arrays}) AS k({', '.join(self.key)}) "
            f"WHERE {same}".encode(),
            [list(column) for column in zip(*keys, strict=True)],
        )

    def _as_row(self, values: tuple[Any, ...]) -> Row:
        return msgspec.convert(dict(zip(self.columns, values, strict=True)), self.row)

    def _as_value(self, column: str, value: Any) -> Any:
        return msgspec.json.encode(value).decode() if self._types[column] == "jsonb" else value


def _arrays(keys: Collection[Key]) -> tuple[list[int], list[UUID]]:
    return [tenant_id for tenant_id, _ in keys], [id for _, id in keys]


def _sql_type(hint: Any) -> str:
    parts = [part for part in get_args(hint) if part is not NoneType]
    if get_origin(hint) is Literal:
        return "text"
    if get_origin(hint) in (Union, UnionType) and len(parts) == 1:
        return _sql_type(parts[0])
    return _SQL_TYPES.get(hint, "jsonb")
