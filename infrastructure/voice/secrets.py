"""VoiceSecrets: tokens of tenants' accounts with providers. Sealed at rest; they go out to the provider only."""

from __future__ import annotations

from collections import OrderedDict
from uuid import UUID

from infrastructure.access.keys import WrongSecret, derived, keyed_digest
from infrastructure.eventstore.sealing import Tampered, unwrap, wrap
from infrastructure.postgres import Database

REMEMBERED = 10_000


class VoiceSecrets:
    """A secret never changes under its id, so what was opened once is kept in memory."""

    def __init__(self, database: Database, secrets: bytes) -> None:
        self._database = database
        self._sealing_key = derived(secrets, "voice")
        self._naming_key = derived(secrets, "voice token")
        self._opened: OrderedDict[tuple[int, UUID], str] = OrderedDict()

    async def keep(self, tenant_id: int, token: str) -> UUID:
        """The id of this token, the same for the same token; it tells nothing about it."""
        digest = keyed_digest(self._naming_key, f"{tenant_id}/{token}")
        secret_id = UUID(bytes=digest[:16], version=5)
        sealed = wrap(self._sealing_key, token.encode(), _owner(tenant_id, secret_id))
        async with self._database.tenant(tenant_id) as connection:
            await connection.execute(
                "INSERT INTO voice.secret (tenant_id, secret_id, sealed) VALUES (%s, %s, %s) "
                "ON CONFLICT (tenant_id, secret_id) DO NOTHING",
                (tenant_id, secret_id, sealed),
            )
        return secret_id

    async def of(self, tenant_id: int, secret_id: UUID) -> str | None:
        """None where this tenant has no such secret. Raises WrongSecret."""
        known = self._opened.get((tenant_id, secret_id))
        if known is not None:
            return known
        async with self._database.tenant(tenant_id) as connection:
            cursor = await connection.execute(
                "SELECT sealed FROM voice.secret WHERE tenant_id = %s AND secret_id = %s", (tenant_id, secret_id)
            )
            found = await cursor.fetchone()
        if found is None:
            return None
        opened = self._open(tenant_id, secret_id, found[0])
        self._opened[tenant_id, secret_id] = opened
        if len(self._opened) > REMEMBERED:
            self._opened.popitem(last=False)
        return opened

    def _open(self, tenant_id: int, secret_id: UUID, sealed: bytes) -> str:
        try:
            return unwrap(self._sealing_key, bytes(sealed), _owner(tenant_id, secret_id)).decode()
        except Tampered:
            raise WrongSecret(f"voice secret {secret_id} does not open") from None


def _owner(tenant_id: int, secret_id: UUID) -> str:
    return f"voice secret {tenant_id} {secret_id.hex}"
