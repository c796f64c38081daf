"""The knowledge base by meaning: embeddings, kept by the hash of what they were made of, compared exactly."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from application.projection import Connection

MOST = 200
COMPARED = 2_000
"""Chunks of a tenant that a question is compared with, at most: the exact product of each costs time."""

_NEAREST = """
SELECT article_id, part, cosine FROM (
  SELECT k.article_id, k.part,
    (SELECT sum(x.a * x.b) FROM unnest(e.vector, %(vector)s::float4[]) AS x(a, b)) AS cosine
  FROM (SELECT * FROM read.knowledge WHERE tenant_id = %(tenant_id)s LIMIT %(compared)s) k
  JOIN knowledge.embedding e ON e.tenant_id = k.tenant_id AND e.model = %(model)s AND e.hash = k.hash
  WHERE cardinality(e.vector) = cardinality(%(vector)s::float4[])
) n ORDER BY cosine DESC, article_id, part LIMIT %(most)s"""

_MISSING = """
SELECT DISTINCT ON (k.tenant_id, k.hash) k.tenant_id, k.hash,
  concat_ws(E'\\n', k.title, nullif(k.path, ''), k.text)
FROM read.knowledge k WHERE NOT EXISTS (SELECT FROM knowledge.embedding e
  WHERE e.tenant_id = k.tenant_id AND e.model = %(model)s AND e.hash = k.hash)
  AND NOT EXISTS (SELECT FROM knowledge.refused r
    WHERE r.tenant_id = k.tenant_id AND r.model = %(model)s AND r.hash = k.hash)
ORDER BY k.tenant_id, k.hash LIMIT %(most)s"""

_KEEP = """
INSERT INTO knowledge.embedding (tenant_id, model, hash, vector)
SELECT x.tenant_id, %s, x.hash, x.vector::float4[]
FROM unnest(%s::int[], %s::bytea[], %s::text[]) AS x(tenant_id, hash, vector)
ON CONFLICT DO NOTHING"""


_REFUSE = """
INSERT INTO knowledge.refused (tenant_id, model, hash, reason) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"""

# A chunk that came back is in use again; what nobody has used for long goes. One statement a table, all tenants.
_UNUSED = """
UPDATE knowledge.{table} e SET unused_since = CASE WHEN e.unused_since IS NULL THEN now() END
WHERE (e.unused_since IS NULL) <> EXISTS (
  SELECT FROM read.knowledge k WHERE k.tenant_id = e.tenant_id AND k.hash = e.hash)"""
_SWEEP = "DELETE FROM knowledge.{table} WHERE unused_since < now() - make_interval(secs => %s)"
_TABLES = ("embedding", "refused")


class Unembedded(msgspec.Struct, frozen=True):
    """A chunk for which there is no embedding of this model yet; `text` is what is to be embedded."""

    tenant_id: int
    hash: bytes
    text: str


async def rank_by_meaning(
    connection: Connection, tenant_id: int, model: str, vector: Sequence[float]
) -> dict[tuple[UUID, int], float]:
    """The chunks nearest to the question's vector, nearest first, with the cosine."""
    values = {"tenant_id": tenant_id, "model": model, "vector": list(vector), "compared": COMPARED, "most": MOST}
    cursor = await connection.execute(_NEAREST, values)
    return {(article_id, part): cosine for article_id, part, cosine in await cursor.fetchall()}


async def read_unembedded(connection: Connection, model: str, most: int) -> tuple[Unembedded, ...]:
    """Of all tenants, some; for the worker."""
    cursor = await connection.execute(_MISSING, {"model": model, "most": most})
    return tuple(Unembedded(*row) for row in await cursor.fetchall())


async def refuse_text(connection: Connection, model: str, chunk: Unembedded, reason: str) -> None:
    """The model does not take this text: it is asked for no more, until it says something else."""
    await connection.execute(_REFUSE, (chunk.tenant_id, model, chunk.hash, reason))


async def sweep_embeddings(connection: Connection, grace: float) -> int:
    """Forgets what no chunk has used for `grace` seconds, as far as sweeps have seen; how many. For the worker."""
    swept = 0
    for table in _TABLES:
        await connection.execute(_UNUSED.format(table=table).encode())
        swept += (await connection.execute(_SWEEP.format(table=table).encode(), (grace,))).rowcount
    return swept


async def keep_embeddings(
    connection: Connection, model: str, embedded: Sequence[tuple[Unembedded, Sequence[float]]]
) -> None:
    """What is there already stays as it is."""
    tenants = [one.tenant_id for one, _ in embedded]
    hashes = [one.hash for one, _ in embedded]
    vectors = ["{" + ",".join(map(repr, vector)) + "}" for _, vector in embedded]
    await connection.execute(_KEEP, (model, tenants, hashes, vectors))
