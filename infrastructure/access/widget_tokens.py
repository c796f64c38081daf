"""Widget tokens: which site may talk. Rotated with an overlap, revoked at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import msgspec

from domain.refusals import TokenExpired, TokenRevoked, Unauthenticated
from infrastructure.access.grants import WidgetGrant
from infrastructure.access.recent import Recent
from infrastructure.access.tokens import expect_kind, new_token, token_hash
from infrastructure.postgres import Database

OVERLAP = timedelta(hours=24)


class _Known(msgspec.Struct, frozen=True):
    grant: WidgetGrant
    not_after: datetime | None
    origins: tuple[str, ...]


class WidgetTokens:
    """A look-up is at most 5 s old: so long may a revocation or a change of the widget's sites take elsewhere."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._recent: Recent[bytes, _Known] = Recent()

    async def issue(self, tenant_id: int, widget_id: UUID) -> tuple[UUID, str]:
        """(token id, `wt_…`): the token is shown this once."""
        token_id, token = uuid4(), new_token("wt")
        async with self._database.tenant(tenant_id) as connection:
            await connection.execute(
                "INSERT INTO access.widget_token (token_id, tenant_id, widget_id, hash) VALUES (%s, %s, %s, %s)",
                (token_id, tenant_id, widget_id, token_hash(token)),
            )
        return token_id, token

    async def rotate(self, tenant_id: int, widget_id: UUID, overlap: timedelta = OVERLAP) -> tuple[UUID, str]:
        """A new token; the widget's others stop working after `overlap`."""
        issued = await self.issue(tenant_id, widget_id)
        async with self._database.tenant(tenant_id) as connection:
            await connection.execute(
                "UPDATE access.widget_token SET not_after = least(not_after, now() + %s) "
                "WHERE tenant_id = %s AND widget_id = %s AND token_id <> %s AND revoked_at IS NULL",
                (overlap, tenant_id, widget_id, issued[0]),
            )
        self._recent.forget(lambda known: known.grant.widget_id == widget_id)
        return issued

    async def revoke(self, tenant_id: int, token_id: UUID) -> None:
        """Revoking twice changes nothing."""
        async with self._database.tenant(tenant_id) as connection:
            await connection.execute(
                "UPDATE access.widget_token SET revoked_at = now() "
                "WHERE tenant_id = %s AND token_id = %s AND revoked_at IS NULL",
                (tenant_id, token_id),
            )
        self._recent.forget(lambda known: known.grant.token_id == token_id)

    async def check(self, token: str, origin: str | None) -> WidgetGrant:
        """`origin` None: not a browser on another site.

        Raises TokenMissing, TokenExpired, TokenRevoked, Unauthenticated.
        """
        hashed = expect_kind("wt", token)
        known = self._recent.find(hashed)
        if known is None:
            asked_at = self._recent.now()
            known = await self._look_up(hashed)
            self._recent.keep(hashed, known, asked_at)
        if known.not_after is not None and known.not_after <= datetime.now(UTC):
            raise TokenExpired
        if origin is not None and known.origins and origin.lower() not in known.origins:
            raise Unauthenticated("This site may not use this widget token.")
        return known.grant

    async def _look_up(self, hashed: bytes) -> _Known:
        async with self._database.worker() as connection:
            cursor = await connection.execute(
                "SELECT tenant_id, widget_id, token_id, not_after, revoked_at IS NOT NULL, "
                "access.origins_of(tenant_id, widget_id) FROM access.widget_token WHERE hash = %s",
                (hashed,),
            )
            found = await cursor.fetchone()
        if found is None:
            raise Unauthenticated
        tenant_id, widget_id, token_id, not_after, is_revoked, origins = found
        if is_revoked:
            raise TokenRevoked
        sites = tuple(origin.lower().rstrip("/") for origin in origins)
        return _Known(WidgetGrant(tenant_id, widget_id, token_id), not_after, sites)
