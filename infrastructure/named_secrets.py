"""NamedSecrets: secrets of tenants that are called by what they are, in a table of theirs. Sealed at rest."""

from __future__ import annotations

from uuid import UUID

from infrastructure.access.keys import derived, keyed_digest
from infrastructure.postgres import Database
from infrastructure.sealed_secrets import SealedSecrets


class NamedSecrets:
    """A secret's id is made of it, so the same secret is kept once."""

    def __init__(self, database: Database, secrets: bytes, kind: str, naming: str, table: str) -> None:
        """`kind` and `naming` are what keys are derived for; `table` has tenant_id, secret_id and sealed."""
        self._database = database
        self._sealed = SealedSecrets(secrets, kind)
        self._naming_key = derived(secrets, naming)
        self._table = table

    async def keep(self, tenant_id: int, secret: str) -> UUID:
        """The id of this secret, the same for the same secret; it tells nothing about it."""
        digest = keyed_digest(self._naming_key, f"{tenant_id}/{secret}")
        secret_id = UUID(bytes=digest[:16], version=5)
        sealed = self._sealed.seal(tenant_id, secret_id, secret)
        async with self._database.tenant(tenant_id) as connection:
            await connection.execute(
                f"INSERT INTO {self._table} (tenant_id, secret_id, sealed) VALUES (%s, %s, %s) "
                "ON CONFLICT (tenant_id, secret_id) DO NOTHING".encode(),
                (tenant_id, secret_id, sealed),
            )
        return secret_id

    async def of(self, tenant_id: int, secret_id: UUID) -> str | None:
        """None where this tenant has no such secret. Raises WrongSecret."""
        known = self._sealed.find(tenant_id, secret_id)
        if known is not None:
            return known
        async with self._database.tenant(tenant_id) as connection:
            cursor = await connection.execute(
                f"SELECT sealed FROM {self._table} WHERE tenant_id = %s AND secret_id = %s".encode(),
                (tenant_id, secret_id),
            )
            found = await cursor.fetchone()
        return None if found is None else self._sealed.open(tenant_id, secret_id, found[0])
