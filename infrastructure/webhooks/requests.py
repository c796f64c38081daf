"""DeliverOnRequest: what somebody asked to be sent is sent, whichever process took the request."""

from __future__ import annotations

from collections.abc import Callable

from application.log import Recorded
from domain.webhook import RedeliveryRequested, WebhookTestRequested
from infrastructure.webhooks.deliveries import Deliveries


class DeliverOnRequest:
    """A policy: whenever somebody asks for a test or for a delivery once more, then it is due."""

    name = "webhook_requests"

    def __init__(self, deliveries: Deliveries, hurry: Callable[[], None]) -> None:
        self._deliveries = deliveries
        self._hurry = hurry

    def concerns(self, recorded: Recorded) -> bool:
        return isinstance(recorded.event, WebhookTestRequested | RedeliveryRequested)

    async def react(self, recorded: Recorded) -> None:
        await self._deliveries.ask(recorded)
        self._hurry()
