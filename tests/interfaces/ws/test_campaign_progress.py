"""`campaign:progress` on the sockets: live as it comes, on a replay the last value only, and never a visitor's."""

from __future__ import annotations

from uuid import UUID

from application.actor import system
from application.campaign_sending import ReportProgress
from domain.campaign_life import CampaignKind, CampaignStatus
from domain.campaign_progress import Counts, Progress
from domain.ids import wire
from infrastructure.embedded.nats import NatsServer
from interfaces.ws.limits import SocketLimits
from tests.interfaces.ws.edge import Edge, open_edge

SALE, HELLO = UUID(int=0xA1), UUID(int=0xA2)
STATES: tuple[CampaignStatus, ...] = ("scheduled", "running", "paused", "running", "completed")
NAMES = {
    *("campaignId", "kind", "status", "total", "queued", "sent", "delivered", "read", "replied", "failed"),
    *("skipped", "percent", "startedAt", "updatedAt"),
}


async def report(
    edge: Edge, tenant_id: int, id: UUID, status: CampaignStatus, sent: int, kind: CampaignKind = "one_off"
) -> int:
    """As the product does; another state each time, so that no clock is waited for."""
    progress = Progress(kind, status, Counts(total=10, sent=sent, shown=sent), as_of=sent)
    return (await edge.do(system(tenant_id), ReportProgress(campaign_id=id, progress=progress))).seq


def told(frames: list[dict[str, object]]) -> list[dict[str, object]]:
    return [frame for frame in frames if frame["type"] == "campaign:progress"]


async def test_a_report_is_a_frame_with_a_position_of_its_own(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    _, session = await edge.agent(tenant_id)
    async with edge.member(session) as client:
        await client.until("resume:complete")
        seq = await report(edge, tenant_id, SALE, "running", 4)
        await report(edge, tenant_id, HELLO, "running", 5, "ongoing")
        frames = [await client.receive(), await client.receive()]
    sale, hello = frames[0]["data"], frames[1]["data"]
    assert (frames[0]["type"], frames[0]["seq"]) == ("campaign:progress", seq)
    assert frames[0]["eventId"].startswith("evt_")
    assert set(sale) == NAMES
    assert (sale["campaignId"], sale["sent"], sale["queued"]) == (wire("campaign", SALE), 4, 6)
    assert set(hello) == NAMES | {"shown", "seen", "conversations", "conversions"}
    assert (hello["percent"], hello["shown"]) == (None, 5)


async def test_a_replay_says_of_each_campaign_only_how_far_it_is(
    database_url: str, nats_server: NatsServer
) -> None:
    """Over many pages, with other events in between, in the order of the log."""
    async with open_edge(database_url, nats_server.url, SocketLimits(replay_page=3)) as edge:
        tenant_id = await edge.tenant()
        agent, session = await edge.agent(tenant_id)
        start = await edge.head(tenant_id)
        guest = await edge.visitor(tenant_id, "wt_not_needed")
        chat = await edge.chat(guest.actor)
        seqs: dict[UUID, list[int]] = {SALE: [], HELLO: []}
        for number, status in enumerate(STATES):
            seqs[SALE].append(await report(edge, tenant_id, SALE, status, number))
            await edge.say(agent, chat, f"in between {number}")
            if number < 2:
                seqs[HELLO].append(await report(edge, tenant_id, HELLO, status, number, "ongoing"))
        async with edge.member(session, since=start) as client:
            frames = await client.until("resume:complete")
        assert [frame["seq"] for frame in told(frames)] == [seqs[HELLO][-1], seqs[SALE][-1]]
        positions = [frame["seq"] for frame in frames if "eventId" in frame]
        assert positions == sorted(positions)
        assert sum(frame["type"] == "message:new" for frame in frames) == len(STATES) + 1
        async with edge.member(session, since=seqs[SALE][1]) as client:
            frames = await client.until("resume:complete")
        assert [frame["seq"] for frame in told(frames)] == [seqs[HELLO][-1], seqs[SALE][-1]]
        async with edge.member(session, since=seqs[SALE][-1]) as client:
            assert told(await client.until("resume:complete")) == []


async def test_no_visitor_and_no_other_tenant_hears_of_it(edge: Edge) -> None:
    tenant_id, other_id = await edge.tenant(), await edge.tenant()
    _, stranger = await edge.agent(other_id)
    guest = await edge.visitor(tenant_id)
    chat = await edge.chat(guest.actor)
    async with edge.guest(guest, since=0) as client, edge.member(stranger, since=0) as foreign:
        await client.until("resume:complete")
        await foreign.until("resume:complete")
        await report(edge, tenant_id, SALE, "running", 4)
        await edge.say(guest.actor, chat, "next")
        assert (await client.receive())["type"] == "message:new"
        foreigner = await edge.visitor(other_id)
        await edge.chat(foreigner.actor)
        assert (await foreign.receive())["type"] == "conversation:new"
    async with edge.guest(guest, since=0) as client:
        assert told(await client.until("resume:complete")) == []
