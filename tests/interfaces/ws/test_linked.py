"""What a signed identity joined, its owner hears of; what an agent merged or a stranger owns, nobody else."""

from __future__ import annotations

from uuid import UUID

from application.joining import IdentifyContact, MergeContact, UnmergeContact
from domain.ids import wire
from tests.interfaces.ws.edge import Client, Edge, Visitor


async def identify(edge: Edge, guest: Visitor, known: Visitor) -> None:
    command = IdentifyContact(
        contact_id=known.actor.by.id, visitor_id=guest.actor.by.id, external_id="customer-1", name="Mia"
    )
    await edge.do(guest.actor, command)


async def texts_until(client: Client, text: str) -> list[str]:
    found: list[str] = []
    while text not in found:
        frame = await client.receive()
        if frame["type"] == "message:new":
            found.append(frame["data"]["text"])
    return found


async def test_a_known_contact_hears_of_what_their_browser_said_before_and_may_write_there(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    guest, known = await edge.visitor(tenant_id), await edge.visitor(tenant_id)
    chat = await edge.chat(guest.actor, "before")
    await identify(edge, guest, known)
    async with edge.guest(known, since=0) as client:
        replayed = await client.until("resume:complete")
        assert [one["data"]["text"] for one in replayed if one["type"] == "message:new"] == ["before"]
        await edge.say(guest.actor, chat, "after")
        await texts_until(client, "after")
        await edge.say(known.actor, chat, "from the known")
        await texts_until(client, "from the known")
        await client.send(type="typing", data={"conversationId": wire("conversation", chat), "typing": True})
        await client.send(type="ping")
        assert [frame["type"] for frame in await client.until("pong")] == ["pong"]


async def test_a_link_counts_for_a_socket_that_is_open_and_its_end_does_too(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    agent, _ = await edge.agent(tenant_id)
    guest, known = await edge.visitor(tenant_id), await edge.visitor(tenant_id)
    chat, own = await edge.chat(guest.actor, "before"), await edge.chat(known.actor, "mine")
    async with edge.guest(known) as client:
        await client.until("resume:complete")
        await edge.say(guest.actor, chat, "unheard")
        await identify(edge, guest, known)
        await edge.say(guest.actor, chat, "heard")
        assert await texts_until(client, "heard") == ["heard"]
        await edge.do(agent, UnmergeContact(contact_id=guest.actor.by.id))
        await edge.say(guest.actor, chat, "private again")
        await edge.say(known.actor, own, "last")
        assert await texts_until(client, "last") == ["last"]
        await _refused_typing(client, chat)
    async with edge.guest(known, since=0) as client:
        replayed = await client.until("resume:complete")
        assert [one["data"]["text"] for one in replayed if one["type"] == "message:new"] == ["mine", "last"]


async def test_what_an_agent_merged_and_what_strangers_say_is_not_heard(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    agent, _ = await edge.agent(tenant_id)
    guest, known, stranger = [await edge.visitor(tenant_id) for _ in range(3)]
    chats = [await edge.chat(who.actor, "hello") for who in (guest, known, stranger)]
    await edge.do(agent, MergeContact(contact_id=guest.actor.by.id, into_id=known.actor.by.id))
    async with edge.guest(known) as client:
        await client.until("resume:complete")
        await edge.say(guest.actor, chats[0], "merged")
        await edge.say(stranger.actor, chats[2], "strange")
        await edge.say(known.actor, chats[1], "own")
        assert await texts_until(client, "own") == ["own"]
        for chat in (chats[0], chats[2]):
            await _refused_typing(client, chat)


async def test_a_browser_that_was_linked_hears_of_nothing_that_the_known_contact_says_elsewhere(
    edge: Edge,
) -> None:
    tenant_id = await edge.tenant()
    guest, known = await edge.visitor(tenant_id), await edge.visitor(tenant_id)
    chat, elsewhere = await edge.chat(guest.actor), await edge.chat(known.actor)
    await identify(edge, guest, known)
    async with edge.guest(guest) as client:
        await client.until("resume:complete")
        await edge.say(known.actor, elsewhere, "elsewhere")
        await edge.say(guest.actor, chat, "here")
        assert await texts_until(client, "here") == ["here"]


async def test_a_linked_contact_who_loses_their_token_takes_nobody_along(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    guest, known = await edge.visitor(tenant_id), await edge.visitor(tenant_id)
    await edge.chat(guest.actor)
    await identify(edge, guest, known)
    async with edge.guest(guest) as gone, edge.guest(known) as stays:
        await gone.until("resume:complete")
        await stays.until("resume:complete")
        assert [len(channel) for channel in edge.hub.channels()] == [2]
        await edge.access.revoke_visitor(tenant_id, guest.actor.by.id)
        assert await gone.closed() == (4401, "token_revoked")
        await stays.send(type="ping")
        assert (await stays.until("pong"))[-1] == {"type": "pong"}


async def _refused_typing(client: Client, chat: UUID) -> None:
    await client.send(type="typing", data={"conversationId": wire("conversation", chat), "typing": True})
    assert (await client.until("error"))[-1]["data"]["code"] == "not_found"
