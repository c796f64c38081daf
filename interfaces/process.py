"""The parts of one process, and what several of its roles need."""

from __future__ import annotations

from contextlib import AsyncExitStack

from prometheus_client import CollectorRegistry

from application.answer_models import AnswerModels
from infrastructure.egress import Egress
from infrastructure.embeddings import Embeddings
from infrastructure.nats.connection import NatsConnection
from infrastructure.nats.relay import Relay
from infrastructure.nats.signals import Signals
from infrastructure.projector.progress import Progress
from infrastructure.projector.runner import Projector
from infrastructure.rates import RateRules, Rates
from infrastructure.reactor import Reactor
from infrastructure.settings import Settings
from infrastructure.webhooks.courier import Courier
from interfaces.answers import open_answer_models
from interfaces.health import Health, log_probe, nats_probe
from interfaces.http.parts import FileParts
from interfaces.tasks import Tasks
from interfaces.webhooks import webhook_parts
from interfaces.write_side import WriteSide, caught_up


class Process:
    """The parts of one process, started one by one; `tasks` must keep running, `closing` is what ends with it."""

    def __init__(
        self,
        settings: Settings,
        side: WriteSide,
        nats: NatsConnection,
        signals: Signals,
        closing: AsyncExitStack,
        files: FileParts,
    ) -> None:
        self.closing = closing
        self.settings = settings
        self.side = side
        self.nats = nats
        self.signals = signals
        self.tasks = Tasks()
        self.health = Health(log_probe(side.store.reader), nats_probe(nats))
        self.registry = CollectorRegistry()
        self.files = files
        egress = Egress(allow_private=settings.private_webhooks)
        self.webhooks = webhook_parts(side.store.database, settings.master_key, egress)
        rules = RateRules(settings.visitor_rate, settings.address_rate, settings.widget_rate)
        self.rates = Rates(side.store.database, settings.master_key, rules, self.registry)
        self.progress: Progress | None = None
        self.embeddings: Embeddings | None = None
        self._models: AnswerModels | None = None

    async def wake_on_events(self, part: Relay | Projector | Reactor | Courier) -> None:
        """Events of this process by a call, those of others by a signal; each part has a timer under both."""
        if not isinstance(part, Relay):
            self.side.store.on_commit.append(lambda _: part.wake())
        await self.signals.on_wake(part.wake)

    async def caught_up(self, tenant_id: int, seconds: float = 30.0) -> None:
        """Every read model holds what the tenant has in the log now. Raises ProjectionBehind."""
        await caught_up(self.side, tenant_id, seconds, self.progress)

    async def answer_models(self) -> AnswerModels:
        """The same for every role: what one of them learns of a model that fails, the others know."""
        if self._models is None:
            opening = open_answer_models(self.settings, self.side.store.database, self.embeddings)
            self._models = await self.closing.enter_async_context(opening)
        return self._models
