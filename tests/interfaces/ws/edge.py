"""Edge: one process's sockets for real: PostgreSQL, NATS, relay, feed, hub, Litestar under uvicorn, a client."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import socket
from collections.abc import AsyncIterator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from uuid import UUID, uuid4

import msgspec
import uvicorn
from litestar import Litestar
from litestar.datastructures import State
from prometheus_client import CollectorRegistry
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from application.actor import Actor, system, visitor
from application.agent import InviteAgent
from application.bus import CommandBus, Receipt
from application.command import Command
from application.conversation import PostMessage, StartConversation
from application.handlers import HANDLERS
from application.log import Recorded
from application.tenant import OpenTenant
from application.widget import InstallWidget, IssueWidgetToken
from domain.agent import Role
from domain.kernel import By
from domain.widget import Look
from infrastructure.access.access import Access, open_access
from infrastructure.access.grants import Session
from infrastructure.clock import now, uuid7
from infrastructure.ending import end
from infrastructure.eventstore.store import EventStore, open_event_store
from infrastructure.nats.connection import nats_connection
from infrastructure.nats.feed import Feed
from infrastructure.nats.relay import Relay
from interfaces.ws.hub import Hub
from interfaces.ws.limits import SocketLimits
from interfaces.ws.routes import SocketParts, socket_routes

SECRET = b"k" * 32
PATIENCE = 10.0
_numbers = itertools.count(1)


class Visitor(msgspec.Struct, frozen=True):
    """A visitor of one tenant, and what its browser sends."""

    actor: Actor
    widget_token: str
    visitor_token: str

    def auth(self, **more: object) -> dict[str, object]:
        return {"type": "auth", "token": self.widget_token, "visitorToken": self.visitor_token} | more


class Client:
    """A browser's end of a socket."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, **frame: object) -> None:
        await self.connection.send(json.dumps(frame))

    async def receive(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            return json.loads(await self.connection.recv())

    async def until(self, type: str) -> list[dict[str, Any]]:
        """All frames up to the first of this type, which is the last of them."""
        frames = [await self.receive()]
        while frames[-1]["type"] != type:
            frames.append(await self.receive())
        return frames

    async def up_to(self, seq: int) -> list[dict[str, Any]]:
        """Durable frames and checkpoints until the position has reached `seq`."""
        frames = [await self.receive()]
        while frames[-1].get("seq", 0) < seq:
            frames.append(await self.receive())
        return frames

    async def rest(self) -> list[dict[str, Any]]:
        """Every frame until the server closes."""
        frames: list[dict[str, Any]] = []
        with contextlib.suppress(ConnectionClosed):
            while True:
                frames.append(await self.receive())
        return frames

    async def closed(self) -> tuple[int, str]:
        """The close code and reason; frames before it are passed over."""
        await self.rest()
        return self.connection.close_code or 0, self.connection.close_reason or ""


class Edge:
    """Everything of one process; `tenant_id` is a tenant that it opened."""

    def __init__(self, store: EventStore, access: Access, hub: Hub, url: str, registry: CollectorRegistry) -> None:
        self.store = store
        self.access = access
        self.hub = hub
        self.url = url
        self._registry = registry
        self.bus = CommandBus(store, HANDLERS, now, uuid7)

    async def do(self, actor: Actor, command: Command) -> Receipt:
        return await self.bus.execute(actor, command)

    async def tenant(self) -> int:
        tenant_id = next(_numbers)
        await self.do(system(tenant_id), OpenTenant(name="Shop"))
        return tenant_id

    async def agent(self, tenant_id: int, role: Role = "agent") -> tuple[Actor, Session]:
        agent_id, email = uuid4(), f"{uuid4().hex}@shop.test"
        command = InviteAgent(agent_id=agent_id, name="Anna", email=email, role=role)
        await self.do(system(tenant_id), command)
        session = await self.access.session_for(tenant_id, agent_id)
        return Actor(tenant_id, By("agent", agent_id), role), session

    async def widget(self, tenant_id: int) -> tuple[UUID, UUID, str]:
        """(widget id, token id, token)."""
        widget_id = uuid4()
        await self.do(system(tenant_id), InstallWidget(widget_id=widget_id, look=Look(name="Shop")))
        token_id, token = await self.access.issue_widget_token(tenant_id, widget_id)
        await self.do(system(tenant_id), IssueWidgetToken(widget_id=widget_id, token_id=token_id))
        return widget_id, token_id, token

    async def visitor(self, tenant_id: int, widget_token: str | None = None) -> Visitor:
        token = widget_token or (await self.widget(tenant_id))[2]
        contact_id = uuid4()
        return Visitor(visitor(tenant_id, contact_id), token, await self.access.new_visitor(tenant_id, contact_id))

    async def chat(self, actor: Actor, text: str = "Hello", **more: Any) -> UUID:
        """A conversation that this visitor starts; its id."""
        command = StartConversation(contact_id=actor.by.id, text=text, **more)
        return (await self.do(actor, command)).events[-1].originator_id

    async def say(self, actor: Actor, conversation_id: UUID, text: str, private: bool = False) -> Receipt:
        return await self.do(actor, PostMessage(conversation_id=conversation_id, text=text, private=private))

    def closures(self, code: int, reason: str) -> float:
        """How many sockets this process has closed so."""
        labels = {"code": str(code), "reason": reason}
        return self._registry.get_sample_value("verbatim_sockets_closed_total", labels) or 0

    async def log(self, tenant_id: int) -> list[Recorded]:
        """Every event of the tenant."""
        return await self.store.reader.tenant_page(tenant_id, 0, 100_000)

    async def head(self, tenant_id: int) -> int:
        return await self.store.head(tenant_id)

    @asynccontextmanager
    async def dial(self, path: str = "/api/ws/tenant", **options: Any) -> AsyncIterator[Client]:
        """A socket that has not said who it is."""
        async with connect(self.url + path, compression=None, ping_interval=None, **options) as connection:
            yield Client(connection)

    @asynccontextmanager
    async def member(self, session: Session, **auth: object) -> AsyncIterator[Client]:
        """A member's socket, its `auth` sent."""
        async with self.dial() as client:
            await client.send(type="auth", token=session.access_token, **auth)
            yield client

    @asynccontextmanager
    async def guest(self, who: Visitor, **auth: object) -> AsyncIterator[Client]:
        """A visitor's socket, its `auth` sent."""
        async with self.dial("/api/ws/chat") as client:
            await client.send(**who.auth(**auth))
            yield client


@asynccontextmanager
async def open_edge(
    database_url: str, nats_url: str, limits: SocketLimits | None = None, *, relays: bool = True
) -> AsyncIterator[Edge]:
    """A serving process; `relays` False leaves the way to NATS to another one."""
    async with (
        open_event_store(database_url, SECRET) as store,
        nats_connection(nats_url, "edge") as nats,
        _following(Relay(database_url, store.reader, nats), store, relays),
    ):
        access = await open_access(store.database, SECRET)
        feed, registry = Feed(nats, store.reader, store.mapper), CollectorRegistry()
        hub = Hub(feed, store.reader, store.database, limits, registry)
        await hub.start()
        try:
            async with _serving(SocketParts(access, hub)) as url:
                yield Edge(store, access, hub, url, registry)
        finally:
            await hub.close()


@asynccontextmanager
async def _following(relay: Relay, store: EventStore, relays: bool) -> AsyncIterator[None]:
    if not relays:
        yield
        return
    store.on_commit.append(relay.offer)
    running = asyncio.create_task(relay.run())
    try:
        yield
    finally:
        await end([running])


class _Origin(msgspec.Struct, frozen=True):
    base_url: str


@asynccontextmanager
async def _serving(parts: SocketParts) -> AsyncIterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    state = State({"parts": _Origin(f"http://127.0.0.1:{port}")})
    app = Litestar(socket_routes(parts), state=state, openapi_config=None)
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            ws="websockets-sansio",
            ws_max_size=64 * 1024,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=5,
        )
    )
    serving = asyncio.create_task(server.serve([listener]))
    try:
        yield f"ws://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving
        listener.close()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """The test runner's signals stay its own."""
        yield


def seqs(frames: Sequence[dict[str, Any]]) -> list[int]:
    """The positions of the durable frames among these."""
    return [frame["seq"] for frame in frames if "eventId" in frame]


def visible(log: Sequence[Recorded], after: int = 0) -> list[int]:
    """The positions that a member is shown: every event of a conversation but a discarded reply."""
    return [
        one.seq
        for one in log
        if one.seq > after and one.type.startswith("conversation.") and "discarded" not in one.type
    ]
