"""Usage as it is asked for: sums of a month, in all or by widget, agent or model."""

from __future__ import annotations

from typing import Literal

import msgspec

from application.projection import Connection
from domain.values import bounded
from projections.cursor import Cursor, decode_cursor, encode_cursor, page_limit

By = Literal["widget", "agent", "model"]

_COLUMNS: dict[By, str] = {"widget": "widget_id::text", "agent": "agent_id::text", "model": "model"}

_TOTAL = """
SELECT coalesce((SELECT sum(amount)::bigint FROM read.usage_total
    WHERE tenant_id = %(tenant)s AND meter = %(meter)s AND period = %(period)s), 0),
  coalesce((SELECT t.tpos FROM es.projection p JOIN es.projection_tenant t ON t.name = p.name AND t.build = p.build
    WHERE p.name = 'usage' AND p.state = 'live' AND t.tenant_id = %(tenant)s), 0)"""


class UsageGroup(msgspec.Struct, frozen=True):
    """`key`: the widget's or agent's id, the model's name; None for what has none of it. Amounts by meter."""

    key: str | None
    amounts: dict[str, int]


class UsagePage(msgspec.Struct, frozen=True):
    """`next_cursor` is None on the last page."""

    groups: tuple[UsageGroup, ...]
    next_cursor: str | None


async def read_total(connection: Connection, tenant_id: int, meter: str, period: int) -> tuple[int, int]:
    """(what was used, the tenant's seq that this is as of), of one moment."""
    values = {"tenant": tenant_id, "meter": meter, "period": period}
    found = await (await connection.execute(_TOTAL, values)).fetchone()
    assert found is not None
    return found[0], found[1]


async def read_totals(connection: Connection, tenant_id: int, period: int) -> dict[str, int]:
    """By meter; levels are as of now, whatever the period."""
    cursor = await connection.execute(
        "SELECT meter, sum(amount)::bigint FROM read.usage_total "
        "WHERE tenant_id = %s AND period IN (0, %s) GROUP BY 1",
        (tenant_id, period),
    )
    return dict(await cursor.fetchall())


async def read_usage_by(
    connection: Connection, tenant_id: int, period: int, by: By, limit: int = 50, cursor: str | None = None
) -> UsagePage:
    """What used something, by its key, what has none first. Raises Invalid."""
    limit, column = page_limit(limit), f"coalesce({_COLUMNS[by]}, '')"
    after = None if cursor is None else bounded("cursor", decode_cursor(cursor, f"usage/{by}").key)
    found = await connection.execute(
        f'SELECT key, jsonb_object_agg(meter, amount) FROM (SELECT {column} COLLATE "C" AS key, meter, '
        "sum(amount)::bigint AS amount FROM read.usage_total WHERE tenant_id = %s AND period IN (0, %s) "
        "GROUP BY 1, 2) sums WHERE (%s::text IS NULL OR key > %s) GROUP BY key ORDER BY key LIMIT %s".encode(),
        (tenant_id, period, after, after, limit + 1),
    )
    rows = await found.fetchall()
    more = encode_cursor(Cursor(f"usage/{by}", rows[limit - 1][0], "")) if len(rows) > limit else None
    groups = (UsageGroup(key or None, amounts) for key, amounts in rows[:limit])
    return UsagePage(tuple(groups), more)
