"""Campaigning: a desk whose reactor sends campaigns, in this process, with everything real."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

from application.actor import system
from application.contact import ChangeContact, IntroduceContact
from application.log import Recorded
from domain.campaign_progress import ProgressReported
from domain.conversation import MessagePosted
from domain.ids import parse
from infrastructure.clock import now
from infrastructure.ending import end
from infrastructure.projector.positions import ReadPositions
from infrastructure.reactor import Reactor
from infrastructure.timers import Timers
from interfaces.campaigns import campaign_policies
from interfaces.workload import Workload
from tests.interfaces.http.desk import Desk, Shop

CAMPAIGNS = "/api/v1/campaigns"
SALE: dict[str, Any] = {
    "name": "Sale",
    "kind": "one_off",
    "texts": {"en": "Sale today!", "de": "Heute Ausverkauf!"},
}
HELLO: dict[str, Any] = {
    "name": "Hello",
    "kind": "ongoing",
    "texts": {"en": "Need help?", "de": "Brauchst du Hilfe?"},
    "showing": {"pages": ["/pricing*"], "seconds": 5},
}


class Campaigning:
    """One shop's campaigns, by its supervisor."""

    def __init__(self, shop: Shop, boss: dict[str, str], reactor: Reactor) -> None:
        self.shop = shop
        self.desk: Desk = shop.desk
        self.boss = boss
        self.reactor = reactor

    async def contacts(self, number: int, **attributes: str) -> list[UUID]:
        """So many people whom the shop knows."""
        ids = [uuid4() for _ in range(number)]
        actor = system(self.shop.tenant_id)
        for id in ids:
            await self.desk.do(actor, IntroduceContact(contact_id=id, name="Somebody"))
            if attributes:
                text = "{" + ",".join(f'"{name}":"{value}"' for name, value in attributes.items()) + "}"
                await self.desk.do(actor, ChangeContact(contact_id=id, attributes=text))
        return ids

    async def drafted(self, body: dict[str, Any] = SALE, **more: Any) -> str:
        answer = await self.desk.http.post(CAMPAIGNS, json=body | more, headers=self.boss)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    async def post(self, id: str, act: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = await self.desk.http.post(f"{CAMPAIGNS}/{id}/{act}", json=body or {}, headers=self.boss)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def launched(self, body: dict[str, Any] = SALE, **more: Any) -> str:
        id = await self.drafted(body, **more)
        await self.post(id, "launch")
        await self.progress(id)
        return id

    async def progress(self, id: str) -> dict[str, Any]:
        """As of everything that was stored until now."""
        headers = self.boss | {"X-Min-Position": str(await self.shop.head())}
        answer = await self.desk.http.get(f"{CAMPAIGNS}/{id}/progress", headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def settled(self) -> None:
        """The reactor has carried out all that the log asks for."""
        async with asyncio.timeout(20):
            head = -1
            while head != (head := await self.desk.store.reader.head()):
                self.reactor.wake()
                await self.reactor.reached(head)

    async def events(self) -> list[Recorded]:
        return await self.desk.store.reader.tenant_page(self.shop.tenant_id, 0, 10_000)

    async def sent(self, id: str) -> list[UUID]:
        """To whom this campaign's message went, once for each time."""
        campaign_id = parse("campaign", id)
        said = [one.event for one in await self.events() if isinstance(one.event, MessagePosted)]
        return [event.subject_id for event in said if event.campaign_id == campaign_id]

    async def reports(self, id: str) -> list[ProgressReported]:
        campaign_id = parse("campaign", id)
        found = [one.event for one in await self.events() if isinstance(one.event, ProgressReported)]
        return [event for event in found if event.campaign_id == campaign_id]


@asynccontextmanager
async def open_campaigning(shop: Shop) -> AsyncIterator[Campaigning]:
    desk = shop.desk
    run, tell = campaign_policies(desk.store, desk.bus)
    workload = Workload(desk.store.database, ReadPositions(desk.store.database))
    timers = Timers(desk.bus, desk.store.reader, workload, now)
    reactor = Reactor(desk.store.database, desk.store.reader, [run, tell, timers], beside=[timers.run, tell.run])
    await reactor.register()
    desk.store.on_commit.append(lambda _: desk.projector.wake())
    desk.store.on_commit.append(lambda _: reactor.wake())
    work = [asyncio.create_task(desk.projector.run()), asyncio.create_task(reactor.run())]
    try:
        yield Campaigning(shop, await shop.member("supervisor"), reactor)
    finally:
        await end(work)
