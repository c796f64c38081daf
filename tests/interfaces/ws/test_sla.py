"""What a tenant's socket is told of promises and of leads by rules: a frame each, and a visitor's nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from application.actor import system
from application.bus import CommandBus
from application.handlers import HANDLERS
from application.policies.keep_sla import KeepSlaClocks
from application.policies.qualify_by_rules import QualifyByRules
from application.qualification import DisqualifyConversation, QualifyConversation
from application.sla_clock import TellSla
from application.sla_policy import CreateSlaPolicy
from domain.ids import wire
from domain.sla_clock import clock_of
from domain.sla_policy import SlaDefinition, SlaTargets, WarnBefore
from infrastructure.clock import now, uuid7
from tests.application.test_keep_sla import MemoryPolicies
from tests.interfaces.ws.edge import Edge
from tests.support.memory_log import MemoryLog


class NoSources:
    """`application.ports.LeadSources` of a tenant whose contacts have nothing else."""

    async def open_conversations(self, tenant_id: int, contact_ids: object, seq: int) -> tuple[UUID, ...]:
        return ()

    async def pages(self, tenant_id: int, contact_id: UUID) -> tuple[str, ...]:
        return ()


async def react(edge: Edge, tenant_id: int) -> None:
    """Every event of the tenant, once more."""
    log, memory = await edge.log(tenant_id), MemoryLog()
    memory.recorded += log
    policies = (
        KeepSlaClocks(edge.store, edge.bus, MemoryPolicies(memory)),
        QualifyByRules(edge.store, edge.bus, NoSources()),
    )
    for policy in policies:
        for recorded in log:
            if policy.concerns(recorded):
                await policy.react(recorded)


async def ring(edge: Edge, tenant_id: int, chat: UUID, at: datetime) -> None:
    """What a timer does then."""
    bus = CommandBus(edge.store, HANDLERS, lambda: at, uuid7)
    await bus.execute(system(tenant_id), TellSla(clock_id=clock_of(chat)))


async def test_a_warning_and_a_breach_are_told_to_members_and_not_to_the_visitor(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    _, session = await edge.agent(tenant_id)
    guest = await edge.visitor(tenant_id)
    promise = SlaDefinition("Fast", SlaTargets(first_response=600), warn_before=WarnBefore(seconds=60))
    await edge.do(system(tenant_id), CreateSlaPolicy(definition=promise))
    chat = await edge.chat(guest.actor)
    before = await edge.head(tenant_id)
    await react(edge, tenant_id)
    for minutes in (9.5, 10.5):
        await ring(edge, tenant_id, chat, now() + timedelta(minutes=minutes))
    async with edge.member(session, since=before) as client, edge.guest(guest, since=before) as visitor:
        frames = await client.until("resume:complete")
        unseen = await visitor.until("resume:complete")
    told = [frame for frame in frames if frame["type"] == "conversation:updated"]
    assert {frame["data"]["id"] for frame in told} == {wire("conversation", chat)}
    changes = [frame["data"]["changes"]["sla"] for frame in told]
    assert [None if new is None else new["status"] for _, new in changes] == [
        None,
        "running",
        "warned",
        "breached",
    ]
    assert changes[-1][1]["target"] == "firstResponse"
    assert not [frame for frame in unseen if "eventId" in frame]


async def test_a_lead_by_rules_is_told_once_per_change_with_what_speaks_for_it(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    agent, session = await edge.agent(tenant_id)
    guest = await edge.visitor(tenant_id)
    async with edge.member(session) as client:
        await client.until("resume:complete")
        chat = await edge.chat(guest.actor, "I want to buy: zoe@home.test")
        for _ in range(2):
            await react(edge, tenant_id)
        await edge.say(guest.actor, chat, "What is the price?")
        await react(edge, tenant_id)
        await edge.do(agent, DisqualifyConversation(conversation_id=chat))
        await edge.say(guest.actor, chat, "The price?")
        await react(edge, tenant_id)
        await edge.do(agent, QualifyConversation(conversation_id=chat))
        frames = await client.up_to(await edge.head(tenant_id))
    posted = next(frame for frame in frames if frame["type"] == "message:new")
    leads = [frame["data"] for frame in frames if frame["type"] == "conversation:qualified"]
    assert [lead["by"] for lead in leads] == ["rule", "agent"]
    assert leads[0]["evidence"] == [posted["data"]["id"]]
    assert leads[0]["rulesetVersion"] == 0
    assert "zoe@home.test" not in leads[0]["why"]
    taken = [
        frame["data"]["changes"] for frame in frames if "qualified" in str(frame.get("data", {}).get("changes"))
    ]
    assert taken == [{"qualified": [True, False]}]
