"""Invitations: a link that lets somebody choose their first password, once, for a week."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.refusals import TokenExpired, TokenRevoked, Unauthenticated
from infrastructure.access.passwords import Login, Passwords, store_password
from infrastructure.access.tokens import expect_kind, new_token, token_hash
from infrastructure.postgres import Database

DAYS = 7


class Invitations:
    """One link per agent works at a time: the newest."""

    def __init__(self, database: Database, passwords: Passwords) -> None:
        self._database = database
        self._passwords = passwords

    async def issue(self, tenant_id: int, agent_id: UUID, email: str, expires_at: datetime) -> str:
        """`iv_…`, shown this once; earlier ones are void. Raises Invalid."""
        token, email_key = new_token("iv"), self._passwords.email_key(email)
        async with self._database.tenant(tenant_id) as connection:
            await connection.execute(
                "UPDATE access.invitation SET void_at = now() "
                "WHERE tenant_id = %s AND agent_id = %s AND used_at IS NULL AND void_at IS NULL",
                (tenant_id, agent_id),
            )
            await connection.execute(
                "INSERT INTO access.invitation (hash, tenant_id, agent_id, email_key, expires_at) "
                "VALUES (%s, %s, %s, %s, %s)",
                (token_hash(token), tenant_id, agent_id, email_key, expires_at),
            )
        return token

    async def accept(self, token: str, password: str) -> Login:
        """The password is set and the link spent, both or neither.

        Raises TokenMissing, TokenExpired, TokenRevoked, Unauthenticated, Invalid, EmailTaken, Unavailable.
        """
        hashed = expect_kind("iv", token)
        await self._expect_open(hashed)  # before the expensive part
        words = await self._passwords.hashed(password)
        async with self._database.worker() as connection, connection.transaction():
            cursor = await connection.execute(
                "UPDATE access.invitation SET used_at = now() "
                "WHERE hash = %s AND used_at IS NULL AND void_at IS NULL RETURNING tenant_id, agent_id, email_key",
                (hashed,),
            )
            found = await cursor.fetchone()
            if found is None:
                raise TokenRevoked
            login = Login(found[0], found[1])
            await store_password(connection, login, bytes(found[2]), words)
        return login

    async def sweep(self) -> None:
        async with self._database.worker() as connection:
            await connection.execute("DELETE FROM access.invitation WHERE expires_at < now() - interval '30 days'")

    async def _expect_open(self, hashed: bytes) -> None:
        async with self._database.worker() as connection:
            cursor = await connection.execute(
                "SELECT expires_at <= now(), used_at IS NOT NULL OR void_at IS NOT NULL "
                "OR access.role_of(tenant_id, agent_id) IS NULL FROM access.invitation WHERE hash = %s",
                (hashed,),
            )
            found = await cursor.fetchone()
        if found is None:
            raise Unauthenticated
        if found[1]:
            raise TokenRevoked
        if found[0]:
            raise TokenExpired
