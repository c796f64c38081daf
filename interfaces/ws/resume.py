"""Resume: what a socket is sent before it is live, so that nothing is missing and nothing comes twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from uuid import UUID

from application.log import Recorded
from infrastructure.eventstore.reader import EventReader
from interfaces.ws.alone import for_member
from interfaces.ws.announcement import for_members, for_visitor, needs_owner, owner_in
from interfaces.ws.client_frames import Auth
from interfaces.ws.frames import ResetReason, encode
from interfaces.ws.last_reports import LastReports
from interfaces.ws.limits import SocketLimits
from interfaces.ws.outbox import Outbox
from interfaces.ws.owners import Owners
from interfaces.ws.peer import Peer


class Resumption:
    """Reads the log for all sockets of the process, a few at a time: a storm of reconnects waits its turn."""

    def __init__(self, reader: EventReader, owners: Owners, limits: SocketLimits) -> None:
        self._reader = reader
        self._owners = owners
        self._limits = limits
        self._turn = asyncio.Semaphore(limits.replays_at_once)

    async def epoch(self) -> int:
        async with self._turn, asyncio.timeout(self._limits.replay_seconds):
            return await self._reader.epoch()

    async def refuse(self, auth: Auth, outbox: Outbox, epoch: int) -> ResetReason | None:
        """Why the client must start afresh, None where it can go on from its `since`.

        A `since` that this process has not heard of yet is asked of the log; live begins after it then.
        """
        if auth.since is None:
            return None
        if auth.epoch is not None and auth.epoch != epoch:
            return "other_epoch"
        if outbox.floor - auth.since > self._limits.replay_events:
            return "too_far_behind"
        if auth.since > outbox.floor:
            if auth.since > await self._head(outbox.peer.actor.tenant_id):
                return "ahead"
            outbox.floor = auth.since
        return None

    async def replay(self, outbox: Outbox, since: int, upto: int) -> AsyncGenerator[bytes]:
        """The frames of the events after `since` up to `upto`, as its peer may see them."""
        peer, contacts = outbox.peer, frozenset(outbox.contacts)
        reports = LastReports(self._reader, peer.actor.tenant_id, upto)
        while since < upto:
            page = await self._page(peer, since, min(self._limits.replay_page, upto - since))
            for recorded in page if peer.contact_id else await self._last_reports(page, reports):
                frame = self._frame(peer, contacts, recorded)
                if frame is not None:
                    yield frame
            since = page[-1].seq

    async def _last_reports(self, page: list[Recorded], reports: LastReports) -> list[Recorded]:
        async with self._turn, asyncio.timeout(self._limits.replay_seconds):
            return await reports.only(page)

    async def _page(self, peer: Peer, since: int, limit: int) -> list[Recorded]:
        tenant_id = peer.actor.tenant_id
        async with self._turn, asyncio.timeout(self._limits.replay_seconds):
            page = await self._reader.tenant_page(tenant_id, since, limit)
            if peer.contact_id is not None:
                await self._owners.learn(tenant_id, [one.stream_id for one in page if needs_owner(one)])
        return page

    def _frame(self, peer: Peer, contacts: frozenset[UUID], recorded: Recorded) -> bytes | None:
        frame = for_members(recorded)
        if peer.contact_id is None:
            frame = for_member(recorded, frame, peer.actor.by.id)
        else:
            frame = for_visitor(frame) if self._owner(recorded) in contacts else None
        return None if frame is None else encode(frame)

    def _owner(self, recorded: Recorded) -> UUID | None:
        return owner_in(recorded) or self._owners.find(recorded.tenant_id, recorded.stream_id)

    async def _head(self, tenant_id: int) -> int:
        async with self._turn, asyncio.timeout(self._limits.replay_seconds):
            return (await self._reader.tenant_heads([tenant_id]))[tenant_id]
