"""LoginSecrets: secrets of tenants' OpenID clients. Sealed at rest; they go out to the provider only."""

from __future__ import annotations

from uuid import UUID

from infrastructure.access.keys import WrongSecret, derived, keyed_digest
from infrastructure.eventstore.sealing import Tampered, unwrap, wrap
from infrastructure.postgres import Database


class LoginSecrets:
    """Looked up at each login, which is rare enough."""

    def __init__(self, database: Database, secrets: bytes) -> None:
        self._database = database
        self._sealing_key = derived(secrets, "login secret")
        self._naming_key = derived(secrets, "login secret id")

    async def keep(self, tenant_id: int, secret: str) -> UUID:
        """The id of this secret, the same for the same secret; it tells nothing about it."""
        digest = keyed_digest(self._naming_key, f"{tenant_id}/{secret}")
        secret_id = UUID(bytes=digest[:16], version=5)
        sealed = wrap(self._sealing_key, secret.encode(), _owner(tenant_id, secret_id))
        async with self._database.tenant(tenant_id) as connection:
            await connection.execute(
                "INSERT INTO access.login_secret (tenant_id, secret_id, sealed) VALUES (%s, %s, %s) "
                "ON CONFLICT (tenant_id, secret_id) DO NOTHING",
                (tenant_id, secret_id, sealed),
            )
        return secret_id

    async def of(self, tenant_id: int, secret_id: UUID) -> str | None:
        """None where this tenant has no such secret. Raises WrongSecret."""
        async with self._database.tenant(tenant_id) as connection:
            cursor = await connection.execute(
                "SELECT sealed FROM access.login_secret WHERE tenant_id = %s AND secret_id = %s",
                (tenant_id, secret_id),
            )
            found = await cursor.fetchone()
        if found is None:
            return None
        try:
            return unwrap(self._sealing_key, bytes(found[0]), _owner(tenant_id, secret_id)).decode()
        except Tampered:
            raise WrongSecret(f"login secret {secret_id} does not open") from None


def _owner(tenant_id: int, secret_id: UUID) -> str:
    return f"login secret {tenant_id} {secret_id.hex}"
