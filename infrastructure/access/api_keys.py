"""API keys: integrations. Shown once, found by their hash, bounded by scopes, revoked at once."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import msgspec

from domain.api_key import ApiKeyIssued
from domain.refusals import TokenExpired, TokenRevoked, Unauthenticated
from infrastructure.access.grants import Member
from infrastructure.access.recent import Recent
from infrastructure.access.tokens import expect_kind, new_token, token_hash
from infrastructure.postgres import Database

ROLE = "admin"
"""What a key may do is its scopes' to say; no scope opens people, keys or identity providers."""
NEVER = datetime.max.replace(tzinfo=UTC)

_FIELDS = "key_id, name, hint, scopes, at, expires_at, revoked_at, last_used_at"


class ApiKeyRow(msgspec.Struct, frozen=True):
    """A key without its secret. `hint`: its last four characters. `last_used_at` is exact to a minute."""

    key_id: UUID
    name: str
    hint: str
    scopes: list[str]
    at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class ApiKeys:
    """A look-up is at most 5 s old: so long may a revocation take in another process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._recent: Recent[bytes, Member] = Recent()

    async def issue(self, issued: ApiKeyIssued) -> str | None:
        """`sk_…` for what the log issued, None where it was made before: it is shown once."""
        token = new_token("sk")
        async with self._database.tenant(issued.tenant_id) as connection:
            cursor = await connection.execute(
                "INSERT INTO access.api_key (key_id, tenant_id, hash, hint, name, scopes, at, expires_at) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (key_id) DO NOTHING RETURNING key_id",
                (
                    issued.originator_id,
                    issued.tenant_id,
                    token_hash(token),
                    token[-4:],
                    issued.name,
                    list(issued.scopes),
                    issued.at,
                    issued.expires_at,
                ),
            )
            is_new = await cursor.fetchone() is not None
        return token if is_new else None

    async def revoke(self, tenant_id: int, key_id: UUID) -> None:
        """Revoking twice changes nothing."""
        async with self._database.tenant(tenant_id) as connection:
            await connection.execute(
                "UPDATE access.api_key SET revoked_at = now() "
                "WHERE tenant_id = %s AND key_id = %s AND revoked_at IS NULL",
                (tenant_id, key_id),
            )
        self._recent.forget(lambda member: member.agent_id == key_id)

    async def find(self, tenant_id: int, key_id: UUID) -> ApiKeyRow | None:
        """None where this tenant has none."""
        found = await self._rows(tenant_id, "key_id = %s", key_id, 1)
        return found[0] if found else None

    async def page(self, tenant_id: int, before: UUID | None, limit: int) -> tuple[ApiKeyRow, ...]:
        """The newest first; `before`: the last key of the page before."""
        return await self._rows(tenant_id, "key_id < %s", before or UUID(int=2**128 - 1), limit)

    async def check(self, token: str) -> Member:
        """Raises TokenMissing, TokenExpired, TokenRevoked, Unauthenticated."""
        hashed = expect_kind("sk", token)
        member = self._recent.find(hashed)
        if member is None:
            asked_at = self._recent.now()
            member = await self._look_up(hashed)
            self._recent.keep(hashed, member, asked_at)
        if member.expires_at <= datetime.now(UTC):
            raise TokenExpired
        return member

    async def _look_up(self, hashed: bytes) -> Member:
        async with self._database.worker() as connection:
            cursor = await connection.execute(
                "SELECT tenant_id, key_id, scopes, expires_at, revoked_at IS NOT NULL, last_used_at IS NULL OR "
                "last_used_at < now() - interval '1 minute' FROM access.api_key WHERE hash = %s",
                (hashed,),
            )
            found = await cursor.fetchone()
            if found is None:
                raise Unauthenticated
            tenant_id, key_id, scopes, expires_at, is_revoked, is_unseen = found
            if is_revoked:
                raise TokenRevoked
            if is_unseen:
                await connection.execute(
                    "UPDATE access.api_key SET last_used_at = now() WHERE tenant_id = %s AND key_id = %s",
                    (tenant_id, key_id),
                )
        return Member(tenant_id, key_id, ROLE, expires_at or NEVER, key_id, frozenset(scopes))

    async def _rows(self, tenant_id: int, condition: str, id: UUID, limit: int) -> tuple[ApiKeyRow, ...]:
        async with self._database.tenant(tenant_id) as connection:
            cursor = await connection.execute(
                f"SELECT {_FIELDS} FROM access.api_key WHERE tenant_id = %s AND {condition} "
                "ORDER BY key_id DESC LIMIT %s".encode(),
                (tenant_id, id, limit),
            )
            rows = await cursor.fetchall()
        return tuple(ApiKeyRow(*row) for row in rows)
