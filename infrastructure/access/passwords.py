"""Passwords: Argon2id, in threads, two at a time; an unknown address costs as much as a wrong password."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from psycopg.errors import UniqueViolation

from domain.refusals import Conflict, Invalid, Unavailable, WrongLogin
from domain.values import email_address
from infrastructure.access.common_passwords import is_common
from infrastructure.access.keys import derived, keyed_digest
from infrastructure.postgres import Connection, Database

T = TypeVar("T")

SHORTEST, LONGEST = 15, 128
AT_ONCE, WAITING = 2, 64
HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$T9Z+FJac+lyLlVtmMUzk3Q$4QaWvQeSbVf2efOXds1bgZ4YB6XyWNr+8SA2s2VtRhY"
"""What an unknown address is compared with: of a password that was thrown away, and as dear as every other."""


class Login(msgspec.Struct, frozen=True):
    """Whose password it was."""

    tenant_id: int
    agent_id: UUID


class EmailTaken(Conflict):
    code = "email_taken"
    sentence = "This e-mail address belongs to another login."


class Passwords:
    """m=19456 KiB, t=2, p=1 (OWASP's minimum): 25 ms and 19 MiB each, so only `AT_ONCE` at a time."""

    def __init__(self, database: Database, secrets: bytes) -> None:
        self._database = database
        self._email_key = derived(secrets, "email")
        self._places = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def set(self, tenant_id: int, agent_id: UUID, email: str, password: str) -> None:
        """The agent's only password from now on. Raises Invalid, EmailTaken, Unavailable."""
        hashed = await self.hashed(password)
        async with self._database.worker() as connection, connection.transaction():
            await store_password(connection, Login(tenant_id, agent_id), self.email_key(email), hashed)

    async def hashed(self, password: str) -> str:
        """What is stored of a password. Raises Invalid for one that is too short, Unavailable."""
        return await self._in_thread(HASHER.hash, accepted(password))

    def email_key(self, email: str) -> bytes:
        """By which a login is found: no address is stored in clear. Raises Invalid."""
        return self._key_of(email_address(email))

    async def check(self, email: str, password: str) -> Login:
        """Raises WrongLogin for either wrong, Unavailable while too many wait."""
        words = unicodedata.normalize("NFKC", password[: LONGEST * 4])
        row = await self._find(email)
        is_right = await self._in_thread(self._matches, row[2] if row else NOBODY, words)
        if row is None or not is_right:
            raise WrongLogin
        if HASHER.check_needs_rehash(row[2]):
            await self._rehash(row[0], row[1], words)
        return Login(row[0], row[1])

    async def _find(self, email: str) -> tuple[int, UUID, str] | None:
        try:
            key = self._key_of(email_address(email))
        except Invalid:
            return None
        async with self._database.worker() as connection:
            cursor = await connection.execute(
                "SELECT tenant_id, agent_id, hash FROM access.password WHERE email_key = %s", (key,)
            )
            found = await cursor.fetchone()
        return (found[0], found[1], found[2]) if found else None

    async def _rehash(self, tenant_id: int, agent_id: UUID, words: str) -> None:
        hashed = await self._in_thread(HASHER.hash, words)
        async with self._database.tenant(tenant_id) as connection:
            await connection.execute(
                "UPDATE access.password SET hash = %s WHERE tenant_id = %s AND agent_id = %s",
                (hashed, tenant_id, agent_id),
            )

    def _matches(self, hashed: str, words: str) -> bool:
        try:
            return HASHER.verify(hashed, words)
        except (VerifyMismatchError, InvalidHashError):
            return False

    def _key_of(self, email: str) -> bytes:
        return keyed_digest(self._email_key, email)

    async def _in_thread(self, work: Callable[..., T], *arguments: str) -> T:
        if self._waiting >= WAITING:
            raise Unavailable
        self._waiting += 1
        try:
            async with self._places:
                return await asyncio.to_thread(work, *arguments)
        finally:
            self._waiting -= 1


async def store_password(connection: Connection, login: Login, email_key: bytes, hashed: str) -> None:
    """The agent's only password, within the caller's transaction. Raises EmailTaken."""
    try:
        async with connection.transaction():
            await connection.execute(
                "DELETE FROM access.password WHERE tenant_id = %s AND agent_id = %s",
                (login.tenant_id, login.agent_id),
            )
            await connection.execute(
                "INSERT INTO access.password (email_key, tenant_id, agent_id, hash) VALUES (%s, %s, %s, %s)",
                (email_key, login.tenant_id, login.agent_id, hashed),
            )
    except UniqueViolation:
        raise EmailTaken from None


def accepted(password: str) -> str:
    """The password in normal form (NFKC). Raises Invalid under 15 or over 128 characters, and for a common one."""
    words = unicodedata.normalize("NFKC", password)
    if not SHORTEST <= len(words) <= LONGEST:
        raise Invalid(f"password has {SHORTEST} to {LONGEST} characters.")
    if is_common(words):
        raise Invalid("password is one that many people use. Choose another.")
    return words
