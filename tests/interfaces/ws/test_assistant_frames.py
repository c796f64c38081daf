"""What an assistant does, on sockets: its words while it writes them, and that it takes somebody for a lead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from application.actor import system
from application.assistant import ConfigureAssistant
from application.policies.answer_with_assistant import AnswerWithAssistant
from application.ports import Answer, Hear, Lead, Question, unheard
from application.qualification import DisqualifyConversation, QualifyConversation
from domain.conversation import MessagePosted
from domain.ids import wire
from domain.persona import Persona
from infrastructure.clock import uuid7
from infrastructure.embedded.nats import NatsServer
from infrastructure.nats.connection import nats_connection
from infrastructure.nats.feed import Feed
from interfaces.live_words import FeedWords
from tests.interfaces.ws.edge import PATIENCE, Client, Edge

WORDS = ("Within ", "30 days 🙂, ", "unworn.")
SETTLED = "Within 30 days 🙂,"
"""What is shown before the message: whole words."""
LEAD = Lead("Wants 50 chairs", 80)


class Speaker:
    """Says a piece, and the next one when the test has seen it."""

    def __init__(self) -> None:
        self.seen = asyncio.Event()

    async def answer(self, question: Question, hear: Hear = unheard) -> Answer:
        for number in range(1, len(WORDS)):
            hear("".join(WORDS[:number]))
            async with asyncio.timeout(PATIENCE):
                await self.seen.wait()
            self.seen.clear()
        return Answer("".join(WORDS), model="m", tokens=7, lead=LEAD)


@pytest.fixture
async def words(edge: Edge, nats_server: NatsServer) -> AsyncIterator[FeedWords]:
    """Those of another process: the one whose reactor asks the model."""
    async with nats_connection(nats_server.url, "reactor") as nats:
        yield FeedWords(Feed(nats, edge.store.reader, edge.store.mapper), pace=0.01)


async def assistant_of(edge: Edge, tenant_id: int) -> UUID:
    bot = uuid7()
    persona = Persona(name="Ada", fallback="One moment.")
    await edge.do(system(tenant_id), ConfigureAssistant(assistant_id=bot, persona=persona))
    return bot


async def answered(edge: Edge, words: FeedWords, model: Speaker, tenant_id: int) -> None:
    """The assistant answers what a visitor said last, as the reactor has it do."""
    asked = [one for one in await edge.log(tenant_id) if isinstance(one.event, MessagePosted)]
    await AnswerWithAssistant(edge.store, edge.bus, model, words).react(asked[-1])


async def heard(client: Client, model: Speaker, chat: UUID) -> None:
    """The words come on this socket, piece by piece, until all stand there that are whole."""
    shown = ""
    while shown.rstrip() != SETTLED:
        frame = (await client.until("assistant:delta"))[-1]
        assert set(frame) == {"type", "data"}
        assert frame["data"]["conversationId"] == wire("conversation", chat)
        shown = shown[: frame["data"]["offset"]] + frame["data"]["text"]
        model.seen.set()


async def test_the_words_come_to_the_visitor_whom_they_are_for_and_then_the_message(
    edge: Edge, words: FeedWords
) -> None:
    tenant_id, model = await edge.tenant(), Speaker()
    guest, other = await edge.visitor(tenant_id), await edge.visitor(tenant_id)
    chat = await edge.chat(guest.actor, "Returns?", assistant_id=await assistant_of(edge, tenant_id))
    head = await edge.head(tenant_id)
    async with edge.guest(guest) as client, edge.guest(other) as stranger:
        for one in (client, stranger):
            await one.until("resume:complete")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(answered(edge, words, model, tenant_id))
            await heard(client, model, chat)
        message = (await client.until("message:new"))[-1]["data"]
        assert (message["role"], message["text"]) == ("assistant", "".join(WORDS))
        await stranger.send(type="ping")
        told = [frame["type"] for frame in await stranger.until("pong")]
    assert "assistant:delta" not in told
    types = [one.type for one in await edge.log(tenant_id) if one.seq > head]
    assert [one for one in types if one.startswith("conversation.")] == [
        "conversation.qualified.1",
        "conversation.assistant_replied.1",
    ], "words on their way are not stored"


async def test_members_hear_the_words_and_the_lead_and_no_other_tenant_does(edge: Edge, words: FeedWords) -> None:
    tenant_id, elsewhere, model = await edge.tenant(), await edge.tenant(), Speaker()
    _, session = await edge.agent(tenant_id)
    _, foreign = await edge.agent(elsewhere)
    guest = await edge.visitor(tenant_id)
    chat = await edge.chat(guest.actor, "50 chairs please", assistant_id=await assistant_of(edge, tenant_id))
    async with edge.member(session) as member, edge.member(foreign) as stranger, edge.guest(guest) as client:
        for one in (member, stranger, client):
            await one.until("resume:complete")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(answered(edge, words, model, tenant_id))
            await heard(member, model, chat)
        lead = (await member.until("conversation:qualified"))[-1]
        await member.until("message:new")
        shown = [frame["type"] for frame in await client.until("message:new")]
        await stranger.send(type="ping")
        told = [frame["type"] for frame in await stranger.until("pong")]
    assert set(lead) == {"type", "seq", "eventId", "at", "data"}
    data = {"id": wire("conversation", chat), "score": LEAD.score, "why": LEAD.why, "by": "assistant"}
    data |= {"evidence": [], "rulesetVersion": None}
    assert lead["data"] == data | {"version": lead["data"]["version"]}
    assert set(shown) == {"assistant:delta", "message:new"}, "a lead is the team's to know"
    assert not {"assistant:delta", "conversation:qualified"} & set(told)


async def test_a_lead_is_told_once_per_transition(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    agent, session = await edge.agent(tenant_id)
    guest = await edge.visitor(tenant_id)
    chat = await edge.chat(guest.actor)
    async with edge.member(session) as client:
        await client.until("resume:complete")
        for command in (
            QualifyConversation(conversation_id=chat, score=70, why="Left an address"),
            QualifyConversation(conversation_id=chat, score=70, why="Left an address"),
            DisqualifyConversation(conversation_id=chat),
            DisqualifyConversation(conversation_id=chat),
            QualifyConversation(conversation_id=chat, score=70, why="Left an address"),
        ):
            await edge.do(agent, command)
        last = await edge.say(agent, chat, "Hello")
        frames = [one for one in await client.up_to(last.seq) if "eventId" in one]
    told = [_told(frame) for frame in frames]
    assert told[:3] == [
        ("conversation:qualified", 70),
        ("conversation:updated", {"qualified": [True, False]}),
        ("conversation:qualified", 70),
    ]
    assert [frame["type"] for frame in frames].count("conversation:qualified") == 2


def _told(frame: dict[str, Any]) -> tuple[str, Any]:
    return frame["type"], frame["data"].get("score", frame["data"].get("changes"))
