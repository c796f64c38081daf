"""SLA: the policies of a tenant, and what one conversation is promised and when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from application.due import Due
from application.log import Recorded
from application.projection import Connection
from application.rule_ports import SlaRule
from domain.refusals import Invalid
from domain.sla_clock import ClockMoved, Watch, clock_of
from domain.sla_policy import SlaDefinition
from domain.sla_reckoning import Terms
from projections.cursor import Cursor, decode_cursor, encode_cursor, page_limit
from projections.sla_fold import terms_after

ORDER = "sla_policies"


class PolicyView(msgspec.Struct, frozen=True):
    """`version`: of its last save."""

    policy_id: UUID
    definition: SlaDefinition
    version: int
    updated_at: datetime


class PolicyPage(msgspec.Struct, frozen=True):
    """`next_cursor` is None on the last page."""

    rows: tuple[PolicyView, ...]
    next_cursor: str | None


class PromiseView(msgspec.Struct, frozen=True):
    """What a conversation is under. `watches`: the targets that are open."""

    terms: Terms
    watches: tuple[Watch, ...]


_POLICY = "SELECT policy_id, definition, version, updated_at FROM read.sla_policy WHERE tenant_id = %(tenant_id)s"
_RULES = """
SELECT policy_id, version, definition, is_removed FROM read.sla_policy WHERE tenant_id = %s
ORDER BY place, policy_id"""
_DUE = "SELECT tenant_id, clock_id, due_at, version, position FROM read.sla_clock WHERE due_at IS NOT NULL"


async def read_policies(
    connection: Connection, tenant_id: int, limit: int = 50, cursor: str | None = None
) -> PolicyPage:
    """By their order, then in order of their making. Raises Invalid for a strange cursor."""
    size, after = page_limit(limit), ""
    values: dict[str, Any] = {"tenant_id": tenant_id, "limit": size + 1}
    if cursor is not None:
        after, values = "AND (place, policy_id) > (%(place)s, %(last)s)", values | _place(cursor)
    found = await connection.execute(
        f"{_POLICY} AND NOT is_removed {after} ORDER BY place, policy_id LIMIT %(limit)s".encode(), values
    )
    rows = [_policy(row) for row in await found.fetchall()]
    more = None
    if len(rows) > size:
        last = rows[size - 1]
        more = encode_cursor(Cursor(ORDER, str(last.definition.order), last.policy_id.hex))
    return PolicyPage(tuple(rows[:size]), more)


async def read_policy(connection: Connection, tenant_id: int, policy_id: UUID) -> PolicyView | None:
    """None where this tenant has no such policy, or has it no more."""
    values = {"tenant_id": tenant_id, "policy_id": policy_id}
    found = await connection.execute(
        f"{_POLICY} AND NOT is_removed AND policy_id = %(policy_id)s".encode(), values
    )
    row = await found.fetchone()
    return None if row is None else _policy(row)


async def read_rules(connection: Connection, tenant_id: int) -> tuple[SlaRule, ...] | None:
    """The enabled ones by order; None for a tenant that never had one."""
    cursor = await connection.execute(_RULES, (tenant_id,))
    rows = await cursor.fetchall()
    if not rows:
        return None
    rules = [
        SlaRule(id, version, msgspec.convert(said, SlaDefinition)) for id, version, said, gone in rows if not gone
    ]
    return tuple(rule for rule in rules if rule.definition.enabled)


async def read_promise(connection: Connection, tenant_id: int, conversation_id: UUID) -> PromiseView | None:
    """None where no policy is in force."""
    cursor = await connection.execute(
        "SELECT terms, watches FROM read.sla_clock WHERE tenant_id = %s AND clock_id = %s",
        (tenant_id, clock_of(conversation_id)),
    )
    row = await cursor.fetchone()
    if row is None or row[0] is None:
        return None
    return PromiseView(msgspec.convert(row[0], Terms), msgspec.convert(row[1], tuple[Watch, ...]))


async def read_sla_due(connection: Connection) -> tuple[Due, ...]:
    """Of all tenants: for a worker's connection."""
    cursor = await connection.execute(_DUE)
    rows = await cursor.fetchall()
    return tuple(Due(tenant_id, id, "sla", at, version, place) for tenant_id, id, at, version, place in rows)


def promise_in(recorded: Sequence[Recorded]) -> PromiseView | None:
    """The same out of the events of one clock."""
    terms: Terms | None = None
    watches: tuple[Watch, ...] = ()
    for one in recorded:
        if isinstance(one.event, ClockMoved):
            terms, watches = terms_after(terms, one.event), one.event.watches
    return None if terms is None else PromiseView(terms, watches)


def _policy(row: tuple[Any, ...]) -> PolicyView:
    return msgspec.convert(dict(zip(PolicyView.__struct_fields__, row, strict=True)), PolicyView)


def _place(cursor: str) -> dict[str, Any]:
    found = decode_cursor(cursor, ORDER)
    if not found.key.isascii() or not found.key.isdigit() or len(found.key) > 9:
        raise Invalid("cursor is not one of ours.")
    try:
        return {"place": int(found.key), "last": UUID(found.last)}
    except ValueError as unreadable:
        raise Invalid("cursor is not one of ours.") from unreadable
