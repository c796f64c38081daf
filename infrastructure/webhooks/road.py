"""Road: what all lanes share, and how one attempt goes along it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from application.log import Recorded
from domain.webhook import Subscription, WebhookState
from infrastructure.eventstore.reader import EventReader
from infrastructure.webhooks.delivery import Attempt, Delivery, Payload, attempted
from infrastructure.webhooks.ledger import Ledger
from infrastructure.webhooks.schedule import Schedule
from infrastructure.webhooks.sender import Sender
from infrastructure.webhooks.slots import Slots

if TYPE_CHECKING:
    import httpx

PayloadOf = Callable[[Recorded, Subscription], Payload | None]
"""What a webhook is sent of an event, None where it does not want it."""
Suspend = Callable[[int, UUID, Literal["failing", "gone"]], Awaitable[None]]
"""(tenant, webhook, why): pause it, for good until somebody resumes it."""
Observe = Callable[[Attempt], None]


class Road:
    def __init__(
        self,
        *,
        reader: EventReader,
        ledger: Ledger,
        sender: Sender,
        schedule: Schedule,
        clock: Callable[[], datetime],
        payload_of: PayloadOf,
        trial_of: Callable[[Recorded], Payload],
        suspend: Suspend,
        observe: Observe,
    ) -> None:
        self.reader = reader
        self.ledger = ledger
        self.sender = sender
        self.schedule = schedule
        self.clock = clock
        self.payload_of = payload_of
        self._trial_of = trial_of
        self.suspend = suspend
        self._observe = observe
        self._slots = Slots()

    def payload_again(self, delivery: Delivery, recorded: Recorded, wanted: Subscription) -> Payload | None:
        """Of what was sent before, or is a trial; None where the webhook does not want it any more."""
        return self._trial_of(recorded) if delivery.is_test else self.payload_of(recorded, wanted)

    async def attempt(
        self,
        client: httpx.AsyncClient,
        delivery: Delivery,
        state: WebhookState,
        payload: Payload,
        *,
        is_ailing: bool,
    ) -> Attempt:
        """Sent once a slot is free; counted."""
        async with self._slots.one(delivery.tenant_id, is_ailing=is_ailing):
            attempt = await self.sender.send(client, delivery.tenant_id, delivery.webhook_id, state, payload)
        self._observe(attempt)
        return attempt

    def judged(self, delivery: Delivery, attempt: Attempt, *, is_down: bool = False) -> Delivery:
        """What becomes of a delivery after this attempt. `is_down`: it waits at the front, whatever it takes."""
        if attempt.is_success:
            return attempted(delivery, attempt, "delivered", None)
        if delivery.is_test:
            return attempted(delivery, attempt, "failed", None)
        if attempt.is_gone and not delivery.is_aside:
            return attempted(delivery, attempt, "waiting", None)
        attempts, now = delivery.attempts + 1, self.clock()
        if is_down and not delivery.is_aside:
            return attempted(
                delivery, attempt, "waiting", self.schedule.probe_at(attempts, now, attempt.retry_after)
            )
        next_at = self.schedule.next_at(attempts, now, attempt.retry_after)
        if next_at is None:
            return attempted(delivery, attempt, "failed", None)
        return attempted(
            delivery,
            attempt,
            "waiting",
            next_at,
            is_aside=delivery.is_aside or attempts >= self.schedule.held_attempts,
        )
