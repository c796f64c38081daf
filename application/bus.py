"""CommandBus: permit, load, decide, append; retried when somebody else was faster."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID, uuid5

import msgspec

from application.actor import Actor
from application.allowance import Allowance
from application.cache import AggregateCache
from application.command import Command, Handlers, fingerprint
from application.log import Append, Appended, DeskFull, EventLog, LimitReached, Meta, Slice, VersionConflict
from application.permit import permit
from application.seat_moves import seat_moves
from application.turns import Turns
from application.work import Work
from domain.kernel import Cause, Event, Stamp
from domain.refusals import AtCapacity, Conflict, Refusal

TRIES = 3


class Request(msgspec.Struct, frozen=True):
    """What surrounds a command: the client's idempotency key, the request id, what a policy reacts to.

    `bulk`: the bulk action it is part of.
    """

    key: str | None = None
    id: str = ""
    policy: str | None = None
    position: int | None = None
    bulk: UUID | None = None


class Receipt(msgspec.Struct, frozen=True):
    """What a command did. `seq` is the tenant's position after it; `events` is empty when it changed nothing."""

    seq: int
    events: tuple[Event, ...] = ()
    replayed: bool = False

    @property
    def version(self) -> int:
        """The version of the stream of the last event, 0 when nothing changed."""
        return self.events[-1].originator_version if self.events else 0


_PLAIN = Request()


class CommandBus:
    """The only door to the write side. Time and ids come in as functions, so decisions stay pure."""

    def __init__(
        self,
        log: EventLog,
        handlers: Handlers,
        clock: Callable[[], datetime],
        new_id: Callable[[], UUID],
        cache: AggregateCache | None = None,
        allowance: Allowance | None = None,
    ) -> None:
        """`allowance`: what charges its appends to the tenants' plans; without one nothing is limited."""
        self._log = log
        self._handlers = handlers
        self._clock = clock
        self._new_id = new_id
        self._cache = cache or AggregateCache()
        self._allowance = allowance
        self._turns = Turns()

    async def execute(self, actor: Actor, command: Command, request: Request = _PLAIN) -> Receipt:
        """Durable when it returns. Raises a Refusal; Conflict after three lost races."""
        permit(actor, command)
        order = _Order(actor, command, request, self._command_id(actor, request), fingerprint(actor, command))
        stream_id = command.turn
        if stream_id is None:
            return await self._carry_out(order)
        await self._turns.begin(stream_id)
        try:
            return await self._carry_out(order)
        finally:
            self._turns.end(stream_id)

    async def recall(self, actor: Actor, command: Command, request: Request) -> Receipt | None:
        """What this very command did when it was given under this key, None if it never was; gives no command.

        Raises IdempotencyMismatch where the key was another command's.
        """
        order = _Order(actor, command, request, self._command_id(actor, request), fingerprint(actor, command))
        earlier = await self._find_earlier(order)
        return None if earlier is None else await self._replay(order, earlier)

    def draft(self, actor: Actor, command: str) -> Work:
        """What `command` would be decided with now, for looking and for trying out: it is never appended."""
        stamp = Stamp(actor.by, self._clock(), Cause(command))
        return Work(self._log, self._cache, actor, stamp, self._new_id)

    async def _carry_out(self, order: _Order) -> Receipt:
        tenant_id = order.actor.tenant_id
        full = frozenset[str]() if self._allowance is None else self._allowance.full(tenant_id)
        for number in range(TRIES):
            try:
                return await self._attempt(order, full, is_retry=number > 0)
            except VersionConflict:
                continue
            except DeskFull as full_desk:
                raise AtCapacity(capacity=full_desk.capacity, load=full_desk.load) from full_desk
            except LimitReached as reached:
                if self._allowance is None:
                    raise
                full |= await self._allowance.refused(tenant_id, reached, self._clock())
        raise Conflict

    async def _attempt(self, order: _Order, full: frozenset[str], *, is_retry: bool) -> Receipt:
        actor, stamp = order.actor, Stamp(order.actor.by, self._clock(), order.cause)
        work = Work(self._log, self._cache, actor, stamp, self._new_id, is_retry=is_retry, full=full)
        try:
            await self._handlers[type(order.command)](work, order.command)
        except Refusal:
            # It may only mean that this very command was already carried out: its key decides.
            earlier = await self._find_earlier(order)
            if earlier is not None:
                return await self._replay(order, earlier)
            _refuse_stale(work)
            raise
        slices = work.slices()
        if not slices:
            _refuse_stale(work)
            work.put_back()
            return await self._unchanged(order)
        meta = Meta(order.command_id, order.request.id)
        charges = () if self._allowance is None else await self._allowance.charges(work, slices)
        moves = seat_moves(slices, work.asked_seat)
        append = Append(actor.tenant_id, meta, order.fingerprint, slices, charges, moves)
        appended = await self._log.append(append)
        if appended.replayed:
            return await self._replay(order, appended)
        work.keep(slices, appended)
        return Receipt(appended.seq, _events(slices))

    async def _unchanged(self, order: _Order) -> Receipt:
        earlier = await self._find_earlier(order)
        if earlier is not None:
            return await self._replay(order, earlier)
        return Receipt(await self._log.head(order.actor.tenant_id))

    async def _find_earlier(self, order: _Order) -> Appended | None:
        if order.request.key is None:
            return None
        return await self._log.find_command(order.actor.tenant_id, order.command_id, order.fingerprint)

    async def _replay(self, order: _Order, earlier: Appended) -> Receipt:
        span = (earlier.first_position, earlier.last_position)
        stored = await self._log.read(order.actor.tenant_id, *span)
        return Receipt(earlier.seq, tuple(one.event for one in stored), replayed=True)

    def _command_id(self, actor: Actor, request: Request) -> UUID:
        """Random, or for ever the same for one key of one tenant. No client's key is ever a policy's."""
        if request.key is None:
            return self._new_id()
        return uuid5(_KEYS if request.policy is None else _REACTIONS, f"{actor.tenant_id}/{request.key}")


class _Order(msgspec.Struct, frozen=True):
    actor: Actor
    command: Command
    request: Request
    command_id: UUID
    fingerprint: bytes

    @property
    def cause(self) -> Cause:
        asked = self.request
        return Cause(type(self.command).__name__, asked.policy, asked.position, asked.bulk)


_KEYS = UUID("0a4dd17c-6bb5-5c43-8a5c-0b0d6a9a7c11")
_REACTIONS = UUID("c3f1b6f4-52a7-5d0e-9a43-7f5f2b8d9e60")


def _refuse_stale(work: Work) -> None:
    """A no, or a "nothing to do", is only given on what the log says; an append checks that by itself."""
    if work.may_be_stale:
        raise VersionConflict


def _events(slices: tuple[Slice, ...]) -> tuple[Event, ...]:
    return tuple([event for piece in slices for event in piece.events])
