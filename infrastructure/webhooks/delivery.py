"""Delivery: one event on its way to one webhook, as the delivery log shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID, uuid5

import msgspec

from application.log import Recorded

DeliveryStatus = Literal["waiting", "delivered", "failed"]
TEST = "webhook:test"

_DELIVERIES = UUID("5e0c6c0e-6e0f-5b7a-8d53-0a4e8a3b9c31")


class Payload(msgspec.Struct, frozen=True):
    """What is sent: `type` and `event_id` are in the body too; the id stays the same however often it is sent."""

    type: str
    event_id: str
    body: bytes


class Attempt(msgspec.Struct, frozen=True):
    """One try. `code` is None where no answer came, `error` then says why; `retry_after` in seconds."""

    at: datetime
    seconds: float
    code: int | None = None
    excerpt: str = ""
    error: str | None = None
    retry_after: float | None = None

    @property
    def is_success(self) -> bool:
        return self.code is not None and 200 <= self.code < 300

    @property
    def is_gone(self) -> bool:
        return self.code == 410


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A row of webhooks.delivery. What is told of an answer is its last attempt's."""

    tenant_id: int
    webhook_id: UUID
    delivery_id: UUID
    seq: int
    type: str
    event_id: str
    status: DeliveryStatus
    attempts: int
    code: int | None = None
    latency_ms: int | None = None
    excerpt: str | None = None
    error: str | None = None
    next_at: datetime | None = None
    is_aside: bool = False
    asked_version: int = 0
    created_at: datetime
    attempted_at: datetime | None = None

    @property
    def is_test(self) -> bool:
        return self.type == TEST


def new_delivery(recorded: Recorded, webhook_id: UUID, rewind: int, payload: Payload, at: datetime) -> Delivery:
    """Before its first attempt. After a crash the same event is the same delivery; a rewind makes new ones."""
    return Delivery(
        tenant_id=recorded.tenant_id,
        webhook_id=webhook_id,
        delivery_id=uuid5(_DELIVERIES, f"{webhook_id.hex}/{rewind}/{recorded.seq}"),
        seq=recorded.seq,
        type=payload.type,
        event_id=payload.event_id,
        status="waiting",
        attempts=0,
        created_at=at,
    )


def attempted(
    delivery: Delivery,
    attempt: Attempt,
    status: DeliveryStatus,
    next_at: datetime | None,
    is_aside: bool | None = None,
) -> Delivery:
    """The same after one more attempt. `is_aside` None: as it was."""
    return msgspec.structs.replace(
        delivery,
        is_aside=delivery.is_aside if is_aside is None else is_aside,
        status=status,
        attempts=delivery.attempts + 1,
        code=attempt.code,
        latency_ms=round(attempt.seconds * 1000),
        excerpt=attempt.excerpt or None,
        error=attempt.error,
        next_at=next_at,
        attempted_at=attempt.at,
    )
