"""Sessions: a login, its refresh tokens one after the other, and its end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID, uuid4

import msgspec

from domain.agent import Role
from domain.refusals import TokenExpired, TokenRevoked, Unauthenticated
from infrastructure.access.grants import Member, Session
from infrastructure.access.issuers import ForeignClaims
from infrastructure.access.recent import Recent
from infrastructure.access.signing import LIFETIME, Claims, Signer
from infrastructure.access.tokens import expect_kind, new_token, token_hash
from infrastructure.postgres import Connection, Database

REFRESH_LIFETIME = timedelta(days=14)
GRACE = timedelta(seconds=10)
"""A used refresh token still works this long, if none of its successors was used: its answer may be lost."""

Verdict = Literal["fresh", "expired", "revoked", "reused"]


class _Token(msgspec.Struct, frozen=True):
    hash: bytes
    tenant_id: int
    agent_id: UUID
    session_id: UUID
    verdict: Verdict


class _Standing(msgspec.Struct, frozen=True):
    """What the log says of an agent. `permissions`: of the set they hold; None where their role says it all."""

    agent_id: UUID
    role: Role
    permissions: frozenset[str] | None


class Sessions:
    """The state behind access JWTs: what a signature alone cannot say is asked here, at most every few seconds."""

    def __init__(self, database: Database, signer: Signer) -> None:
        self._database = database
        self._signer = signer
        self._recent: Recent[tuple[int, UUID], _Standing] = Recent()

    async def start(self, tenant_id: int, agent_id: UUID) -> Session:
        """A new login. Raises TokenRevoked where the agent is not one any more."""
        standing = await self._agent(tenant_id, agent_id)
        session_id, token = uuid4(), new_token("rt")
        async with self._database.tenant(tenant_id) as connection:
            await connection.execute(
                "INSERT INTO access.session (session_id, tenant_id, agent_id) VALUES (%s, %s, %s)",
                (session_id, tenant_id, agent_id),
            )
            await _store(connection, token, tenant_id, session_id, None)
        return self._session(tenant_id, session_id, standing, token)

    async def member(self, claims: Claims) -> Member:
        """Who a verified access token speaks for. Raises TokenRevoked, within 5 s of the revocation."""
        key = (claims.tenant_id, claims.session_id)
        known = self._recent.find(key)
        if known is None:
            asked_at = self._recent.now()
            known = await self._standing(claims)
            self._recent.keep(key, known, asked_at)
        if known.agent_id != claims.agent_id:
            raise TokenRevoked
        return _member(claims.tenant_id, known, claims.expires_at, claims.session_id)

    async def refresh(self, refresh_token: str) -> Session:
        """The next pair of the same session; the token is spent.

        Raises Unauthenticated, TokenExpired, TokenRevoked. A second use ends the whole session.
        """
        hashed = expect_kind("rt", refresh_token)
        successor = new_token("rt")
        async with self._database.worker() as connection, connection.transaction():
            token = await _lock(connection, hashed)
            if token.verdict == "fresh":
                await _spend(connection, token, successor)
            elif token.verdict == "reused":
                await _end(connection, token.tenant_id, token.session_id, "refresh token reused")
        if token.verdict == "expired":
            raise TokenExpired
        if token.verdict != "fresh":
            self._recent.forget(lambda known: known.agent_id == token.agent_id)
            raise TokenRevoked
        standing = await self._agent(token.tenant_id, token.agent_id)
        return self._session(token.tenant_id, token.session_id, standing, successor)

    async def foreign_member(self, claims: ForeignClaims) -> Member:
        """Who another issuer's token speaks for: an active agent. Raises TokenRevoked, as after a log-out.

        A permission set is given in the tenant: the role that the token claims does not lift it.
        """
        key = (claims.tenant_id, claims.session_id)
        known = self._recent.find(key)
        if known is None:
            asked_at = self._recent.now()
            known = await self._foreign_standing(claims)
            self._recent.keep(key, known, asked_at)
        if claims.role is not None and known.permissions is None:
            known = msgspec.structs.replace(known, role=claims.role)
        return _member(claims.tenant_id, known, claims.expires_at, claims.session_id)

    async def end(self, member: Member) -> None:
        """Log out; ending twice changes nothing. Another issuer's token has no session but its end."""
        async with self._database.tenant(member.tenant_id) as connection:
            await connection.execute(
                "INSERT INTO access.session (session_id, tenant_id, agent_id, revoked_at, why) "
                "VALUES (%s, %s, %s, now(), 'logged out') ON CONFLICT (session_id) DO UPDATE "
                "SET revoked_at = now(), why = EXCLUDED.why WHERE access.session.revoked_at IS NULL",
                (member.session_id, member.tenant_id, member.agent_id),
            )
        self._recent.drop((member.tenant_id, member.session_id))

    async def end_all(self, tenant_id: int, agent_id: UUID) -> None:
        """Every session of one agent: deactivated, or their password changed."""
        async with self._database.tenant(tenant_id) as connection:
            await connection.execute(
                "UPDATE access.session SET revoked_at = now(), why = 'revoked' "
                "WHERE tenant_id = %s AND agent_id = %s AND revoked_at IS NULL",
                (tenant_id, agent_id),
            )
        self._recent.forget(lambda known: known.agent_id == agent_id)

    async def _standing(self, claims: Claims) -> _Standing:
        return await self._look_up(
            claims.tenant_id,
            "SELECT agent_id, access.role_of(tenant_id, agent_id), access.permissions_of(tenant_id, agent_id) "
            "FROM access.session WHERE tenant_id = %s AND session_id = %s AND revoked_at IS NULL",
            (claims.tenant_id, claims.session_id),
        )

    async def _foreign_standing(self, claims: ForeignClaims) -> _Standing:
        """Nobody where the token was logged out."""
        return await self._look_up(
            claims.tenant_id,
            f"{_AGENT} WHERE NOT EXISTS (SELECT FROM access.session "
            "WHERE tenant_id = %s AND session_id = %s AND revoked_at IS NOT NULL)",
            (*_agent(claims.tenant_id, claims.agent_id), claims.tenant_id, claims.session_id),
        )

    async def _agent(self, tenant_id: int, agent_id: UUID) -> _Standing:
        return await self._look_up(tenant_id, _AGENT, _agent(tenant_id, agent_id))

    async def _look_up(self, tenant_id: int, query: str, values: tuple[object, ...]) -> _Standing:
        """Raises TokenRevoked where there is no row, or the agent is not one any more."""
        async with self._database.tenant(tenant_id) as connection:
            cursor = await connection.execute(query.encode(), values)
            found = await cursor.fetchone()
        if found is None or found[1] is None:
            raise TokenRevoked
        return _Standing(found[0], found[1], None if found[2] is None else frozenset(found[2]))

    def _session(self, tenant_id: int, session_id: UUID, standing: _Standing, token: str) -> Session:
        at = datetime.now(UTC)
        access = self._signer.mint(tenant_id, standing.agent_id, session_id, standing.role, at)
        member = _member(tenant_id, standing, at + LIFETIME, session_id)
        return Session(access, token, int(LIFETIME.total_seconds()), member)


_AGENT = "SELECT %s::uuid, access.role_of(%s, %s), access.permissions_of(%s, %s)"


def _agent(tenant_id: int, agent_id: UUID) -> tuple[object, ...]:
    return agent_id, tenant_id, agent_id, tenant_id, agent_id


def _member(tenant_id: int, standing: _Standing, expires_at: datetime, session_id: UUID) -> Member:
    place = (tenant_id, standing.agent_id, standing.role, expires_at, session_id)
    return Member(*place, permissions=standing.permissions)


async def _lock(connection: Connection, hashed: bytes) -> _Token:
    cursor = await connection.execute(
        "SELECT t.tenant_id, s.agent_id, t.session_id, CASE "
        "WHEN s.revoked_at IS NOT NULL THEN 'revoked' WHEN t.expires_at <= now() THEN 'expired' "
        "WHEN t.used_at IS NULL THEN 'fresh' WHEN t.used_at > now() - %s AND NOT EXISTS "
        "(SELECT FROM access.refresh_token c WHERE c.parent = t.hash AND c.session_id = t.session_id "
        "AND c.used_at IS NOT NULL) THEN 'fresh' ELSE 'reused' END "
        "FROM access.refresh_token t JOIN access.session s ON s.session_id = t.session_id "
        "WHERE t.hash = %s FOR UPDATE OF s, t",
        (GRACE, hashed),
    )
    found = await cursor.fetchone()
    if found is None:
        raise Unauthenticated
    return _Token(hashed, *found)


async def _spend(connection: Connection, token: _Token, successor: str) -> None:
    await connection.execute(
        "UPDATE access.refresh_token SET used_at = coalesce(used_at, now()) WHERE tenant_id = %s AND hash = %s",
        (token.tenant_id, token.hash),
    )
    await _store(connection, successor, token.tenant_id, token.session_id, token.hash)


async def _store(
    connection: Connection, token: str, tenant_id: int, session_id: UUID, parent: bytes | None
) -> None:
    await connection.execute(
        "INSERT INTO access.refresh_token (hash, tenant_id, session_id, parent, expires_at) "
        "VALUES (%s, %s, %s, %s, now() + %s)",
        (token_hash(token), tenant_id, session_id, parent, REFRESH_LIFETIME),
    )


async def _end(connection: Connection, tenant_id: int, session_id: UUID, why: str) -> None:
    await connection.execute(
        "UPDATE access.session SET revoked_at = now(), why = %s "
        "WHERE tenant_id = %s AND session_id = %s AND revoked_at IS NULL",
        (why, tenant_id, session_id),
    )
