"""Webhooks put together: what the routes need, and the courier for the process that reacts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from application.actor import system
from application.bus import CommandBus
from application.webhook import SuspendWebhook
from domain.refusals import NotFound
from infrastructure.clock import now
from infrastructure.egress import Egress
from infrastructure.eventstore.store import EventStore
from infrastructure.postgres import Database
from infrastructure.projector.positions import wait_for_all_tenants
from infrastructure.webhooks.courier import Courier, KnownAsOf
from infrastructure.webhooks.deliveries import Deliveries
from infrastructure.webhooks.lane import Known
from infrastructure.webhooks.ledger import Ledger
from infrastructure.webhooks.requests import DeliverOnRequest
from infrastructure.webhooks.road import Observe, Road, Suspend
from infrastructure.webhooks.schedule import Schedule
from infrastructure.webhooks.secrets import WebhookSecrets
from infrastructure.webhooks.sender import DEADLINE, Sender
from interfaces.http.parts import WebhookParts
from interfaces.webhook_payload import payload_of, trial_payload
from projections.webhooks import Webhooks, read_all_webhooks

PATIENCE = 5.0
"""Seconds to wait for the read model; who asked tries again later."""


def webhook_parts(database: Database, secrets: bytes, egress: Egress) -> WebhookParts:
    """`secrets`: the installation's master key."""
    return WebhookParts(WebhookSecrets(database, secrets), Deliveries(database), egress)


def webhook_courier(
    store: EventStore,
    bus: CommandBus,
    parts: WebhookParts,
    observe: Observe,
    schedule: Schedule | None = None,
    deadline: float = DEADLINE,
) -> tuple[Courier, DeliverOnRequest]:
    """The courier, and the policy that tells it what was asked for."""
    road = Road(
        reader=store.reader,
        ledger=Ledger(store.database, store.reader),
        sender=Sender(parts.egress, parts.secrets, now, deadline),
        schedule=schedule or Schedule(),
        clock=now,
        payload_of=payload_of,
        trial_of=trial_payload,
        suspend=_suspend(bus),
        observe=observe,
    )
    courier = Courier(store.database, road, known_as_of(store.database))
    return courier, DeliverOnRequest(parts.deliveries, courier.hurry)


def known_as_of(database: Database) -> KnownAsOf:
    """All webhooks out of their read model, once it holds that position. Raises ProjectionBehind."""

    async def known(position: int) -> Sequence[Known]:
        await wait_for_all_tenants(database, (Webhooks.name,), position, PATIENCE)
        async with database.worker() as connection:
            rows = await read_all_webhooks(connection)
        return [Known(r.tenant_id, r.webhook_id, r.state, r.created_seq, r.version) for r in rows]

    return known


def _suspend(bus: CommandBus) -> Suspend:
    async def suspend(tenant_id: int, webhook_id: UUID, reason: Literal["failing", "gone"]) -> None:
        try:
            await bus.execute(system(tenant_id), SuspendWebhook(webhook_id=webhook_id, reason=reason))
        except NotFound:
            return  # removed in the meantime

    return suspend
