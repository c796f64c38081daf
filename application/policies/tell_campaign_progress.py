"""Whenever a campaign changes its state it is reported how far it is; what else moved, at most once a second."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

import msgspec

from application.actor import system
from application.bus import CommandBus, Request
from application.campaign_ports import CampaignDesk, Standing
from application.campaign_sending import ReportProgress
from application.fault import fault
from application.log import Recorded
from domain.campaign_life import STATUS_AFTER, CampaignLaunched, CampaignScheduled
from domain.refusals import IdempotencyMismatch, Refusal

PAUSE = 1.0
"""Seconds between two looks at what moved."""

_log = logging.getLogger("verbatim.campaigns")


class TellCampaignProgress:
    """A policy, and a task beside it (`run`). A report is an event like any other: sockets, feed and webhooks
    have it from the log."""

    name = "tell_campaign_progress"

    def __init__(self, bus: CommandBus, desk: CampaignDesk) -> None:
        self._bus = bus
        self._desk = desk

    def concerns(self, recorded: Recorded) -> bool:
        return type(recorded.event) in STATUS_AFTER

    async def react(self, recorded: Recorded) -> None:
        """The state that this event led to, whatever came after it. Raises ProjectionBehind."""
        standing = await self._desk.standing(recorded.tenant_id, recorded.stream_id, recorded.seq)
        if standing is None:
            return
        progress = msgspec.structs.replace(standing.progress, status=STATUS_AFTER[type(recorded.event)])
        if isinstance(recorded.event, CampaignLaunched):
            progress = msgspec.structs.replace(progress, started_at=recorded.at)
        elif isinstance(recorded.event, CampaignScheduled):
            progress = msgspec.structs.replace(progress, started_at=None)
        request = Request(f"{self.name}:{recorded.position}", policy=self.name, position=recorded.position)
        command = ReportProgress(campaign_id=recorded.stream_id, progress=progress)
        with suppress(IdempotencyMismatch):  # an earlier run of this reaction said it, when less had happened
            await self._bus.execute(system(recorded.tenant_id), command, request)

    async def run(self) -> None:
        """Until cancelled, in the process that leads."""
        while True:
            try:
                await self.tell()
            except Refusal as refusal:
                _log.warning("campaigns were not reported: %s", fault(refusal))
            await asyncio.sleep(PAUSE)

    async def tell(self) -> None:
        """All that is known and was not said. Raises what the read model and the log raise."""
        unreported = await self._desk.unreported()
        await asyncio.gather(*(self._report(one) for one in unreported))

    async def _report(self, one: Standing) -> None:
        command = ReportProgress(campaign_id=one.campaign_id, progress=one.progress)
        await self._bus.execute(system(one.tenant_id), command, Request(policy=self.name))
