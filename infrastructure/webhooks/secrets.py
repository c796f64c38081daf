"""WebhookSecrets: with what a webhook's deliveries are signed. Made here, sealed at rest, shown once."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Collection
from uuid import UUID

from infrastructure.postgres import Database
from infrastructure.sealed_secrets import SealedSecrets

PREFIX = "whsec_"
LENGTH = 32


class WebhookSecrets:
    """Made under an id that the log names, and the same for it ever after."""

    def __init__(self, database: Database, secrets: bytes) -> None:
        self._database = database
        self._sealed = SealedSecrets(secrets, "webhook")

    async def issue(self, tenant_id: int, webhook_id: UUID, secret_id: UUID) -> str:
        """`whsec_…`, the same for the same id: a repeated request is shown what the first one was."""
        secret = PREFIX + b64encode(os.urandom(LENGTH)).decode()
        sealed = self._sealed.seal(tenant_id, secret_id, secret)
        async with self._database.tenant(tenant_id) as connection:
            await connection.execute(
                "INSERT INTO webhooks.secret (secret_id, tenant_id, webhook_id, sealed) VALUES (%s, %s, %s, %s) "
                "ON CONFLICT (secret_id) DO NOTHING",
                (secret_id, tenant_id, webhook_id, sealed),
            )
        return (await self._look_up(tenant_id, (secret_id,)))[secret_id]

    async def of(self, tenant_id: int, webhook_id: UUID, secret_ids: Collection[UUID]) -> tuple[str, ...]:
        """In their order. One that nobody was shown, for its process died, is made now: then it is rotated."""
        known = {one: self._sealed.find(tenant_id, one) for one in secret_ids}
        missing = [one for one, secret in known.items() if secret is None]
        if missing:
            known |= await self._look_up(tenant_id, missing)
        return tuple([known[one] or await self.issue(tenant_id, webhook_id, one) for one in secret_ids])

    async def _look_up(self, tenant_id: int, secret_ids: Collection[UUID]) -> dict[UUID, str]:
        async with self._database.tenant(tenant_id) as connection:
            cursor = await connection.execute(
                "SELECT secret_id, sealed FROM webhooks.secret WHERE tenant_id = %s AND secret_id = ANY(%s)",
                (tenant_id, list(secret_ids)),
            )
            rows = await cursor.fetchall()
        return {secret_id: self._sealed.open(tenant_id, secret_id, sealed) for secret_id, sealed in rows}
