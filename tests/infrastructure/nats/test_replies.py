"""Whoever waits for an answer gets it, also one that came just before; never another one's."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from domain.conversation import AssistantReplied, Conversation
from domain.handling import HandedOver
from infrastructure.eventstore.store import EventStore
from infrastructure.nats.connection import NatsConnection
from infrastructure.nats.feed import Feed
from infrastructure.nats.replies import Replies
from tests.infrastructure.nats.broker import Broker
from tests.infrastructure.nats.chats import STAMP, TENANT, chat, record


@pytest.fixture
def replies(store: EventStore, nats: NatsConnection) -> Replies:
    return Replies(Feed(nats, store.reader, store.mapper), store.reader)


async def answer(store: EventStore, conversation: Conversation) -> None:
    conversation.reply(STAMP, uuid.uuid4(), "Good morning", conversation.version)
    await record(store, conversation)


async def test_an_answer_given_just_before_is_found(store: EventStore, replies: Replies) -> None:
    conversation = await chat(store)
    await answer(store, conversation)
    reply = await replies.wait(TENANT, conversation.id, 2, timeout=0.5)
    assert reply is not None
    assert isinstance(reply.event, AssistantReplied)
    assert (reply.event.text, reply.version) == ("Good morning", 3)


async def test_an_answer_that_comes_later_is_heard(store: EventStore, replies: Replies) -> None:
    conversation, other = await chat(store), await chat(store)
    waiting = asyncio.create_task(replies.wait(TENANT, conversation.id, 2, timeout=10))
    await answer(store, other)
    conversation.post(STAMP, uuid.uuid4(), "Are you there?")
    await record(store, conversation)
    conversation.hand_over(STAMP, "asked for a human")
    await record(store, conversation)
    reply = await waiting
    assert reply is not None
    assert isinstance(reply.event, HandedOver)
    assert reply.stream_id == conversation.id


async def test_an_answer_to_an_earlier_message_does_not_count(store: EventStore, replies: Replies) -> None:
    conversation = await chat(store)
    await answer(store, conversation)
    assert await replies.wait(TENANT, conversation.id, 3, timeout=0.2) is None


async def test_nothing_leaks_from_another_tenant(store: EventStore, replies: Replies) -> None:
    conversation = await chat(store)
    await answer(store, conversation)
    assert await replies.wait(TENANT + 1, conversation.id, 2, timeout=0.2) is None


async def test_without_nats_the_answer_still_arrives(store: EventStore, broker: Broker, replies: Replies) -> None:
    conversation = await chat(store)
    broker.kill()
    waiting = asyncio.create_task(replies.wait(TENANT, conversation.id, 2, timeout=10))
    await answer(store, conversation)
    assert await waiting is not None
