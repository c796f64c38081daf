"""The process that sends a campaign is killed (kill -9) half-way; the next one goes on, and nobody gets two."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import TypeVar
from uuid import UUID, uuid4

from application.actor import system
from application.campaign import DraftCampaign, LaunchCampaign
from application.contact import IntroduceContact
from domain.campaign import CampaignContent
from domain.campaign_life import CampaignCompleted
from domain.campaign_progress import ProgressReported
from domain.conversation import MessagePosted
from infrastructure.embedded.nats import NatsServer
from infrastructure.eventstore.store import EventStore, open_event_store
from infrastructure.settings import master_key
from interfaces.routing import open_seats, seated_bus
from tests.infrastructure.webhooks.scene import until
from tests.support.processes import Verbatim

T = TypeVar("T")
SECRET = "a secret of thirty-two characters and more"
TENANT = 7
PEOPLE = 1_500
SALE = CampaignContent("Sale", {"en": "Sale today!"})


async def test_after_kill_9_each_contact_has_exactly_one_message(
    database_url: str, nats_server: NatsServer, tmp_path: Path
) -> None:
    def start(name: str) -> Verbatim:
        return Verbatim(
            tmp_path / name,
            *("serve", "--role", "reactor", "--role", "projector", "--port", "0"),
            database_url=database_url,
            nats_url=nats_server.url,
            secret=SECRET,
        )

    first, second = start("first"), None
    try:
        await asyncio.to_thread(first.url)
        async with open_event_store(database_url, master_key(SECRET)) as store:
            people = await _launched(store)

            async def some_are_sent() -> bool:
                return sum((await _sent(store)).values()) >= 250

            await until(some_are_sent, seconds=60)
            first.kill()
            before = await _sent(store)
            assert 250 <= sum(before.values()) < PEOPLE, "it was killed too late to show anything"
            second = start("second")
            await until(lambda: _is_done(store), seconds=90)
            after = await _sent(store)
            assert set(after) == people
            assert set(after.values()) == {1}
            last = (await _of_type(store, ProgressReported))[-1]
            await until(lambda: _is_reported(store), seconds=20)
            last = (await _of_type(store, ProgressReported))[-1]
            assert (last.progress.counts.total, last.progress.counts.sent) == (PEOPLE, PEOPLE)
    finally:
        for one in (first, second):
            if one is not None:
                one.kill()


async def _launched(store: EventStore) -> set[UUID]:
    bus, actor = seated_bus(store, open_seats(store)), system(TENANT)
    people = {uuid4() for _ in range(PEOPLE)}
    for chunk in range(0, PEOPLE, 250):
        some = sorted(people)[chunk : chunk + 250]
        await asyncio.gather(
            *(bus.execute(actor, IntroduceContact(contact_id=id, name="Somebody")) for id in some)
        )
    drafted = await bus.execute(actor, DraftCampaign(kind="one_off", content=SALE))
    await bus.execute(actor, LaunchCampaign(campaign_id=drafted.events[0].originator_id))
    return people


async def _of_type(store: EventStore, kind: type[T]) -> list[T]:
    found: list[T] = []
    after = 0
    while page := await store.reader.tenant_page(TENANT, after, 5_000):
        found += [one.event for one in page if isinstance(one.event, kind)]
        after = page[-1].seq
    return found


async def _sent(store: EventStore) -> Counter[UUID]:
    return Counter(event.subject_id for event in await _of_type(store, MessagePosted) if event.campaign_id)


async def _is_done(store: EventStore) -> bool:
    return bool(await _of_type(store, CampaignCompleted))


async def _is_reported(store: EventStore) -> bool:
    return (await _of_type(store, ProgressReported))[-1].progress.status == "completed"
