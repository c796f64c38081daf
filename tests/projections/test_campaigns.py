"""The campaigns' read model: the same tables whatever the pages, and after a stream was folded anew."""

from __future__ import annotations

import random
from uuid import UUID

import msgspec
import pytest

from application.actor import system, visitor
from application.campaign import DraftCampaign, LaunchCampaign, PauseCampaign, ResumeCampaign
from application.campaign_sending import (
    DropRecipients,
    QueueRecipients,
    ReportProgress,
    SendCampaignMessage,
    TakeAudience,
)
from application.contact import IntroduceContact
from application.conversation import PostMessage, StartConversation
from application.qualification import DisqualifyConversation, QualifyConversation
from application.receipts import MarkDelivered, MarkRead
from domain.campaign import CampaignContent
from domain.campaign_batch import Drop
from domain.campaign_progress import Counts, Progress
from domain.conversation import MessagePosted
from infrastructure.postgres import Connection, Database
from projections.campaign_recipients import RECIPIENTS
from projections.campaigns import read_campaign, read_queued, read_recipients, read_taken, read_unreported
from projections.campaigns_fold import CAMPAIGNS, COUNTS, Campaigns
from tests.projections.conftest import ReadModels, fold_page
from tests.support.house import TENANT, House, agent
from tests.support.memory_log import MemoryLog

PRODUCT = system(TENANT)
PEOPLE = [UUID(int=0xF00 + number) for number in range(6)]
SALE = CampaignContent("Sale", {"en": "Sale!"})


async def sold(house: House, chance: random.Random) -> tuple[UUID, UUID]:
    """A one-off campaign to six people with every outcome, and an ongoing one that somebody answered twice."""
    for id in PEOPLE:
        await house.do(PRODUCT, IntroduceContact(contact_id=id, name="Somebody"))
    sale, hello = [
        (await house.do(PRODUCT, DraftCampaign(kind=kind, content=SALE))).events[0].originator_id
        for kind in ("one_off", "ongoing")
    ]
    await house.do(PRODUCT, LaunchCampaign(campaign_id=sale))
    await house.do(PRODUCT, LaunchCampaign(campaign_id=hello))
    for number, some in enumerate((PEOPLE[:4], PEOPLE[4:])):
        await house.do(PRODUCT, QueueRecipients(campaign_id=sale, number=number, contact_ids=tuple(some)))
    await house.do(PRODUCT, TakeAudience(campaign_id=sale, total=6, batches=2))
    await house.do(PRODUCT, PauseCampaign(campaign_id=sale))
    await house.do(PRODUCT, ResumeCampaign(campaign_id=sale))
    for id in PEOPLE[:4]:
        receipt = await house.do(
            PRODUCT, SendCampaignMessage(campaign_id=sale, version=1, contact_id=id, conversation_id=None)
        )
        chat, version = receipt.events[-1].originator_id, receipt.version
        acts = [
            MarkDelivered(conversation_id=chat, up_to=version),
            MarkRead(conversation_id=chat, up_to=version),
            PostMessage(conversation_id=chat, text="Yes"),
        ]
        for act in acts[: chance.randint(0, 3)]:
            await house.do(visitor(TENANT, id), act)
    dropped = (Drop(PEOPLE[4], "skipped", "blocked"), Drop(PEOPLE[5], "failed", "conflict"))
    await house.do(PRODUCT, DropRecipients(campaign_id=sale, number=1, dropped=dropped))
    chats: list[UUID] = []
    for _ in range(2):
        begun = StartConversation(contact_id=PEOPLE[0], campaign_id=hello, text="Yes")
        chats.append((await house.do(visitor(TENANT, PEOPLE[0]), begun)).events[-1].originator_id)
        await house.do(agent(), QualifyConversation(conversation_id=chats[-1]))
    await house.do(agent(), DisqualifyConversation(conversation_id=chats[-1]))
    await house.do(agent(), QualifyConversation(conversation_id=chats[-1]))
    progress = Progress("one_off", "running", Counts(total=6, sent=1), as_of=9)
    await house.do(PRODUCT, ReportProgress(campaign_id=sale, progress=progress))
    return sale, hello


async def rows(connection: Connection, build: int) -> dict[str, list[tuple[object, ...]]]:
    """With every count told, also where it is none."""
    found: dict[str, list[tuple[object, ...]]] = {}
    for table in (CAMPAIGNS, COUNTS, RECIPIENTS):
        columns = ", ".join(table.columns)
        cursor = await connection.execute(
            f"SELECT {columns} FROM read.{table.name}_{build} ORDER BY 1, 2, 3".encode()
        )
        read = [dict(zip(table.columns, row, strict=True)) for row in await cursor.fetchall()]
        found[table.name] = [msgspec.structs.astuple(msgspec.convert(row, table.row)) for row in read]
    return found


@pytest.mark.parametrize("seed", range(5))
async def test_one_page_event_by_event_or_twice_gives_the_same_tables(
    database: Database, house: House, seed: int
) -> None:
    await sold(house, random.Random(seed))
    assert isinstance(house.log, MemoryLog)
    log = house.log.recorded
    ways = [
        [log],
        [[one] for one in log],
        [log[:17], log[17:], log],
        [page for one in log for page in ([one],) * 2],
    ]
    async with database.worker() as connection:
        made = []
        for build, pages in enumerate(ways, 1):
            await connection.execute(Campaigns().ddl(build).encode(), prepare=False)
            for page in pages:
                await fold_page(connection, Campaigns(), build, page)
            made.append(await rows(connection, build))
    assert made[0]["campaign_recipient"]
    for other in made[1:]:
        assert other == made[0]


async def test_what_was_parked_can_be_folded_anew(database: Database, house: House) -> None:
    await sold(house, random.Random(1))
    assert isinstance(house.log, MemoryLog)
    log = house.log.recorded
    async with database.worker() as connection:
        await connection.execute(Campaigns().ddl(1).encode(), prepare=False)
        await fold_page(connection, Campaigns(), 1, log)
        before = await rows(connection, 1)
        sent = [one.stream_id for one in log if isinstance(one.event, MessagePosted) and one.event.campaign_id]
        for stream_id in [one.stream_id for one in log if one.type == "campaign.drafted.1"] + sent[:4]:
            async with connection.transaction():
                await Campaigns().forget(connection, 1, TENANT, stream_id)
            await fold_page(connection, Campaigns(), 1, [one for one in log if one.stream_id == stream_id])
        assert await rows(connection, 1) == before


async def test_the_counts_are_those_of_the_recipients(
    models: ReadModels, house: House, database: Database
) -> None:
    sale, hello = await sold(house, random.Random(3))
    await models.fold()
    async with models.tenant() as connection:
        view = await read_campaign(connection, TENANT, sale)
        other = await read_campaign(connection, TENANT, hello)
        page = await read_recipients(connection, TENANT, sale)
        taken = await read_taken(connection, TENANT, sale)
        queued = await read_queued(connection, TENANT, sale, 0)
        foreign = await read_campaign(connection, TENANT + 1, sale)
    assert view is not None
    assert other is not None
    assert foreign is None
    assert queued is None
    statuses = [one.status for one in page.recipients]
    assert (view.counts.total, view.counts.sent, view.counts.skipped, view.counts.failed) == (6, 4, 1, 1)
    assert view.counts.replied == statuses.count("replied")
    assert view.counts.read == sum(one in ("read", "replied") for one in statuses)
    assert view.counts.queued == 0
    assert (taken.batches, taken.total, taken.last) == (2, 6, PEOPLE[-1])
    assert (other.counts.conversations, other.counts.conversions) == (2, 2)
    assert view.status == "running"


async def test_only_what_was_not_reported_is_behind(models: ReadModels, house: House, database: Database) -> None:
    sale, hello = await sold(house, random.Random(3))
    await models.fold()
    async with database.worker() as connection:
        await connection.execute(
            "INSERT INTO es.projection_tenant (name, build, tenant_id, tpos) VALUES ('campaigns', 1, %s, 50)",
            (TENANT,),
        )
        behind = {one.campaign_id: one.progress for one in await read_unreported(connection)}
    assert set(behind) == {sale, hello}
    for id, progress in behind.items():
        house.later(seconds=10)
        await house.do(PRODUCT, ReportProgress(campaign_id=id, progress=progress))
    await models.fold()
    async with database.worker() as connection:
        assert await read_unreported(connection) == []
        await connection.execute(
            "INSERT INTO campaigns.tally (tenant_id, campaign_id, shown, seen) VALUES (%s, %s, 3, 1)",
            (TENANT, hello),
        )
        (one,) = await read_unreported(connection)
    assert (one.campaign_id, one.progress.counts.shown, one.progress.as_of) == (hello, 3, 50)
