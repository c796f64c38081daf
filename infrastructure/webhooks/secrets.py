"""WebhookSecrets: with what a webhook's deliveries are signed. Made here, sealed at rest, shown once."""

from __future__ import annotations

import os
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Collection
from uuid import UUID

from infrastructure.access.keys import WrongSecret, derived
from infrastructure.eventstore.sealing import Tampered, unwrap, wrap
from infrastructure.postgres import Database

PREFIX = "whsec_"
LENGTH = 32
REMEMBERED = 10_000


class WebhookSecrets:
    """A secret never changes, so what was opened once is kept in memory."""

    def __init__(self, database: Database, secrets: bytes) -> None:
        self._database = database
        self._sealing_key = derived(secrets, "webhook")
        self._opened: OrderedDict[UUID, str] = OrderedDict()

    async def issue(self, tenant_id: int, webhook_id: UUID, secret_id: UUID) -> str:
        """`whsec_…`, the same for the same id: a repeated request is shown what the first one was."""
        secret = PREFIX + b64encode(os.urandom(LENGTH)).decode()
        sealed = wrap(self._sealing_key, secret.encode(), _owner(tenant_id, secret_id))
        async with self._database.tenant(tenant_id) as connection:
            await connection.execute(
                "INSERT INTO webhooks.secret (secret_id, tenant_id, webhook_id, sealed) VALUES (%s, %s, %s, %s) "
                "ON CONFLICT (secret_id) DO NOTHING",
                (secret_id, tenant_id, webhook_id, sealed),
            )
        return (await self._look_up(tenant_id, (secret_id,)))[secret_id]

    async def of(self, tenant_id: int, webhook_id: UUID, secret_ids: Collection[UUID]) -> tuple[str, ...]:
        """In their order. One that nobody was shown, for its process died, is made now: then it is rotated."""
        missing = [one for one in secret_ids if one not in self._opened]
        found = await self._look_up(tenant_id, missing) if missing else {}
        for secret_id in missing:
            opened = found.get(secret_id) or await self.issue(tenant_id, webhook_id, secret_id)
            self._opened[secret_id] = opened
            if len(self._opened) > REMEMBERED:
                self._opened.popitem(last=False)
        return tuple(self._opened[one] for one in secret_ids)

    async def _look_up(self, tenant_id: int, secret_ids: Collection[UUID]) -> dict[UUID, str]:
        async with self._database.tenant(tenant_id) as connection:
            cursor = await connection.execute(
                "SELECT secret_id, sealed FROM webhooks.secret WHERE tenant_id = %s AND secret_id = ANY(%s)",
                (tenant_id, list(secret_ids)),
            )
            rows = await cursor.fetchall()
        return {secret_id: self._open(tenant_id, secret_id, sealed) for secret_id, sealed in rows}

    def _open(self, tenant_id: int, secret_id: UUID, sealed: bytes) -> str:
        try:
            return unwrap(self._sealing_key, bytes(sealed), _owner(tenant_id, secret_id)).decode()
        except Tampered:
            raise WrongSecret(f"webhook secret {secret_id} does not open") from None


def _owner(tenant_id: int, secret_id: UUID) -> str:
    return f"webhook secret {tenant_id} {secret_id.hex}"
