"""Survivors: of contacts that were merged or linked, the one they are found as. An undo needs no fold anew."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from application.projection import Connection
from projections.search_query import Match

_SURVIVORS = """
WITH RECURSIVE up (found, contact_id, merged_into) AS (
  SELECT c.contact_id, c.contact_id, c.merged_into FROM read.contact c
  WHERE c.tenant_id = %(tenant_id)s AND c.contact_id = ANY(%(ids)s) AND c.merged_into IS NOT NULL
  UNION
  SELECT u.found, c.contact_id, c.merged_into FROM up u
  JOIN read.contact c ON c.tenant_id = %(tenant_id)s AND c.contact_id = u.merged_into
)
SELECT found, contact_id FROM up WHERE merged_into IS NULL"""


async def read_survivors(connection: Connection, tenant_id: int, ids: Collection[UUID]) -> dict[UUID, UUID]:
    """By the contact that is part of another one: who survives. Whoever stands for themselves is not in it."""
    cursor = await connection.execute(_SURVIVORS, {"tenant_id": tenant_id, "ids": list(ids)})
    return dict(await cursor.fetchall())


def by_survivor(matches: Iterable[Match], survivors: Mapping[UUID, UUID]) -> list[Match]:
    """The best match of each person, whichever of their contacts it is."""
    best: dict[UUID, Match] = {}
    for match in matches:
        person = survivors.get(match.id, match.id)
        known = best.get(person)
        if known is None or match.order > known.order:
            best[person] = match
    return list(best.values())
