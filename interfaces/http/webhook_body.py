"""The JSON of webhooks and of their deliveries."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from domain.ids import wire
from domain.kernel import Event
from domain.refusals import NotFound
from domain.webhook import PauseReason, Webhook, WebhookState
from infrastructure.webhooks.deliveries import Standing
from infrastructure.webhooks.delivery import Delivery, DeliveryStatus

Seconds = Annotated[int, msgspec.Meta(ge=0, le=7 * 24 * 3600)]
Seq = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
Names = Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=50)]


class NewWebhook(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """`events`: names of socket frames (`message:new`) and of event types (`contact.erased.1`), or beginnings of
    names (`conversation.*`). `privateNotes`: the team's notes too. Without `personalData` what people said and
    are is null.
    """

    url: str
    events: Names
    description: str = ""
    private_notes: bool = False
    personal_data: bool = True


class WebhookChange(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What is left out stays."""

    url: str | UnsetType = UNSET
    events: Names | UnsetType = UNSET
    description: str | UnsetType = UNSET
    private_notes: bool | UnsetType = UNSET
    personal_data: bool | UnsetType = UNSET


class RotationRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """So long both secrets sign."""

    grace_seconds: Seconds = 24 * 3600


class ReplayRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """`from`: the tenant's seq; the next one after the last event skips all that waits."""

    from_seq: Seq = msgspec.field(name="from")


class WebhookBody(msgspec.Struct, frozen=True, rename="camel"):
    """`position`: all events up to this seq are delivered, dead, or retried by themselves; null before the first.

    `failingSince`: no attempt has succeeded since then. `previousSecretUntil`: so long an older secret signs too.
    """

    id: str
    url: str
    events: tuple[str, ...]
    description: str
    private_notes: bool
    personal_data: bool
    status: Literal["active", "paused"]
    paused_because: PauseReason | None
    position: int | None
    failing_since: datetime | None
    previous_secret_until: datetime | None
    version: int


class SecretWebhookBody(msgspec.Struct, frozen=True, rename="camel"):
    """`secret` is `whsec_…`, shown in this answer and in its repeats under the same Idempotency-Key only."""

    webhook: WebhookBody
    secret: str


class WebhookList(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[WebhookBody, ...]
    next_cursor: str | None = None


class DeliveryBody(msgspec.Struct, frozen=True, rename="camel"):
    """`waiting` is tried again at `nextAttemptAt`, or when the webhook is resumed where that is null.

    `responseCode`, `latencyMs`, `responseExcerpt` (1 KiB at most) and `error` are of the last attempt.
    """

    id: str
    event_id: str
    seq: int
    type: str
    status: DeliveryStatus
    attempts: int
    response_code: int | None
    latency_ms: int | None
    response_excerpt: str | None
    error: str | None
    next_attempt_at: datetime | None
    last_attempt_at: datetime | None
    created_at: datetime


class DeliveryList(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[DeliveryBody, ...]
    next_cursor: str | None = None


class RequestedBody(msgspec.Struct, frozen=True, rename="camel"):
    """Where to look what became of it."""

    delivery_id: str


def webhook_body(webhook: Webhook, standing: Standing | None) -> WebhookBody:
    return webhook_state_body(wire("webhook", webhook.id), webhook.state, webhook.version, standing)


def webhook_state_body(id: str, state: WebhookState, version: int, standing: Standing | None) -> WebhookBody:
    wanted = state.subscription
    return WebhookBody(
        id=id,
        url=wanted.url,
        events=wanted.events,
        description=wanted.description,
        private_notes=wanted.private_notes,
        personal_data=wanted.personal_data,
        status="active" if state.paused is None else "paused",
        paused_because=state.paused,
        position=None if standing is None else standing.seq,
        failing_since=None if standing is None else standing.failing_since,
        previous_secret_until=state.secrets[1].until if len(state.secrets) > 1 else None,
        version=version,
    )


def delivery_body(delivery: Delivery) -> DeliveryBody:
    return DeliveryBody(
        id=wire("delivery", delivery.delivery_id),
        event_id=delivery.event_id,
        seq=delivery.seq,
        type=delivery.type,
        status=delivery.status,
        attempts=delivery.attempts,
        response_code=delivery.code,
        latency_ms=delivery.latency_ms,
        response_excerpt=delivery.excerpt,
        error=delivery.error,
        next_attempt_at=delivery.next_at,
        last_attempt_at=delivery.attempted_at,
        created_at=delivery.created_at,
    )


def folded(events: list[Event]) -> Webhook:
    """Raises NotFound where they make no webhook, or one that was removed."""
    webhook: Webhook | None = None
    for event in events:
        webhook = event.mutate(webhook)
    if not isinstance(webhook, Webhook) or webhook.state.is_removed:
        raise NotFound
    return webhook
