"""Rounds: what is done for all sockets again and again: checkpoints, and asking whether credentials still hold."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from domain.refusals import Refusal, Unavailable
from infrastructure.access.addresses import Addresses
from infrastructure.access.visitor_tokens import VisitorTokens
from infrastructure.postgres import Database
from interfaces.ws.channel import CHECKPOINT_TURNS, Channel
from interfaces.ws.closing import NOT_FROM_HERE, REVOKED, closing_of
from interfaces.ws.limits import SocketLimits
from interfaces.ws.outbox import Outbox, close_all

REST = 9
"""How much longer than a round of questions the pause after it is."""
CHECK_SECONDS = 5.0

_log = structlog.get_logger(__name__)


class Rounds:
    """All run until cancelled."""

    def __init__(
        self, channels: Callable[[], Sequence[Channel]], database: Database, limits: SocketLimits
    ) -> None:
        self._channels = channels
        self._visitor_tokens = VisitorTokens(database)
        self._addresses = Addresses(database)
        self._limits = limits

    async def checkpoints(self) -> None:
        """Each socket once per interval, a part of them at a time: no burst over ten thousand sockets."""
        turn = 0
        while True:
            await asyncio.sleep(self._limits.checkpoint_seconds / CHECKPOINT_TURNS)
            turn = (turn + 1) % CHECKPOINT_TURNS
            for channel in self._channels():
                channel.checkpoint(turn)

    async def presence(self) -> None:
        """Who came, moved or left: one frame per tenant and second, however many processes tell of it."""
        while True:
            await asyncio.sleep(self._limits.presence_seconds)
            for channel in self._channels():
                channel.tell_presence()

    async def credentials(self) -> None:
        """One question at a time, each credential once, and a tenth of the time at most."""
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            for outboxes in self._by_credential().values():
                await self._check(outboxes)
            await asyncio.sleep(max(self._limits.recheck_seconds, (clock() - began) * REST))

    async def visitors(self) -> None:
        """Closes the sockets of visitors whose tokens were revoked, here or elsewhere: one question for all."""
        while True:
            await asyncio.sleep(self._limits.recheck_seconds)
            if self._channels():
                await self._show_out()

    async def addresses(self) -> None:
        """Closes the sockets of visitors who are where their widget may not be used: one question for all."""
        while True:
            await asyncio.sleep(self._limits.recheck_seconds)
            await self._look_over()

    async def _look_over(self) -> None:
        visitors = [(channel.tenant_id, one) for channel in self._channels() for one in channel.visitors]
        widgets = {(tenant_id, id) for tenant_id, one in visitors for id in one.peer.widget_ids}
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                gates = await self._addresses.gates(widgets)
        except (psycopg.Error, PoolTimeout, TimeoutError):
            _log.warning("address_rules_not_read")
            return
        for tenant_id, one in visitors:
            if not all(gates[tenant_id, id].admits(one.peer.address) for id in one.peer.widget_ids):
                one.close(NOT_FROM_HERE)

    async def _show_out(self) -> None:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                revoked = await self._visitor_tokens.lately_revoked()
        except (psycopg.Error, PoolTimeout, TimeoutError):
            _log.warning("revocations_not_read")
            return
        for channel in self._channels():
            for tenant_id, contact_id in revoked:
                if tenant_id == channel.tenant_id:
                    channel.show_out(contact_id)

    def _by_credential(self) -> dict[str, list[Outbox]]:
        found: dict[str, list[Outbox]] = {}
        for channel in self._channels():
            for outbox in channel:
                if outbox.recheck is not None and not outbox.closing.done():
                    found.setdefault(outbox.credential, []).append(outbox)
        return found

    async def _check(self, outboxes: Sequence[Outbox]) -> None:
        """All came by the same credential."""
        recheck = outboxes[0].recheck
        if recheck is None:
            return
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                standing = await recheck()
        except (Unavailable, psycopg.Error, TimeoutError):
            # Nobody can say: the socket stays until it expires by itself.
            _log.warning("credential_not_checked", tenant_id=outboxes[0].peer.actor.tenant_id)
        except Refusal as refusal:
            close_all(outboxes, closing_of(refusal))
        else:
            changed = [one for one in outboxes if one.peer.standing != standing]
            close_all(changed, REVOKED)
