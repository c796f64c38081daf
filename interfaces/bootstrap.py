"""The only composition root: settings and roles in, running parts out."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
from litestar import Litestar
from prometheus_client import CollectorRegistry

from application.allowance import Allowance
from application.answer_models import AnswerModels
from application.bus import CommandBus
from application.copilot import Copilot
from application.policies.answer_with_assistant import AnswerWithAssistant
from application.policies.delete_purged_file import DeletePurgedFile
from application.policies.forget_visits import ForgetVisits
from application.policies.notice_usage import NoticeNearLimits
from application.ports import Policy
from application.seats import Seats
from infrastructure.access.access import Access, keep_swept, open_access
from infrastructure.drafts import Drafts
from infrastructure.egress import Egress
from infrastructure.embeddings import Embeddings
from infrastructure.eventstore.partitions import keep_partitions
from infrastructure.eventstore.store import EventStore, open_event_store
from infrastructure.impressions import Impressions
from infrastructure.nats.connection import NatsConnection, nats_connection
from infrastructure.nats.feed import Feed
from infrastructure.nats.relay import Relay
from infrastructure.nats.replies import Replies
from infrastructure.nats.signals import Signals
from infrastructure.projector.builds import install_builds
from infrastructure.projector.positions import ReadPositions
from infrastructure.projector.progress import Progress
from infrastructure.projector.runner import Projector
from infrastructure.rates import RateRules, Rates
from infrastructure.reactor import Reactor
from infrastructure.settings import Settings
from infrastructure.track.retention import keep_tracked
from infrastructure.usage import keep_usage_swept
from infrastructure.webhooks.courier import Courier
from infrastructure.webhooks.requests import DeliverOnRequest
from interfaces.answers import model_egress, open_answer_models, open_embeddings
from interfaces.campaigns import campaign_policies
from interfaces.embedding import ChunkEmbedding
from interfaces.files import FileSweep, open_files
from interfaces.health import (
    Health,
    courier_probe,
    log_probe,
    nats_probe,
    projection_probe,
    reactor_probe,
    relay_probe,
)
from interfaces.http import health
from interfaces.http.app import build_app
from interfaces.http.pages import DemoPage, page_routes
from interfaces.http.parts import AssistantParts, FileParts, HttpParts
from interfaces.live_words import FeedWords
from interfaces.routing import open_seats, queue_places, routing, seated_bus
from interfaces.tasks import Tasks
from interfaces.tracking import forget_in, open_ingest, start_attendance
from interfaces.usage import UsageCounters, open_allowance
from interfaces.webhook_metrics import WebhookMetrics
from interfaces.webhooks import webhook_courier, webhook_parts
from interfaces.ws.hub import Hub
from interfaces.ws.routes import SocketParts, socket_routes
from projections.registry import PROJECTIONS

ROLES = ("api", "relay", "projector", "reactor")


class WriteSide(msgspec.Struct, frozen=True):
    """What gives commands: enough for the command line."""

    store: EventStore
    bus: CommandBus
    access: Access
    seats: Seats
    allowance: Allowance


@asynccontextmanager
async def open_write_side(settings: Settings) -> AsyncGenerator[WriteSide]:
    """Event store, commands and credentials. Raises psycopg.OperationalError."""
    async with open_event_store(settings.database_url, settings.master_key) as store:
        egress = Egress(allow_private=settings.private_issuers)
        access = await open_access(store.database, settings.master_key, egress)
        seats = open_seats(store)
        allowance = open_allowance(store)
        yield WriteSide(store, seated_bus(store, seats, allowance=allowance), access, seats, allowance)


async def caught_up(side: WriteSide, tenant_id: int, seconds: float, progress: Progress | None = None) -> None:
    """Wait until every read model holds what the tenant has in the log now. Raises ProjectionBehind."""
    seq = await side.store.head(tenant_id)
    positions = ReadPositions(side.store.database, progress)
    for projection in PROJECTIONS:
        await positions.wait(tenant_id, projection.name, seq, seconds)


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

    async def wake_on_events(self, part: Relay | Projector | Reactor | Courier) -> None:
        """Events of this process by a call, those of others by a signal; each part has a timer under both."""
        if not isinstance(part, Relay):
            self.side.store.on_commit.append(lambda _: part.wake())
        await self.signals.on_wake(part.wake)

    async def caught_up(self, tenant_id: int, seconds: float = 30.0) -> None:
        """Every read model holds what the tenant has in the log now. Raises ProjectionBehind."""
        await caught_up(self.side, tenant_id, seconds, self.progress)


@asynccontextmanager
async def open_process(settings: Settings, roles: Collection[str]) -> AsyncGenerator[Process]:
    """Everything that runs beside the server, for these roles. Raises what PostgreSQL and NATS raise at first."""
    async with AsyncExitStack() as stack:
        side = await stack.enter_async_context(open_write_side(settings))
        nats = await stack.enter_async_context(nats_connection(settings.nats_url, "verbatim"))
        signals = Signals(nats)
        files = open_files(settings.blobs, settings.master_key, side.store.database)
        process = Process(settings, side, nats, signals, stack, await stack.enter_async_context(files))
        process.embeddings = await stack.enter_async_context(open_embeddings(settings))
        async with side.store.database.worker() as connection:
            await install_builds(connection, PROJECTIONS)  # an api may be here before any projector was
        relaying = None
        if "relay" in roles:
            relaying = await stack.enter_async_context(nats_connection(settings.nats_url, "verbatim-relay"))
        stack.push_async_callback(process.tasks.stop)  # the relay ends before its connection
        if relaying is not None:
            await _relay(process, relaying)
        if "projector" in roles:
            await _projector(process)
        if "reactor" in roles:
            await _reactor(process)
        side.store.on_commit.append(lambda _: signals.wake())
        yield process


@asynccontextmanager
async def open_app(process: Process, roles: Collection[str], demo: DemoPage | None) -> AsyncGenerator[Litestar]:
    """The server's application: all routes for the role api, else health and metrics only."""
    store = process.side.store
    feed = Feed(process.nats, store.reader, store.mapper)
    hub = Hub(feed, store.reader, store.database, registry=process.registry)
    ingest = await process.closing.enter_async_context(open_ingest(store.database, process.settings.master_key))
    model = await _answer_models(process)
    parts = HttpParts(
        bus=process.side.bus,
        database=store.database,
        reader=store.reader,
        read_positions=ReadPositions(store.database, process.progress),
        access=process.side.access,
        replies=Replies(feed, store.reader),
        feed=feed,
        health=process.health.report,
        typing=hub.typing,
        ingest=ingest,
        files=process.files,
        drafts=Drafts(store.database, store.keyring),
        webhooks=process.webhooks,
        rates=process.rates,
        allowance=process.side.allowance,
        impressions=Impressions(store.database),
        registry=process.registry,
        assistants=AssistantParts(
            egress=model_egress(process.settings), copilot=Copilot(store, process.side.bus, model)
        ),
        base_url=_public_url(process.settings),
    )
    if "api" not in roles:
        yield build_app(parts, own=health.ROUTES)
        return
    sockets = socket_routes(SocketParts(process.side.access, hub))
    await hub.start()
    start_attendance(process.tasks, ingest, store.database, feed, hub)
    try:
        yield build_app(parts, [*sockets, *page_routes(demo)])
    finally:
        await hub.close()


async def _relay(process: Process, nats: NatsConnection) -> None:
    store = process.side.store
    relay = Relay(process.settings.database_url, store.reader, nats)
    store.on_commit.append(relay.offer)
    await process.wake_on_events(relay)
    process.health.add(relay_probe(relay, store.reader))
    process.tasks.start("relay", relay.run())
    process.tasks.start("partitions", keep_partitions(store.database))
    process.tasks.start("credentials", keep_swept(process.side.access))
    process.tasks.start("tracking", keep_tracked(store.database, process.settings.tracking_days))
    process.tasks.start("rates", process.rates.keep_swept())
    process.tasks.start("usage", keep_usage_swept(store.database))


async def _projector(process: Process) -> None:
    store = process.side.store
    projector = Projector(store.database, store.reader, PROJECTIONS)
    process.progress = projector.progress
    await process.wake_on_events(projector)
    process.health.add(projection_probe(store.database, store.reader))
    process.tasks.start("projector", projector.run())


async def _reactor(process: Process) -> None:
    store = process.side.store
    model = await _answer_models(process)
    feed = Feed(process.nats, store.reader, store.mapper)
    policies: list[Policy] = [
        AnswerWithAssistant(store, process.side.bus, model, FeedWords(feed)),
        DeletePurgedFile(store, process.files.blobs, store.keyring.destroy),
        ForgetVisits(forget_in(store.database)),
        NoticeNearLimits(process.side.allowance, UsageCounters(store), process.side.bus),
    ]
    route, timers = routing(store, process.side.seats, process.progress)
    policies += [route, timers, queue_places(store, feed, process.progress), await _courier(process)]
    run, tell = campaign_policies(store, process.side.bus, process.progress)
    policies += [run, tell]
    embeddings = process.embeddings
    embedding = [] if embeddings is None else [ChunkEmbedding(store.database, embeddings).run]
    reactor = Reactor(store.database, store.reader, policies, beside=[timers.run, tell.run, *embedding])
    await reactor.register()
    await process.wake_on_events(reactor)
    process.health.add(reactor_probe(reactor, store.reader))
    process.tasks.start("reactor", reactor.run())
    process.tasks.start("files", FileSweep(process.side.bus, store.database, process.files).run())


async def _answer_models(process: Process) -> AnswerModels:
    return await process.closing.enter_async_context(
        open_answer_models(process.settings, process.side.store.database, process.embeddings)
    )


async def _courier(process: Process) -> DeliverOnRequest:
    """A task of its own, with a leader of its own: what is wrong with a webhook is no policy's trouble."""
    metrics = WebhookMetrics(process.registry)
    courier, requests = webhook_courier(process.side.store, process.side.bus, process.webhooks, metrics.attempted)
    await process.wake_on_events(courier)
    process.health.add(courier_probe(courier, process.side.store.reader))
    process.tasks.start("webhooks", courier.run())
    return requests


def _public_url(settings: Settings) -> str:
    return settings.public_url or f"http://{settings.host}:{settings.port}"
