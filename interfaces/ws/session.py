"""Session: an authenticated socket, resumed, then live, until either side ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import aclosing
from functools import partial
from typing import Any

import msgspec
import psycopg
import structlog

from domain.ids import parse, tenant_wire
from domain.refusals import Invalid, Refusal, Unavailable
from infrastructure.ending import end
from interfaces.wire import author_wire
from interfaces.ws.client_frames import Auth, ClientFrame, Ping, SendPresence, SendTyping, decode
from interfaces.ws.closing import FORBIDDEN, INTERNAL, TRY_AGAIN, Closing, SocketClosing
from interfaces.ws.door import Door, Whence
from interfaces.ws.entry import admit
from interfaces.ws.expiry import Expiry
from interfaces.ws.frames import (
    AuthOk,
    Error,
    Pong,
    Position,
    Problem,
    Reset,
    ResumeComplete,
    ResumeReset,
    Welcome,
    encode,
)
from interfaces.ws.hub import Hub
from interfaces.ws.line import Line
from interfaces.ws.outbox import Outbox
from interfaces.ws.pace import Pace

_log = structlog.get_logger(__name__)


class Session:
    """Two tasks: one writes what the outbox holds, one reads what the client says."""

    def __init__(self, line: Line, hub: Hub, door: Door, whence: Whence, outbox: Outbox) -> None:
        self._line = line
        self._hub = hub
        self._door = door
        self._whence = whence
        self._outbox = outbox
        self._expiry = Expiry(outbox, hub.limits.expiry_notice_seconds)
        self._epoch = 0

    async def run(self, auth: Auth) -> Closing:
        """Why it ended."""
        self._trust(auth)
        work = (self._until_closing(self._write(auth)), self._until_closing(self._read()))
        tasks = [asyncio.create_task(one) for one in work]
        try:
            return await self._outbox.closing
        finally:
            self._expiry.cancel()
            await end(tasks)

    async def _until_closing(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except SocketClosing as ending:
            self._outbox.close(ending.closing)
        except (Unavailable, psycopg.Error, TimeoutError):
            _log.warning("socket_not_served", exc_info=True)
            self._outbox.close(TRY_AGAIN)
        except Exception:
            _log.exception("socket_failed")
            self._outbox.close(INTERNAL)

    async def _write(self, auth: Auth) -> None:
        await self._resume(auth)
        while True:
            await self._line.send(await self._outbox.take())

    async def _resume(self, auth: Auth) -> None:
        outbox, resumption = self._outbox, self._hub.resumption
        self._epoch = await resumption.epoch()
        reason = await resumption.refuse(auth, outbox, self._epoch)
        upto = outbox.floor
        await self._line.send(encode(self._welcome(upto)))
        if reason is not None:
            await self._line.send(encode(ResumeReset(data=Reset(reason, upto))))
            return
        since = upto if auth.since is None else auth.since
        async with aclosing(resumption.replay(outbox, since, upto)) as frames:
            async for frame in frames:
                await self._line.send(frame)
        await self._line.send(encode(ResumeComplete(data=Position(upto))))

    async def _read(self) -> None:
        limits, pace = self._hub.limits, Pace(self._hub.limits)
        while True:
            text = await self._line.receive(limits.frame)
            pace.count()
            refusal = await self._answer(text)
            if refusal is not None:
                pace.count_bad()
                self._outbox.put(encode(Error(data=Problem(refusal.code, refusal.message))))

    async def _answer(self, text: str) -> Refusal | None:
        try:
            await self._obey(decode(text))
        except (msgspec.DecodeError, RecursionError):
            return Invalid("This socket takes the frames auth, typing, presence and ping.")
        except Refusal as refusal:
            return refusal
        return None

    async def _obey(self, frame: ClientFrame) -> None:
        actor, name = self._outbox.peer.actor, self._outbox.name
        match frame:
            case Ping():
                self._outbox.put(encode(Pong()))
            case SendTyping(data=said):
                conversation_id = parse("conversation", said.conversation_id)
                await self._hub.typing(actor, conversation_id, said.typing, name)
            case SendPresence(data=said):
                await self._hub.presence(actor, said.state, name)
            case Auth():
                await self._renew(frame)

    async def _renew(self, auth: Auth) -> None:
        """The same person with a newer token; anybody else is shown out. Nothing is replayed."""
        peer = await admit(self._door, auth, self._whence)
        if not peer.is_same_as(self._outbox.peer):
            raise SocketClosing(FORBIDDEN)
        self._outbox.peer = peer
        self._trust(auth)
        self._outbox.put(encode(self._welcome(self._hub.head(peer.actor.tenant_id))))

    def _trust(self, auth: Auth) -> None:
        self._expiry.set(self._outbox.peer.expires_at)
        self._outbox.credential = auth.token
        self._outbox.recheck = partial(self._door.still, auth)

    def _welcome(self, seq: int) -> AuthOk:
        peer = self._outbox.peer
        welcome = Welcome(
            tenant_id=tenant_wire(peer.actor.tenant_id),
            id=author_wire(peer.actor.by.kind, peer.actor.by.id) or "",
            role=peer.actor.role,
            seq=seq,
            epoch=self._epoch,
            expires_at=peer.expires_at,
        )
        return AuthOk(data=welcome)
