"""The tables of mentions, part of the transcript: who is told of which note, and how many each has not read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from application.log import Recorded
from application.projection import Connection
from domain.conversation import NoteAdded
from domain.mention import MentionsRead
from projections.table import Table


class MentionRow(msgspec.Struct):
    """One agent and one note, which is `version` of its conversation; its words are the transcript's."""

    tenant_id: int
    conversation_id: UUID
    version: int
    agent_id: UUID
    seq: int
    is_read: bool = False


class UnreadRow(msgspec.Struct):
    """How many mentions an agent has not read; there is no row for none."""

    tenant_id: int
    agent_id: UUID
    mentions: int


MENTIONS = Table(
    "mention",
    MentionRow,
    ("conversation_id", "version", "agent_id"),
    indexes=(
        "tenant_id, agent_id, seq",
        "tenant_id, agent_id, seq WHERE NOT is_read",
    ),
)
UNREAD = Table("mention_unread", UnreadRow, ("agent_id",))

Owner = tuple[int, UUID]

_ADD = """
INSERT INTO read.mention_{build} (tenant_id, conversation_id, version, agent_id, seq, is_read)
SELECT *, false FROM unnest(%s::bigint[], %s::uuid[], %s::bigint[], %s::uuid[], %s::bigint[])
ON CONFLICT DO NOTHING RETURNING tenant_id, agent_id"""

_MARK = """
UPDATE read.mention_{build} m SET is_read = true
FROM (
  SELECT tenant_id, conversation_id, agent_id, max(up_to) AS up_to
  FROM unnest(%s::bigint[], %s::uuid[], %s::uuid[], %s::bigint[]) k(tenant_id, conversation_id, agent_id, up_to)
  GROUP BY 1, 2, 3
) k
WHERE m.tenant_id = k.tenant_id AND m.conversation_id = k.conversation_id AND m.agent_id = k.agent_id
  AND m.version <= k.up_to AND NOT m.is_read
RETURNING m.tenant_id, m.agent_id"""

_COUNT = """
INSERT INTO read.mention_unread_{build} AS c (tenant_id, agent_id, mentions)
SELECT * FROM unnest(%s::bigint[], %s::uuid[], %s::bigint[])
ON CONFLICT (tenant_id, agent_id) DO UPDATE SET mentions = c.mentions + EXCLUDED.mentions"""

_TIDY = """
DELETE FROM read.mention_unread_{build} c USING unnest(%s::bigint[], %s::uuid[]) k(tenant_id, agent_id)
WHERE c.tenant_id = k.tenant_id AND c.agent_id = k.agent_id AND c.mentions = 0"""

_FORGET = """
DELETE FROM read.mention_{build} WHERE tenant_id = %s AND conversation_id = %s
RETURNING tenant_id, agent_id, is_read"""


def mentions_ddl(build: int) -> str:
    return MENTIONS.ddl(build) + UNREAD.ddl(build)


async def fold_mentions(connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
    """New ones first: what was read is never later than what is. A second time changes nothing."""
    told = [row for one in recorded for row in _told(one)]
    read = [
        (one.tenant_id, one.stream_id, one.event.by.id, one.event.up_to)
        for one in recorded
        if isinstance(one.event, MentionsRead)
    ]
    come = await _changed(connection, _ADD.format(build=build), told)
    gone = await _changed(connection, _MARK.format(build=build), read)
    await _count(connection, build, come, gone)


async def forget_mentions(connection: Connection, build: int, tenant_id: int, conversation_id: UUID) -> None:
    cursor = await connection.execute(_FORGET.format(build=build).encode(), (tenant_id, conversation_id))
    gone = [(tenant_id, agent_id) for _, agent_id, is_read in await cursor.fetchall() if not is_read]
    await _count(connection, build, (), gone)


def _told(one: Recorded) -> list[tuple[int, UUID, int, UUID, int]]:
    if not isinstance(one.event, NoteAdded) or one.event.mentions is None:
        return []
    return [(one.tenant_id, one.stream_id, one.version, id, one.seq) for id in one.event.mentions.told]


async def _changed(connection: Connection, sql: str, rows: Sequence[tuple[object, ...]]) -> list[Owner]:
    """Whose mentions a statement has changed, one entry for each of them."""
    if not rows:
        return []
    cursor = await connection.execute(sql.encode(), [list(column) for column in zip(*rows, strict=True)])
    return [(tenant_id, agent_id) for tenant_id, agent_id in await cursor.fetchall()]


async def _count(connection: Connection, build: int, come: Iterable[Owner], gone: Iterable[Owner]) -> None:
    moves = Counter(come)
    moves.subtract(Counter(gone))
    moved = {owner: number for owner, number in moves.items() if number}
    if not moved:
        return
    tenants, agents = (list(column) for column in zip(*moved, strict=True))
    await connection.execute(_COUNT.format(build=build).encode(), (tenants, agents, list(moved.values())))
    await connection.execute(_TIDY.format(build=build).encode(), (tenants, agents))
