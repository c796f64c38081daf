"""VoiceSecrets: tokens of tenants' accounts with providers. Sealed at rest; they go out to the provider only."""

from __future__ import annotations

from uuid import UUID

from infrastructure.access.keys import derived, keyed_digest
from infrastructure.postgres import Database
from infrastructure.sealed_secrets import SealedSecrets


class VoiceSecrets:
    """A token's id is made of it, so the same token is kept once."""

    def __init__(self, database: Database, secrets: bytes) -> None:
        self._database = database
        self._sealed = SealedSecrets(secrets, "voice")
        self._naming_key = derived(secrets, "voice token")

    async def keep(self, tenant_id: int, token: str) -> UUID:
        """The id of this token, the same for the same token; it tells nothing about it."""
        digest = keyed_digest(self._naming_key, f"{tenant_id}/{token}")
        secret_id = UUID(bytes=digest[:16], version=5)
        sealed = self._sealed.seal(tenant_id, secret_id, token)
        async with self._database.tenant(tenant_id) as connection:
            await connection.execute(
                "INSERT INTO voice.secret (tenant_id, secret_id, sealed) VALUES (%s, %s, %s) "
                "ON CONFLICT (tenant_id, secret_id) DO NOTHING",
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
                "SELECT sealed FROM voice.secret WHERE tenant_id = %s AND secret_id = %s", (tenant_id, secret_id)
            )
            found = await cursor.fetchone()
        return None if found is None else self._sealed.open(tenant_id, secret_id, found[0])
