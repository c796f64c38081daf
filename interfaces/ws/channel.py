"""Channel: one tenant's sockets in this process. Each event is encoded once per audience, whoever listens."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from uuid import UUID

import msgspec
import structlog

from application.log import Recorded
from domain.agent import AgentDeactivated, AgentRoleChanged
from domain.contact import ContactErased
from domain.joining import ContactLinked, ContactUnmerged
from domain.refusals import Unavailable
from domain.widget import WidgetTokenRevoked
from infrastructure.nats.feed import Feed
from interfaces.ws.alone import alone
from interfaces.ws.announcement import for_members, for_visitor, needs_owner, owner_in
from interfaces.ws.closing import FORBIDDEN, REVOKED, TRY_AGAIN, Closing
from interfaces.ws.frames import Checkpoint, DurableFrame, VisitorHere, VisitorPresence, VisitorsHere, encode
from interfaces.ws.outbox import Outbox, close_all
from interfaces.ws.owners import Owners
from interfaces.ws.whisper import decode_whisper

CHECKPOINT_TURNS = 15
VISITORS_PER_FRAME = 100

_log = structlog.get_logger(__name__)


class FeedBroken(Exception):
    """The feed skipped an event: all sockets of the tenant must resume."""


class Channel:
    """`head` is the last seq that was handed to the outboxes: one that joins now gets everything after it."""

    def __init__(self, tenant_id: int, feed: Feed, owners: Owners) -> None:
        self.tenant_id = tenant_id
        self.head = 0
        self.users = 0
        self.joins = 0  # how many links and partings were heard of
        self.follower: asyncio.Task[None] | None = None
        self.started = asyncio.Event()
        self.is_closed = False
        self._feed = feed
        self._owners = owners
        self._members: set[Outbox] = set()
        self._visitors: dict[UUID, set[Outbox]] = {}
        self._news: dict[str, VisitorHere] = {}
        self._backlog: deque[Sequence[Recorded]] = deque()
        self._heard = asyncio.Event()

    async def run(self) -> None:
        """Follows the tenant until cancelled. If the feed fails, all its sockets are closed and resume."""
        try:
            async with self._feed.follow(self.tenant_id, self._hear, self._overhear) as start:
                self.head = start
                self.started.set()
                await self._pump()
        except Exception:
            _log.exception("tenant_feed_failed", tenant_id=self.tenant_id)
        finally:
            self.close(TRY_AGAIN)

    def attach(self, outbox: Outbox) -> None:
        """From here on the outbox gets every event after `head` that its peer may see."""
        outbox.floor = self.head
        outbox.turn = len(self) % CHECKPOINT_TURNS
        if outbox.peer.contact_id is None:
            self._members.add(outbox)
        for contact_id in outbox.contacts:
            self._visitors.setdefault(contact_id, set()).add(outbox)

    def detach(self, outbox: Outbox) -> None:
        self._members.discard(outbox)
        for contact_id in tuple(outbox.contacts):
            self._let_go(outbox, contact_id)

    def checkpoint(self, turn: int) -> None:
        """Tells the sockets whose turn it is how far they have come."""
        frame = encode(Checkpoint(seq=self.head))
        for outbox in self:
            if outbox.turn == turn and outbox.floor <= self.head:
                outbox.put_if_idle(frame)

    @property
    def guests(self) -> Collection[UUID]:
        """The contacts whose sockets are open here."""
        return self._visitors.keys()

    def tell_presence(self) -> None:
        """One frame about all visitors who came, moved or left since the last one; none where nobody did."""
        news, self._news = self._news, {}
        if not news or not self._members:
            return
        told = tuple(news.values())[:VISITORS_PER_FRAME]
        frame = encode(VisitorPresence(data=VisitorsHere(told, len(news) > len(told))))
        for outbox in self._members:
            outbox.put_if_idle(frame)

    def show_out(self, contact_id: UUID) -> None:
        """A visitor whose tokens were revoked."""
        close_all(self._who_came_as(contact_id), REVOKED)

    def close(self, closing: Closing) -> None:
        """Closes every socket of the tenant, and refuses new ones."""
        self.is_closed = True
        self.started.set()
        close_all(self, closing)

    @property
    def visitors(self) -> Iterator[Outbox]:
        """Each once: a visitor is in `_visitors` under every contact they are, and under the one they came as."""
        for contact_id in self._visitors:
            yield from self._who_came_as(contact_id)

    def __iter__(self) -> Iterator[Outbox]:
        yield from self._members
        yield from self.visitors

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _hear(self, events: Sequence[Recorded]) -> None:
        self._backlog.append(events)
        self._heard.set()

    async def _pump(self) -> None:
        while True:
            await self._heard.wait()
            self._heard.clear()
            while self._backlog:
                events = self._backlog.popleft()
                await self._learn_owners(events)
                for recorded in events:
                    self._deliver(recorded)

    async def _learn_owners(self, events: Sequence[Recorded]) -> None:
        """After this, and with nothing awaited in between, every visitor's events find their visitor."""
        for recorded in events:
            contact_id = owner_in(recorded)
            if contact_id is not None:
                self._owners.remember(self.tenant_id, recorded.stream_id, contact_id)
        if not self._visitors:
            return
        try:
            await self._owners.learn(self.tenant_id, [one.stream_id for one in events if needs_owner(one)])
        except Unavailable:
            for outboxes in self._visitors.values():
                close_all(outboxes, TRY_AGAIN)

    def _deliver(self, recorded: Recorded) -> None:
        if recorded.seq <= self.head:
            return
        if recorded.seq != self.head + 1:
            raise FeedBroken(f"tenant {self.tenant_id}: {recorded.seq} after {self.head}")
        self.head = recorded.seq
        self._enforce(recorded)
        visitors = self._visitors_of(recorded)
        if self._members or visitors:
            self._tell(recorded, visitors)

    def _tell(self, recorded: Recorded, visitors: set[Outbox]) -> None:
        frame = for_members(recorded)
        told = self._tell_alone(recorded, frame)
        if frame is None:
            return
        encoded = encode(frame)
        for outbox in self._members - told if told else self._members:
            outbox.put_event(recorded.seq, encoded)
        shown = for_visitor(frame) if visitors else None
        if shown is None:
            return
        encoded = encoded if shown is frame else encode(shown)
        for outbox in visitors:
            outbox.put_event(recorded.seq, encoded)

    def _tell_alone(self, recorded: Recorded, frame: DurableFrame | None) -> set[Outbox]:
        """Those who hear something of their own, and now have."""
        theirs = alone(recorded, frame)
        if theirs is None:
            return set()
        told = {one for one in self._members if one.peer.actor.by.id in theirs.agents}
        encoded = encode(theirs.frame)
        for outbox in told:
            outbox.put_event(recorded.seq, encoded)
        return told

    def _visitors_of(self, recorded: Recorded) -> set[Outbox]:
        if not self._visitors:
            return set()
        contact_id = self._owners.find(self.tenant_id, recorded.stream_id)
        return set() if contact_id is None else self._visitors.get(contact_id, set())

    def _enforce(self, recorded: Recorded) -> None:
        """Takes away what a socket rests on, in every process at once."""
        match recorded.event:
            case AgentDeactivated(originator_id=agent_id):
                close_all((one for one in self._members if one.peer.actor.by.id == agent_id), FORBIDDEN)
            case AgentRoleChanged(originator_id=agent_id):
                close_all((one for one in self._members if one.peer.actor.by.id == agent_id), REVOKED)
            case WidgetTokenRevoked(token_id=token_id):
                close_all((one for one in self if one.peer.token_id == token_id), REVOKED)
            case ContactErased(originator_id=contact_id):
                self.show_out(contact_id)
            case ContactLinked(originator_id=contact_id, into_id=known_id):
                self._join(contact_id, known_id)
            case ContactUnmerged(originator_id=contact_id, from_id=known_id):
                self._part(contact_id, known_id)
            case _:
                return

    def _join(self, contact_id: UUID, known_id: UUID) -> None:
        """Who came as the known contact hears of the linked one's conversations from here on."""
        self.joins += 1
        for outbox in self._who_came_as(known_id):
            outbox.contacts.add(contact_id)
            self._visitors.setdefault(contact_id, set()).add(outbox)

    def _part(self, contact_id: UUID, known_id: UUID) -> None:
        self.joins += 1
        for outbox in self._who_came_as(known_id):
            self._let_go(outbox, contact_id)

    def _let_go(self, outbox: Outbox, contact_id: UUID) -> None:
        outbox.contacts.discard(contact_id)
        if contact_id in self._visitors:
            self._visitors[contact_id].discard(outbox)
            if not self._visitors[contact_id]:
                del self._visitors[contact_id]

    def _who_came_as(self, contact_id: UUID) -> list[Outbox]:
        return [one for one in self._visitors.get(contact_id, ()) if one.peer.contact_id == contact_id]

    def _overhear(self, body: bytes) -> None:
        try:
            whisper = decode_whisper(body)
        except msgspec.DecodeError:
            _log.warning("whisper_not_understood", tenant_id=self.tenant_id)
            return
        for one in whisper.visitors:
            self._news[one.id] = one
        for outbox in self._members if whisper.members and whisper.frame else ():
            if outbox.name != whisper.origin:
                outbox.put_if_idle(whisper.frame)
        if whisper.contact_id is not None:
            for outbox in self._visitors.get(whisper.contact_id, ()):
                outbox.put_if_idle(whisper.frame)
