"""Visitor tokens: one browser, one contact. Made by the server on first contact, good while it is used."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from domain.refusals import TokenExpired, TokenRevoked, Unauthenticated
from infrastructure.access.grants import VisitorGrant
from infrastructure.access.recent import Recent
from infrastructure.access.tokens import expect_kind, new_token, token_hash
from infrastructure.postgres import Database

LIFETIME = timedelta(days=180)
PROLONG_AFTER = timedelta(days=1)
LATELY = timedelta(seconds=15)
"""Longer than a round of asking, and than a revocation may take to commit."""


class VisitorTokens:
    """180 days from the last day of use; a revocation is seen by every process within 5 s."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._recent: Recent[bytes, VisitorGrant] = Recent()

    async def issue(self, tenant_id: int, contact_id: UUID, widget_id: UUID | None = None) -> str:
        """`vt_…`, shown this once. Where `widget_id` may not be used from, neither may the token."""
        token = new_token("vt")
        async with self._database.tenant(tenant_id) as connection:
            await connection.execute(
                "INSERT INTO access.visitor_token (hash, tenant_id, contact_id, widget_id, expires_at) "
                "VALUES (%s, %s, %s, %s, now() + %s)",
                (token_hash(token), tenant_id, contact_id, widget_id, LIFETIME),
            )
        return token

    async def revoke(self, tenant_id: int, contact_id: UUID) -> None:
        """Every token of one contact: blocked, or erased."""
        async with self._database.tenant(tenant_id) as connection:
            await connection.execute(
                "UPDATE access.visitor_token SET revoked_at = now() "
                "WHERE tenant_id = %s AND contact_id = %s AND revoked_at IS NULL",
                (tenant_id, contact_id),
            )
        self._recent.forget(lambda grant: grant.contact_id == contact_id)

    async def lately_revoked(self) -> frozenset[tuple[int, UUID]]:
        """(tenant, contact) of what was revoked in the last 15 s."""
        async with self._database.worker() as connection:
            cursor = await connection.execute(
                "SELECT DISTINCT tenant_id, contact_id FROM access.visitor_token WHERE revoked_at > now() - %s",
                (LATELY,),
            )
            return frozenset((row[0], row[1]) for row in await cursor.fetchall())

    async def check(self, token: str) -> VisitorGrant:
        """Raises TokenMissing, TokenExpired, TokenRevoked, Unauthenticated."""
        hashed = expect_kind("vt", token)
        grant = self._recent.find(hashed)
        if grant is None:
            asked_at = self._recent.now()
            grant = await self._look_up(hashed)
            self._recent.keep(hashed, grant, asked_at)
        return grant

    async def _look_up(self, hashed: bytes) -> VisitorGrant:
        async with self._database.worker() as connection:
            cursor = await connection.execute(
                "SELECT tenant_id, contact_id, widget_id, revoked_at IS NOT NULL, expires_at <= now(), "
                "expires_at < now() + %s FROM access.visitor_token WHERE hash = %s",
                (LIFETIME - PROLONG_AFTER, hashed),
            )
            found = await cursor.fetchone()
            if found is None:
                raise Unauthenticated
            tenant_id, contact_id, widget_id, is_revoked, is_expired, is_ageing = found
            if is_revoked:
                raise TokenRevoked
            if is_expired:
                raise TokenExpired
            if is_ageing:
                await connection.execute(
                    "UPDATE access.visitor_token SET expires_at = now() + %s WHERE tenant_id = %s AND hash = %s",
                    (LIFETIME, tenant_id, hashed),
                )
        return VisitorGrant(tenant_id, contact_id, widget_id)
