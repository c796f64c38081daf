"""Widget tokens: which site may talk. Rotated with an overlap, revoked at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID, uuid4

import msgspec

from domain.refusals import TokenExpired, TokenRevoked, Unauthenticated
from domain.widget import WidgetTokenRotated
from infrastructure.access.grants import WidgetGrant
from infrastructure.access.recent import Recent
from infrastructure.access.tokens import expect_kind, new_token, token_hash
from infrastructure.postgres import Database

WINDOW = 1.0
"""Seconds. A site has few tokens, so asking anew each second costs next to nothing."""


class WidgetTokenRow(msgspec.Struct, frozen=True):
    """A token without its secret. `hint`: its last four characters."""

    token_id: UUID
    hint: str
    at: datetime
    not_after: datetime | None
    revoked_at: datetime | None

    def status(self, at: datetime) -> Literal["active", "grace", "expired", "revoked"]:
        if self.revoked_at is not None:
            return "revoked"
        if self.not_after is None:
            return "active"
        return "grace" if self.not_after > at else "expired"


class _Known(msgspec.Struct, frozen=True):
    grant: WidgetGrant
    not_after: datetime | None
    origins: tuple[str, ...]


class WidgetTokens:
    """A look-up is at most 1 s old: so long may a revocation or a change of the widget's sites take elsewhere."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._recent: Recent[bytes, _Known] = Recent(WINDOW)

    async def issue(self, tenant_id: int, widget_id: UUID) -> tuple[UUID, str]:
        """(token id, `wt_…`): the token is shown this once."""
        token_id, token = uuid4(), new_token("wt")
        async with self._database.tenant(tenant_id) as connection:
            await connection.execute(
                "INSERT INTO access.widget_token (token_id, tenant_id, widget_id, hash, hint) "
                "VALUES (%s, %s, %s, %s, %s)",
                (token_id, tenant_id, widget_id, token_hash(token), token[-4:]),
            )
        return token_id, token

    async def rotated(
        self, tenant_id: int, rotated: WidgetTokenRotated, ends: Mapping[UUID, datetime]
    ) -> str | None:
        """`wt_…` for what the log rotated, None where it was made before: it is shown once.

        `ends`: when each of the widget's tokens ends, as the log has it now; so two rotations may come here in
        any order.
        """
        token = new_token("wt")
        facts = (rotated.token_id, tenant_id, rotated.originator_id, token_hash(token), token[-4:], rotated.at)
        async with self._database.tenant(tenant_id) as connection:
            cursor = await connection.execute(
                "INSERT INTO access.widget_token (token_id, tenant_id, widget_id, hash, hint, at) "
                "VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (token_id) DO NOTHING RETURNING token_id",
                facts,
            )
            is_new = await cursor.fetchone() is not None
            await connection.execute(
                "UPDATE access.widget_token t SET not_after = least(t.not_after, e.ends) "
                "FROM unnest(%s::uuid[], %s::timestamptz[]) AS e(token_id, ends) "
                "WHERE t.tenant_id = %s AND t.widget_id = %s AND t.token_id = e.token_id AND revoked_at IS NULL",
                (list(ends), list(ends.values()), tenant_id, rotated.originator_id),
            )
        self._recent.forget(lambda known: known.grant.widget_id == rotated.originator_id)
        return token if is_new else None

    async def revoke(self, tenant_id: int, token_id: UUID) -> None:
        """Revoking twice changes nothing."""
        async with self._database.tenant(tenant_id) as connection:
            await connection.execute(
                "UPDATE access.widget_token SET revoked_at = now() "
                "WHERE tenant_id = %s AND token_id = %s AND revoked_at IS NULL",
                (tenant_id, token_id),
            )
        self._recent.forget(lambda known: known.grant.token_id == token_id)

    async def revoke_all(self, tenant_id: int, widget_id: UUID) -> None:
        """Every token of one widget."""
        async with self._database.tenant(tenant_id) as connection:
            await connection.execute(
                "UPDATE access.widget_token SET revoked_at = now() "
                "WHERE tenant_id = %s AND widget_id = %s AND revoked_at IS NULL",
                (tenant_id, widget_id),
            )
        self._recent.forget(lambda known: known.grant.widget_id == widget_id)

    async def is_of(self, tenant_id: int, widget_id: UUID, token_id: UUID) -> bool:
        """Whether this tenant's widget has, or had, this token."""
        async with self._database.tenant(tenant_id) as connection:
            cursor = await connection.execute(
                "SELECT FROM access.widget_token WHERE tenant_id = %s AND widget_id = %s AND token_id = %s",
                (tenant_id, widget_id, token_id),
            )
            return await cursor.fetchone() is not None

    async def page(
        self, tenant_id: int, widget_id: UUID, before: tuple[datetime, UUID] | None, limit: int
    ) -> tuple[WidgetTokenRow, ...]:
        """The newest first; `before`: time and id of the last token of the page before."""
        at, token_id = before or (datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))
        async with self._database.tenant(tenant_id) as connection:
            cursor = await connection.execute(
                "SELECT token_id, hint, at, not_after, revoked_at FROM access.widget_token "
                "WHERE tenant_id = %s AND widget_id = %s AND (at, token_id) < (%s, %s) "
                "ORDER BY at DESC, token_id DESC LIMIT %s",
                (tenant_id, widget_id, at, token_id, limit),
            )
            rows = await cursor.fetchall()
        return tuple(WidgetTokenRow(*row) for row in rows)

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
