"""Desk: the HTTP of one process for real: PostgreSQL, NATS, event store, read models, a scripted assistant."""

from __future__ import annotations

import asyncio
import functools
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx
from litestar import Litestar
from prometheus_client import CollectorRegistry

from application.actor import Actor, system
from application.agent import InviteAgent
from application.assistant import ConfigureAssistant
from application.bus import CommandBus, Receipt
from application.command import Command
from application.copilot import Copilot
from application.policies.answer_with_assistant import AnswerWithAssistant
from application.policies.release_line import ReleaseLine
from application.ports import Answer, Hear, Question, unheard
from application.tenant import OpenTenant
from application.widget import InstallWidget, IssueWidgetToken
from domain.agent import Role
from domain.assistant import Persona
from domain.ids import tenant_wire, wire
from domain.widget import Look
from infrastructure.access.access import Access, open_access
from infrastructure.drafts import Drafts
from infrastructure.egress import Egress
from infrastructure.ending import end
from infrastructure.eventstore.rows import StoredRow
from infrastructure.eventstore.store import EventStore, open_event_store
from infrastructure.impressions import Impressions
from infrastructure.nats.connection import nats_connection
from infrastructure.nats.feed import Feed
from infrastructure.nats.relay import Relay
from infrastructure.nats.replies import Replies
from infrastructure.projector.builds import install_builds
from infrastructure.projector.positions import ReadPositions
from infrastructure.projector.runner import Projector
from infrastructure.rates import RateRules, Rates
from infrastructure.track.ingest import Ingest
from interfaces.files import open_files
from interfaces.http.app import routed_app
from interfaces.http.parts import AssistantParts, FileParts, HealthReport, HttpParts, PartHealth
from interfaces.knowledge import Knowledge
from interfaces.live_words import FeedWords
from interfaces.routing import open_seats, seated_bus
from interfaces.usage import open_allowance
from interfaces.voice import voice_parts
from interfaces.webhooks import webhook_parts
from interfaces.ws.hub import Hub
from projections.registry import PROJECTIONS

SECRET = b"k" * 32
PASSWORD = "correct horse battery"
FALLBACK = "A colleague will take over."
ORIGIN = "http://verbatim.test"
UNHURRIED = RateRules()
TWILIO_SECONDS = 2.0
REGISTRY = CollectorRegistry()
"""Of the test process: its app counts in it, whichever desk has it."""


class ScriptedModel:
    """Answers in the order it was told; without a script it never answers."""

    def __init__(self) -> None:
        self.script: list[Answer] = []
        self.asked: list[Question] = []

    async def answer(self, question: Question, hear: Hear = unheard) -> Answer:
        self.asked.append(question)
        if not self.script:
            await asyncio.Event().wait()
        return self.script.pop(0)


class Shop:
    """One tenant: a widget with its token, an assistant, and whom it invited."""

    def __init__(self, desk: Desk, tenant_id: int, widget_id: UUID, assistant_id: UUID | None, token: str) -> None:
        self.desk = desk
        self.tenant_id = tenant_id
        self.widget_id = widget_id
        self.assistant_id = assistant_id
        self.widget_token = token

    @property
    def widget(self) -> str:
        return wire("widget", self.widget_id)

    @property
    def tenant(self) -> str:
        return tenant_wire(self.tenant_id)

    @property
    def site(self) -> dict[str, str]:
        """What the embedding site sends."""
        return bearer(self.widget_token)

    async def member(self, role: Role = "agent", email: str | None = None) -> dict[str, str]:
        """The headers of somebody in this role, with a session. With an `email` they have PASSWORD too.

        A password costs 25 ms or more to store and as much to compare: only where it matters.
        """
        agent_id, address = uuid4(), email or f"{uuid4().hex}@shop.test"
        await self.desk.do(
            system(self.tenant_id), InviteAgent(agent_id=agent_id, name="Anna", email=address, role=role)
        )
        if email is not None:
            await self.desk.access.set_password(self.tenant_id, agent_id, email, PASSWORD)
        return bearer((await self.desk.access.session_for(self.tenant_id, agent_id)).access_token)

    async def say(
        self, message: str = "Hello", headers: dict[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        """POST /chat as the site, or with `headers` too."""
        body = {"sessionId": "session_1", "message": message} | more
        path = f"/api/widgets/{self.widget}/chat"
        return await self.desk.http.post(path, json=body, headers=self.site | (headers or {}))

    async def thread(self, text: str | None = "Hello") -> tuple[str, dict[str, str]]:
        """A conversation in family B, and the headers of its visitor."""
        body = {} if text is None else {"text": text}
        answer = await self.desk.http.post("/api/v1/chat/conversations", json=body, headers=self.site)
        assert answer.status_code == 201, answer.text
        return answer.json()["conversation"]["id"], bearer(answer.json()["visitorToken"])

    async def head(self) -> int:
        return await self.desk.store.head(self.tenant_id)


class Desk:
    def __init__(
        self,
        store: EventStore,
        access: Access,
        http: httpx.AsyncClient,
        app: Litestar,
        model: ScriptedModel,
        live: FeedWords,
    ) -> None:
        self.store = store
        self.access = access
        self.http = http
        self.app = app
        self.bus: CommandBus = app.state.parts.bus
        self.files: FileParts = app.state.parts.files
        self.model = model
        self.live = live
        self.projector = Projector(store.database, store.reader, PROJECTIONS)
        self.health: HealthReport | None = HealthReport(True, (PartHealth("postgres", True),))
        self._reacting: set[asyncio.Task[None]] = set()

    async def do(self, actor: Actor, command: Command) -> Receipt:
        return await self.bus.execute(actor, command)

    async def shop(self, tenant_id: int = 1, *, assistant: bool = True, origins: tuple[str, ...] = ()) -> Shop:
        actor, widget_id, assistant_id = system(tenant_id), uuid4(), uuid4() if assistant else None
        await self.do(actor, OpenTenant(name="Shop"))
        if assistant_id is not None:
            persona = Persona(name="Ada", fallback=FALLBACK)
            await self.do(actor, ConfigureAssistant(assistant_id=assistant_id, persona=persona))
        look = Look(name="Your Company", logo="https://shop.test/logo.png", origins=origins)
        await self.do(actor, InstallWidget(widget_id=widget_id, look=look, assistant_id=assistant_id))
        token_id, token = await self.access.issue_widget_token(tenant_id, widget_id)
        await self.do(actor, IssueWidgetToken(widget_id=widget_id, token_id=token_id))
        return Shop(self, tenant_id, widget_id, assistant_id, token)

    def will_answer(self, *answers: Answer) -> None:
        self.model.script.extend(answers)

    async def fold(self) -> None:
        """Every read model is at the head."""
        await self.projector.catch_up()

    def react(self, rows: Sequence[StoredRow]) -> None:
        """What a reactor does, in this process."""
        task = asyncio.create_task(self._react(rows))
        self._reacting.add(task)
        task.add_done_callback(self._reacting.discard)

    async def stop(self) -> None:
        for task in self._reacting:
            task.cancel()
        await asyncio.gather(*self._reacting, return_exceptions=True)

    async def _react(self, rows: Sequence[StoredRow]) -> None:
        release = ReleaseLine(self.app.state.parts.voice.numbers.release)
        policies = (AnswerWithAssistant(self.store, self.bus, self.model, self.live), release)
        for recorded in await self.store.mapper.open(rows):
            for policy in policies:
                if policy.concerns(recorded):
                    await policy.react(recorded)


@asynccontextmanager
async def open_desk(
    database_url: str,
    nats_url: str,
    reply_timeout: float = 10.0,
    rules: RateRules = UNHURRIED,
    twilio_url: str = "http://127.0.0.1:1",
) -> AsyncIterator[Desk]:
    """`reply_timeout` (s) is how long `/chat` waits for the assistant."""
    async with (
        open_event_store(database_url, SECRET) as store,
        nats_connection(nats_url, "desk") as nats,
        _relaying(Relay(database_url, store.reader, nats), store),
        _files(store) as files,
        AsyncExitStack() as stack,
    ):
        async with store.database.worker() as connection:
            await install_builds(connection, PROJECTIONS)  # as a process does before it serves
        access = await open_access(store.database, SECRET, Egress(allow_private=True))
        feed = Feed(nats, store.reader, store.mapper)
        hub = Hub(feed, store.reader, store.database)
        allowance, model = open_allowance(store), ScriptedModel()
        bus = seated_bus(store, open_seats(store), allowance=allowance)  # as interfaces/bootstrap.py has it
        voice = await stack.enter_async_context(
            voice_parts(store, bus, SECRET, twilio_url, ORIGIN, TWILIO_SECONDS)
        )
        parts = HttpParts(
            bus=bus,
            database=store.database,
            reader=store.reader,
            read_positions=ReadPositions(store.database),
            access=access,
            replies=Replies(feed, store.reader),
            feed=feed,
            health=lambda: _health(desk),
            typing=hub.typing,
            ingest=Ingest(store.database, SECRET),
            files=files,
            drafts=Drafts(store.database, store.keyring),
            webhooks=webhook_parts(store.database, SECRET, Egress(allow_private=True)),
            rates=Rates(store.database, SECRET, rules, CollectorRegistry()),
            allowance=allowance,
            impressions=Impressions(store.database),
            registry=REGISTRY,
            assistants=AssistantParts(
                Egress(allow_private=True), Copilot(store, bus, model), Knowledge(store.database)
            ),
            voice=voice,
            base_url=ORIGIN,
            reply_timeout=reply_timeout,
        )
        app = app_of(parts)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # pyright: ignore[reportArgumentType]
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http:
            desk = Desk(store, access, http, app, model, FeedWords(feed, pace=0.01))
            store.on_commit.append(desk.react)
            yield desk
            await desk.stop()
        app.state.parts = None


def app_of(parts: HttpParts) -> Litestar:
    """The app of this test process, which one desk has at a time; another one for whoever finds it taken."""
    shared = _shared_app()
    app = shared if getattr(shared.state, "parts", None) is None else routed_app(ORIGIN, CollectorRegistry())
    app.state.parts = parts
    return app


@functools.cache
def _shared_app() -> Litestar:
    """Made once: reading the routes' signatures takes longer than most tests."""
    return routed_app(ORIGIN, REGISTRY)


@asynccontextmanager
async def _files(store: EventStore) -> AsyncIterator[FileParts]:
    with tempfile.TemporaryDirectory() as directory:
        async with open_files(f"file:{directory}/files", SECRET, store.database) as files:
            yield files


@asynccontextmanager
async def _relaying(relay: Relay, store: EventStore) -> AsyncIterator[None]:
    store.on_commit.append(relay.offer)
    running = asyncio.create_task(relay.run())
    try:
        async with asyncio.timeout(10):
            while relay.state != "following":
                await asyncio.sleep(0.01)
        yield
    finally:
        await end([running])


async def _health(desk: Desk) -> HealthReport:
    if desk.health is None:
        raise RuntimeError("a secret detail")
    return desk.health


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
