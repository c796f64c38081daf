"""The only composition root: settings and roles in, running parts out."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from litestar import Litestar

from application.copilot import Copilot
from infrastructure.drafts import Drafts
from infrastructure.eventstore.partitions import keep_partitions
from infrastructure.eventstore.seat_corrections import correct_seats
from infrastructure.impressions import Impressions
from infrastructure.nats.connection import NatsConnection, nats_connection
from infrastructure.nats.feed import Feed
from infrastructure.nats.relay import Relay
from infrastructure.nats.replies import Replies
from infrastructure.nats.signals import Signals
from infrastructure.projector.builds import install_builds
from infrastructure.projector.positions import ReadPositions
from infrastructure.projector.runner import Projector
from infrastructure.rates import SWEPT_EVERY
from infrastructure.settings import Settings
from infrastructure.sweeping import keep_swept
from infrastructure.track.retention import keep_tracked
from infrastructure.usage import sweep_counters
from interfaces.answers import model_egress, open_embeddings
from interfaces.files import open_files
from interfaces.health import (
    projection_probe,
    relay_probe,
)
from interfaces.http import health
from interfaces.http.app import build_app
from interfaces.http.pages import DemoPage, page_routes
from interfaces.http.parts import AssistantParts, HttpParts, VoiceParts
from interfaces.knowledge import Knowledge
from interfaces.process import Process
from interfaces.reacting import start_reactor
from interfaces.tracking import open_ingest, start_attendance
from interfaces.voice import open_voice
from interfaces.write_side import open_write_side
from interfaces.ws.hub import Hub
from interfaces.ws.routes import SocketParts, socket_routes
from projections.registry import PROJECTIONS

ROLES = ("api", "relay", "projector", "reactor")


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
            await start_reactor(process)
        side.store.on_commit.append(lambda _: signals.wake())
        yield process


@asynccontextmanager
async def open_app(process: Process, roles: Collection[str], demo: DemoPage | None) -> AsyncGenerator[Litestar]:
    """The server's application: all routes for the role api, else health and metrics only."""
    store = process.side.store
    feed = Feed(process.nats, store.reader, store.mapper)
    hub = Hub(feed, store.reader, store.database, registry=process.registry)
    ingest = await process.closing.enter_async_context(open_ingest(store.database, process.settings.master_key))
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
        assistants=await _assistants(process),
        voice=await _voice(process),
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


async def _assistants(process: Process) -> AssistantParts:
    store = process.side.store
    return AssistantParts(
        egress=model_egress(process.settings),
        copilot=Copilot(store, process.side.bus, await process.answer_models()),
        knowledge=Knowledge(store.database, process.embeddings),
    )


async def _relay(process: Process, nats: NatsConnection) -> None:
    store = process.side.store
    relay = Relay(process.settings.database_url, store.reader, nats)
    store.on_commit.append(relay.offer)
    await process.wake_on_events(relay)
    process.health.add(relay_probe(relay, store.reader))
    process.tasks.start("relay", relay.run())
    process.tasks.start("partitions", keep_partitions(store.database))
    process.tasks.start("credentials", keep_swept("credentials", process.side.access.sweep))
    process.tasks.start("tracking", keep_tracked(store.database, process.settings.tracking_days))
    process.tasks.start("rates", keep_swept("rates", process.rates.storage.sweep, SWEPT_EVERY))
    process.tasks.start("usage", keep_swept("counters of usage", partial(sweep_counters, store.database)))
    process.tasks.start("seats", keep_swept("seats", partial(correct_seats, store.database)))
    process.tasks.start("drafts", keep_swept("drafts", Drafts(store.database, store.keyring).sweep))


async def _projector(process: Process) -> None:
    store = process.side.store
    projector = Projector(store.database, store.reader, PROJECTIONS)
    process.progress = projector.progress
    await process.wake_on_events(projector)
    process.health.add(projection_probe(store.database, store.reader))
    process.tasks.start("projector", projector.run())


async def _voice(process: Process) -> VoiceParts:
    settings, side = process.settings, process.side
    voice = open_voice(settings, side.store, side.bus, _public_url(settings))
    return await process.closing.enter_async_context(voice)


def _public_url(settings: Settings) -> str:
    return settings.public_url or f"http://{settings.host}:{settings.port}"
