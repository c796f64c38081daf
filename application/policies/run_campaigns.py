"""Whenever a one-off campaign is launched or resumed, its messages are sent, until all are or it is stopped.

One reaction lasts as long as its campaign: the reactor's own cursor stays before the launch until then, so whoever
leads after a crash begins where the log says that it stopped. Each message has its key, so twice is once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import islice
from uuid import UUID

from application.actor import system
from application.bus import CommandBus, Receipt, Request
from application.campaign_ports import CampaignDesk, Member, Queued, Recipient
from application.campaign_sending import (
    CompleteCampaign,
    DropRecipients,
    QueueRecipients,
    SendCampaignMessage,
    TakeAudience,
)
from application.command import Command
from application.log import EventLog, Recorded
from application.work import fold
from domain.campaign import Campaign
from domain.campaign_batch import BATCH, Drop
from domain.campaign_life import CampaignLaunched, CampaignResumed
from domain.refusals import (
    Conflict,
    ContactIsErased,
    ContactIsMerged,
    IdempotencyMismatch,
    NotFound,
    Refusal,
    Unavailable,
    VisitorBlocked,
)

PAGE = 1_000
"""Contacts that are looked at for an audience at once."""
TRIES = 3
"""How often one recipient's message may lose a race before it is given up."""

SKIPPED: dict[type[Refusal], str] = {
    ContactIsErased: "erased",
    ContactIsMerged: "merged",
    VisitorBlocked: "blocked",
    NotFound: "gone",
}


class RunCampaigns:
    name = "run_campaigns"

    def __init__(self, log: EventLog, bus: CommandBus, desk: CampaignDesk) -> None:
        self._log = log
        self._bus = bus
        self._desk = desk

    def concerns(self, recorded: Recorded) -> bool:
        return isinstance(recorded.event, CampaignLaunched | CampaignResumed)

    async def react(self, recorded: Recorded) -> None:
        """Until nobody waits, or it does not run any more. Raises Unavailable."""
        run = _Run(self, recorded)
        campaign = await run.campaign()
        if campaign.kind != "one_off":
            return
        if campaign.total is None and campaign.status == "running":
            await run.take_audience(campaign)
        await run.send()

    async def load(self, recorded: Recorded) -> Campaign:
        found = fold(await self._log.load(recorded.tenant_id, recorded.stream_id))
        return found if isinstance(found, Campaign) else Campaign(recorded.stream_id)

    async def head(self, tenant_id: int) -> int:
        return await self._log.head(tenant_id)

    async def give(self, recorded: Recorded, command: Command, key: str) -> Receipt:
        whole = f"{self.name}:{recorded.stream_id.hex}:{key}"
        request = Request(whole, policy=self.name, position=recorded.position)
        return await self._bus.execute(system(recorded.tenant_id), command, request)

    @property
    def desk(self) -> CampaignDesk:
        return self._desk


class _Run:
    """One campaign, from one launch or resumption to its end or its next stop."""

    def __init__(self, policy: RunCampaigns, recorded: Recorded) -> None:
        self._policy = policy
        self._recorded = recorded
        self._tenant_id = recorded.tenant_id
        self._id = recorded.stream_id
        self._seq = recorded.seq

    async def campaign(self) -> Campaign:
        return await self._policy.load(self._recorded)

    async def take_audience(self, campaign: Campaign) -> None:
        """Whoever belongs to it now, page by page; goes on behind what an earlier run has queued."""
        desk, seq = self._policy.desk, await self._now()
        taken = await desk.taken(self._tenant_id, self._id, seq)
        number, total, after = taken.batches, taken.total, taken.last
        waiting: list[UUID] = []
        while True:
            page = await desk.members(self._tenant_id, campaign.content.segment, seq, after, PAGE)
            waiting += _chosen(page, campaign)
            while len(waiting) >= BATCH or (waiting and len(page) < PAGE):
                batch, waiting = tuple(islice(waiting, BATCH)), waiting[BATCH:]
                await self._queue(number, batch)
                number, total = number + 1, total + len(batch)
            if len(page) < PAGE:
                break
            after = page[-1].contact_id
            if (await self.campaign()).has_ended:
                return
        command = TakeAudience(campaign_id=self._id, total=total, batches=number)
        await self._give(command, "audience")

    async def send(self) -> None:
        """Batch by batch; whether it still runs is asked of the log before each."""
        number, began = 0, await self._now()
        while (campaign := await self.campaign()).status == "running":
            queued = await self._policy.desk.queued(self._tenant_id, self._id, began, number)
            if queued is not None:
                await self._send_batch(campaign, queued)
                number = queued.number + 1
            elif number == 0 or self._seq == began:
                await self._give(CompleteCampaign(campaign_id=self._id), "complete")
                return
            else:  # once more from the start: nobody may be left behind
                number, began = 0, await self._now()

    async def _now(self) -> int:
        """The head of the log; what is read from here on is as of it or later."""
        self._seq = max(self._seq, await self._policy.head(self._tenant_id))
        return self._seq

    async def _queue(self, number: int, contact_ids: tuple[UUID, ...]) -> None:
        command = QueueRecipients(campaign_id=self._id, number=number, contact_ids=contact_ids)
        await self._give(command, f"queue:{number}")

    async def _send_batch(self, campaign: Campaign, queued: Queued) -> None:
        """Raises Unavailable; what was sent until then is, and is not sent again."""
        sends = [self._send_one(campaign, one) for one in queued.recipients]
        outcomes = await asyncio.gather(*sends, return_exceptions=True)
        failure = next((one for one in outcomes if isinstance(one, BaseException)), None)
        if failure is not None:
            raise failure
        dropped = tuple(one for one in outcomes if isinstance(one, Drop))
        if dropped:
            command = DropRecipients(campaign_id=self._id, number=queued.number, dropped=dropped)
            await self._policy.give(self._recorded, command, f"drop:{queued.number}:{_ids(dropped)}")

    async def _send_one(self, campaign: Campaign, one: Recipient) -> Drop | None:
        """None: it was sent, now or earlier."""
        command = SendCampaignMessage(
            campaign_id=self._id,
            version=campaign.version,
            contact_id=one.contact_id,
            conversation_id=one.conversation_id,
        )
        for number in range(TRIES):
            try:
                await self._give(command, f"send:{one.contact_id.hex}")
            except IdempotencyMismatch:
                return None  # sent by an earlier run, which found another conversation, or another text
            except (ContactIsErased, ContactIsMerged, VisitorBlocked, NotFound) as refusal:
                return Drop(one.contact_id, "skipped", SKIPPED[type(refusal)])
            except Unavailable:
                raise
            except Refusal as refusal:
                if not isinstance(refusal, Conflict) or number == TRIES - 1:
                    return Drop(one.contact_id, "failed", refusal.code)
            else:
                return None
        return None

    async def _give(self, command: Command, key: str) -> None:
        receipt = await self._policy.give(self._recorded, command, key)
        self._seq = max(self._seq, receipt.seq)


def _chosen(page: Sequence[Member], campaign: Campaign) -> list[UUID]:
    return [one.contact_id for one in page if campaign.content.segment.includes(one.person)]


def _ids(dropped: Sequence[Drop]) -> str:
    """Names this very set: another one of the same batch is another command."""
    return str(sum(one.contact_id.int for one in dropped) % 2**64)
