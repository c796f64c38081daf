"""Sender: one attempt to deliver: signed as Standard Webhooks says, sent to a public address, read with care."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from domain.webhook import WebhookState
from infrastructure.egress import Answer, Egress, EgressRefused
from infrastructure.webhooks.delivery import Attempt, Payload
from infrastructure.webhooks.schedule import retry_after
from infrastructure.webhooks.secrets import WebhookSecrets

if TYPE_CHECKING:
    import httpx

DEADLINE = 15.0
"""Seconds for all of an attempt; connecting has 5 of them."""
EXCERPT = 1024
"""Bytes of an answer's body that are read and kept."""
AGENT = "Verbatim-Webhooks/1"


class Sender:
    def __init__(
        self,
        egress: Egress,
        secrets: WebhookSecrets,
        clock: Callable[[], datetime],
        deadline: float = DEADLINE,
    ) -> None:
        self._egress = egress
        self._secrets = secrets
        self._clock = clock
        self._deadline = deadline

    def client(self) -> httpx.AsyncClient:
        """For one webhook, as long as its url stays."""
        return self._egress.client()

    async def send(
        self, client: httpx.AsyncClient, tenant_id: int, webhook_id: UUID, state: WebhookState, payload: Payload
    ) -> Attempt:
        """What became of it, whatever it was; raises only what PostgreSQL raises when a secret is looked for."""
        at = self._clock()
        secrets = await self._secrets.of(tenant_id, webhook_id, state.signing_at(at))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": AGENT,
            "webhook-id": payload.event_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": signatures(secrets, payload, at),
        }
        began = time.perf_counter()
        try:
            answer = await self._egress.post(
                client, state.subscription.url, payload.body, headers, self._deadline, EXCERPT
            )
        except EgressRefused as refused:
            return Attempt(at, time.perf_counter() - began, error=str(refused))
        return _answered(answer, at, time.perf_counter() - began)


def signatures(secrets: Sequence[str], payload: Payload, at: datetime) -> str:
    """One per secret, separated by spaces; `at` is UTC, as the library takes it for granted."""
    from standardwebhooks import Webhook

    text = payload.body.decode()
    return " ".join(Webhook(secret).sign(payload.event_id, at, text) for secret in secrets)


def _answered(answer: Answer, at: datetime, seconds: float) -> Attempt:
    code = answer.status
    return Attempt(
        at,
        seconds,
        code=code,
        excerpt=answer.excerpt.decode(errors="replace").replace("\x00", "\ufffd"),
        error=_reason(code),
        retry_after=retry_after(answer.headers.get("retry-after"), at) if code in (429, 503) else None,
    )


def _reason(code: int) -> str | None:
    if 200 <= code < 300:
        return None
    if 300 <= code < 400:
        return "The address answered with a redirect, which is not followed."
    return f"The address answered {code}."
