"""The role reactor: every policy, the timers, webhooks, what is embedded and swept beside them."""

from __future__ import annotations

from application.policies.answer_with_assistant import AnswerWithAssistant
from application.policies.delete_purged_file import DeletePurgedFile
from application.policies.forget_visits import ForgetVisits
from application.policies.notice_usage import NoticeNearLimits
from application.policies.release_line import ReleaseLine
from application.ports import Policy
from infrastructure.nats.feed import Feed
from infrastructure.reactor import Reactor
from infrastructure.voice.number_pool import NumberPool
from infrastructure.webhooks.requests import DeliverOnRequest
from interfaces.automations import apply_automations
from interfaces.campaigns import campaign_policies
from interfaces.continuity import notify_absent_visitors, open_notices
from interfaces.embedding import ChunkEmbedding
from interfaces.erasure import erase_person
from interfaces.files import FileSweep
from interfaces.health import (
    courier_probe,
    reactor_probe,
)
from interfaces.live_words import FeedWords
from interfaces.process import Process
from interfaces.routing import queue_places, routing
from interfaces.sla import sla_and_leads
from interfaces.tracking import forget_in
from interfaces.usage import UsageCounters
from interfaces.webhook_metrics import WebhookMetrics
from interfaces.webhooks import webhook_courier


async def start_reactor(process: Process) -> None:
    store = process.side.store
    model = await process.answer_models()
    feed = Feed(process.nats, store.reader, store.mapper)
    policies: list[Policy] = [
        AnswerWithAssistant(store, process.side.bus, model, FeedWords(feed)),
        DeletePurgedFile(store, process.files.blobs, store.keyring.destroy),
        ForgetVisits(forget_in(store.database)),
        apply_automations(store, process.side.bus, process.progress),
        erase_person(store, process.side.bus, process.side.access, process.progress),
        NoticeNearLimits(process.side.allowance, UsageCounters(store), process.side.bus),
        ReleaseLine(NumberPool(store.database).release),
    ]
    absent = notify_absent_visitors(store, open_notices(process.settings), process.progress)
    route, timers = routing(store, process.side.seats, process.progress, absent.holds)
    policies += sla_and_leads(store, process.side.seats, process.progress)
    policies += [route, timers, queue_places(store, feed, process.progress), await _courier(process)]
    run, tell = campaign_policies(store, process.side.bus, process.progress)
    policies += [run, tell, absent]
    embeddings = process.embeddings
    embedding = [] if embeddings is None else [ChunkEmbedding(store.database, embeddings).run]
    reactor = Reactor(store.database, store.reader, policies, beside=[timers.run, tell.run, *embedding])
    await reactor.register()
    await process.wake_on_events(reactor)
    process.health.add(reactor_probe(reactor, store.reader))
    process.tasks.start("reactor", reactor.run())
    process.tasks.start("files", FileSweep(process.side.bus, store.database, process.files).run())


async def _courier(process: Process) -> DeliverOnRequest:
    """A task of its own, with a leader of its own: what is wrong with a webhook is no policy's trouble."""
    metrics = WebhookMetrics(process.registry)
    courier, requests = webhook_courier(process.side.store, process.side.bus, process.webhooks, metrics.attempted)
    await process.wake_on_events(courier)
    process.health.add(courier_probe(courier, process.side.store.reader))
    process.tasks.start("webhooks", courier.run())
    return requests
