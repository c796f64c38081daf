"""NumberPool: the tenant's own numbers, one call each at a time, the one that rested longest first."""

from __future__ import annotations

from uuid import UUID

from application.ports import Line, LineWish
from domain.voice import NoNumberFree
from infrastructure.postgres import Database

LOCK = 7018
KEPT_DAYS = 90
"""For so long a provider may come with a recording; after that nobody knows whose call it was."""

_TIDY = """
UPDATE voice.lease SET released_at = expires_at
WHERE tenant_id = %(tenant)s AND released_at IS NULL AND expires_at <= now()"""
_FORGET = """
DELETE FROM voice.lease WHERE tenant_id = %(tenant)s AND released_at < now() - make_interval(days => %(days)s)"""
_LEASE = """
INSERT INTO voice.lease (tenant_id, conversation_id, contact_id, number, leased_at, expires_at)
SELECT %(tenant)s, %(conversation)s, %(contact)s, n.number, clock_timestamp(),
  clock_timestamp() + make_interval(secs => %(seconds)s)
FROM unnest(%(numbers)s::text[]) n(number)
WHERE NOT EXISTS (SELECT FROM voice.lease o
    WHERE o.tenant_id = %(tenant)s AND o.released_at IS NULL
      AND (o.number = n.number OR o.contact_id = %(contact)s))
ORDER BY (SELECT max(u.leased_at) FROM voice.lease u WHERE u.tenant_id = %(tenant)s AND u.number = n.number)
  NULLS FIRST, n.number
LIMIT 1
ON CONFLICT (tenant_id, conversation_id) DO UPDATE SET number = EXCLUDED.number, leased_at = EXCLUDED.leased_at,
  expires_at = EXCLUDED.expires_at, released_at = NULL, provider_call = NULL
  WHERE lease.released_at IS NOT NULL -- a start that came to nothing, and is tried again under its key
RETURNING conversation_id, number"""
_OPEN = """
SELECT conversation_id, number FROM voice.lease
WHERE tenant_id = %(tenant)s AND contact_id = %(contact)s AND released_at IS NULL"""
_RELEASE = """
UPDATE voice.lease SET released_at = clock_timestamp()
WHERE tenant_id = %s AND conversation_id = %s AND released_at IS NULL"""
_BIND = """
UPDATE voice.lease SET provider_call = %(call)s
WHERE tenant_id = %(tenant)s AND number = %(number)s AND released_at IS NULL AND expires_at > now()
  AND provider_call IS NULL
  AND NOT EXISTS (SELECT FROM voice.lease WHERE tenant_id = %(tenant)s AND provider_call = %(call)s)"""
_NAMED = "SELECT conversation_id FROM voice.lease WHERE tenant_id = %s AND provider_call = %s"


class NumberPool:
    """A `VoiceLine` that needs no provider: whoever runs the numbers reports how calls go.

    PostgreSQL alone knows who has which number: a unique index says that nobody else has.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def allocate(self, wish: LineWish) -> Line:
        """Raises NoNumberFree; psycopg.OperationalError and PoolTimeout where PostgreSQL is away."""
        values = {
            "tenant": wish.tenant_id,
            "conversation": wish.conversation_id,
            "contact": wish.contact_id,
            "seconds": wish.seconds,
            "numbers": list(wish.settings.numbers),
            "days": KEPT_DAYS,
        }
        async with self._database.tenant(wish.tenant_id) as connection:
            # One at a time per tenant, so that who comes second looks at what is left instead of losing a race.
            await connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", (LOCK, wish.tenant_id))
            for statement in (_TIDY, _FORGET):
                await connection.execute(statement, values)
            leased = await (await connection.execute(_LEASE, values)).fetchone()
            known = leased or await (await connection.execute(_OPEN, values)).fetchone()
        if known is None:
            raise NoNumberFree
        return Line(*known, is_new=leased is not None)

    async def release(self, tenant_id: int, conversation_id: UUID) -> None:
        async with self._database.tenant(tenant_id) as connection:
            await connection.execute(_RELEASE, (tenant_id, conversation_id))

    async def conversation_of(self, tenant_id: int, provider_call: str, number: str | None) -> UUID | None:
        """Whose call it is that the provider speaks of; the first that reaches an open `number` is its call.

        None where it is nobody's: a number that no call of this tenant waits on, or another call has.
        """
        async with self._database.tenant(tenant_id) as connection:
            if number is not None:
                values = {"tenant": tenant_id, "call": provider_call, "number": number}
                await connection.execute(_BIND, values)
            found = await (await connection.execute(_NAMED, (tenant_id, provider_call))).fetchone()
        return None if found is None else found[0]
