"""Hub: all sockets of this process, by tenant. It follows a tenant only while somebody here listens."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from prometheus_client import CollectorRegistry

from application.actor import Actor
from domain.ids import wire
from domain.refusals import Forbidden, NotFound, Unavailable
from infrastructure.ending import end
from infrastructure.eventstore.reader import EventReader
from infrastructure.nats.feed import Feed
from infrastructure.postgres import Database
from interfaces.ws.channel import Channel
from interfaces.ws.closing import RESTART, TOO_MANY_SOCKETS, TRY_AGAIN, SocketClosing
from interfaces.ws.frames import Frame, Presence, PresenceState, Present, Typing, TypingState, encode
from interfaces.ws.kin import Kin
from interfaces.ws.limits import SocketLimits
from interfaces.ws.metrics import SocketMetrics
from interfaces.ws.outbox import Outbox
from interfaces.ws.owners import Owners
from interfaces.ws.peer import Peer, participant
from interfaces.ws.resume import Resumption
from interfaces.ws.rounds import Rounds
from interfaces.ws.whisper import Whisper, encode_whisper


class Hub:
    """One follower per tenant and two rounds for all; a socket has two tasks, a frame has none."""

    def __init__(
        self,
        feed: Feed,
        reader: EventReader,
        database: Database,
        limits: SocketLimits | None = None,
        registry: CollectorRegistry | None = None,
    ) -> None:
        self.limits = limits or SocketLimits()
        self.metrics = SocketMetrics(registry or CollectorRegistry())
        self._feed = feed
        self._owners = Owners(database, self.limits.remembered_conversations)
        self._kin = Kin(database)
        self.resumption = Resumption(reader, self._owners, self.limits)
        self._channels: dict[int, Channel] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._rounds = Rounds(self.channels, database, self.limits)
        self._names = (f"{uuid4().hex}-{number}" for number in itertools.count())
        self._strangers = 0
        self._is_closed = False

    async def start(self) -> None:
        self._keep(asyncio.create_task(self._rounds.checkpoints()))
        self._keep(asyncio.create_task(self._rounds.credentials()))
        self._keep(asyncio.create_task(self._rounds.presence()))
        self._keep(asyncio.create_task(self._rounds.visitors()))
        self._keep(asyncio.create_task(self._rounds.addresses()))

    async def close(self) -> None:
        """Closes every socket with 1012; the clients resume elsewhere."""
        self._is_closed = True
        for channel in self.channels():
            channel.close(RESTART)
        await end(self._tasks)

    def channels(self) -> list[Channel]:
        return list(self._channels.values())

    def guests(self) -> list[tuple[int, UUID]]:
        """(tenant, contact) of every visitor who has a socket here, each once."""
        return [(channel.tenant_id, contact_id) for channel in self.channels() for contact_id in channel.guests]

    def head(self, tenant_id: int) -> int:
        """The tenant's last seq that its sockets were told, 0 where there are none."""
        channel = self._channels.get(tenant_id)
        return 0 if channel is None else channel.head

    @asynccontextmanager
    async def join(self, peer: Peer) -> AsyncGenerator[Outbox]:
        """An outbox that gets every event after its `floor`, in order. Raises SocketClosing."""
        channel = self._channel(peer.actor.tenant_id)
        channel.users += 1
        try:
            await self._started(channel)
            outbox = Outbox(peer, next(self._names), self.limits)
            await self._find_kin(channel, outbox)
            channel.attach(outbox)
            with self.metrics.open(peer):
                try:
                    yield outbox
                finally:
                    channel.detach(outbox)
        finally:
            channel.users -= 1
            if not channel.users and channel.follower is not None:
                channel.follower.cancel()
                self._forget(channel)

    @asynccontextmanager
    async def stranger(self) -> AsyncGenerator[None]:
        """While a socket has not said who it is. Raises SocketClosing where too many have not."""
        if self._is_closed:
            raise SocketClosing(RESTART)
        if self._strangers >= self.limits.unauthenticated:
            raise SocketClosing(TOO_MANY_SOCKETS)
        self._strangers += 1
        try:
            yield
        finally:
            self._strangers -= 1

    async def typing(self, actor: Actor, conversation_id: UUID, is_typing: bool, origin: str = "") -> None:
        """Tells the others at once; nothing is stored. Raises Forbidden, NotFound, Unavailable.

        A visitor's typing is told to members; a member's also to the conversation's visitor.
        """
        contact_id = await self._owners.of(actor.tenant_id, conversation_id)
        is_visitor = actor.role == "visitor"
        if contact_id is None:
            raise NotFound
        if is_visitor and not await self._kin.is_one(actor.tenant_id, contact_id, actor.by.id):
            raise NotFound
        state = TypingState(wire("conversation", conversation_id), is_typing, participant(actor))
        await self._whisper(actor, Typing(data=state), None if is_visitor else contact_id, origin)

    async def presence(self, actor: Actor, state: PresenceState, origin: str = "") -> None:
        """Tells the members. Raises Forbidden."""
        await self._whisper(actor, Presence(data=Present(state, participant(actor))), None, origin)

    async def _whisper(self, actor: Actor, frame: Frame, contact_id: UUID | None, origin: str) -> None:
        if not Peer(actor).may_speak:
            raise Forbidden
        await self._feed.ephemeral(actor.tenant_id, encode_whisper(Whisper(origin, contact_id, encode(frame))))

    def _channel(self, tenant_id: int) -> Channel:
        if self._is_closed:
            raise SocketClosing(RESTART)
        channel = self._channels.get(tenant_id)
        if channel is None:  # `or` would replace one that nobody has joined yet: it is empty, so it is false
            channel = self._open(tenant_id)
        if channel.users >= self.limits.sockets_per_tenant:
            raise SocketClosing(TOO_MANY_SOCKETS)
        return channel

    def _open(self, tenant_id: int) -> Channel:
        channel = self._channels[tenant_id] = Channel(tenant_id, self._feed, self._owners)
        channel.follower = self._keep(asyncio.create_task(channel.run()))
        channel.follower.add_done_callback(lambda _: self._forget(channel))
        return channel

    async def _find_kin(self, channel: Channel, outbox: Outbox) -> None:
        """Until nobody was joined or parted while it was asked: attached right after, nothing is missed."""
        contact_id = outbox.peer.contact_id
        heard = None
        while contact_id is not None and heard != channel.joins:
            heard = channel.joins
            try:
                outbox.contacts = set(await self._kin.of(channel.tenant_id, contact_id))
            except Unavailable:
                raise SocketClosing(TRY_AGAIN) from None

    async def _started(self, channel: Channel) -> None:
        try:
            async with asyncio.timeout(self.limits.follow_seconds):
                await channel.started.wait()
        except TimeoutError:
            raise SocketClosing(TRY_AGAIN) from None
        if channel.is_closed:
            raise SocketClosing(RESTART if self._is_closed else TRY_AGAIN)

    def _forget(self, channel: Channel) -> None:
        if self._channels.get(channel.tenant_id) is channel:
            del self._channels[channel.tenant_id]

    def _keep(self, task: asyncio.Task[None]) -> asyncio.Task[None]:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
