"""Sockets and mentions: whom a note reaches is told alone, and a visitor is told nothing."""

from __future__ import annotations

import json
from typing import Any

from application.conversation import PostMessage
from application.mention import Named, ReadMentions, ReadUpTo
from application.participant import AddParticipant, RemoveParticipant
from application.team import AddTeamMember, CreateTeam
from domain.ids import wire
from tests.interfaces.ws.edge import Edge


def notes(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [frame["data"] for frame in frames if frame["type"] == "message:new" and frame["data"]["private"]]


def changes(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [frame["data"]["changes"] for frame in frames if frame["type"] == "conversation:updated"]


async def test_only_whom_a_note_reaches_hears_that_it_does_live_and_by_replay(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    anna, annas = await edge.agent(tenant_id)
    ben, bens = await edge.agent(tenant_id)
    carla, carlas = await edge.agent(tenant_id, "supervisor")
    guest = await edge.visitor(tenant_id)
    chat = await edge.chat(guest.actor)
    team = (await edge.do(carla, CreateTeam(name="Billing"))).events[-1].originator_id
    await edge.do(carla, AddTeamMember(team_id=team, agent_id=carla.by.id))
    start = await edge.head(tenant_id)
    heard: dict[str, bool] = {}
    async with edge.member(annas) as first, edge.member(bens) as second, edge.member(carlas) as third:
        for client in (first, second, third):
            await client.until("resume:complete")
        named = Named((ben.by.id,), (team,))
        await edge.do(anna, PostMessage(conversation_id=chat, text="@Ben", private=True, mentions=named))
        for name, client in (("anna", first), ("ben", second), ("carla", third)):
            (note,) = notes(await client.up_to(start + 1))
            assert note["mentions"] == [wire("agent", ben.by.id), wire("team", team)]
            heard[name] = note.get("mentioned", False)
    assert heard == {"anna": False, "ben": True, "carla": True}
    for session, is_told in ((annas, False), (bens, True)):
        async with edge.member(session, since=start) as client:
            (note,) = notes(await client.until("resume:complete"))
            assert note.get("mentioned", False) is is_told


async def test_having_read_is_told_to_ones_own_screens_alone(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    anna, annas = await edge.agent(tenant_id)
    ben, bens = await edge.agent(tenant_id)
    chat = await edge.chat((await edge.visitor(tenant_id)).actor)
    named = Named((ben.by.id,))
    await edge.do(anna, PostMessage(conversation_id=chat, text="@Ben", private=True, mentions=named))
    start = await edge.head(tenant_id)
    async with edge.member(annas) as first, edge.member(bens) as second:
        for client in (first, second):
            await client.until("resume:complete")
        await edge.do(ben, ReadMentions(places=(ReadUpTo(chat),)))
        last = await edge.say(anna, chat, "thanks")
        assert changes(await second.up_to(last.seq))[0] == {"mentions": [None, 0]}
        assert not [one for one in changes(await first.up_to(last.seq)) if "mentions" in one]
    async with edge.member(annas, since=start) as client:
        assert not [one for one in changes(await client.until("resume:complete")) if "mentions" in one]


async def test_members_hear_who_joined_and_left_and_a_visitor_hears_none_of_it(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    anna, annas = await edge.agent(tenant_id)
    ben, _ = await edge.agent(tenant_id)
    guest = await edge.visitor(tenant_id)
    chat = await edge.chat(guest.actor)
    start, agt = await edge.head(tenant_id), wire("agent", ben.by.id)
    async with edge.member(annas) as member, edge.guest(guest) as visitor:
        for client in (member, visitor):
            await client.until("resume:complete")
        await edge.do(anna, AddParticipant(conversation_id=chat, agent_id=ben.by.id))
        await edge.do(ben, RemoveParticipant(conversation_id=chat, agent_id=ben.by.id))
        named = Named((ben.by.id,))
        await edge.do(anna, PostMessage(conversation_id=chat, text="secret", private=True, mentions=named))
        await edge.do(ben, ReadMentions(places=(ReadUpTo(chat),)))
        last = await edge.say(guest.actor, chat, "Hello?")
        told = changes(await member.up_to(last.seq))
        live = await visitor.up_to(last.seq)
    assert told == [{"participants": [[], [agt]]}, {"participants": [[agt], []]}]
    async with edge.guest(guest, since=start) as visitor:
        replayed = await visitor.until("resume:complete")
    for frames in (live, replayed):
        text = json.dumps([frame for frame in frames if "eventId" in frame])
        assert "Hello?" in text
        assert not [word for word in ("secret", agt, "mention", "participants") if word in text]
