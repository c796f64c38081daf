"""Events by the dozen: conversations of one visitor, two events each, straight into the event store."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime

from application.log import Append, Meta, Slice
from domain.conversation import Conversation
from domain.kernel import By, Cause, Stamp
from infrastructure.eventstore.store import EventStore

TENANT = 7
VISITOR = uuid.UUID(int=0xD1)
STAMP = Stamp(by=By("visitor", VISITOR), at=datetime(2030, 1, 1, tzinfo=UTC), cause=Cause(command="Test"))


async def chats(store: EventStore, count: int, tenant_id: int = TENANT) -> None:
    """`count` conversations, started and one message posted, all at the same time."""
    await asyncio.gather(*(chat(store, tenant_id) for _ in range(count)))


async def chat(store: EventStore, tenant_id: int = TENANT) -> Conversation:
    """One conversation, durable; it can go on with `record`."""
    conversation = Conversation(uuid.uuid4())
    conversation.start(STAMP, tenant_id=tenant_id, contact_id=VISITOR, assistant_id=uuid.UUID(int=0xA))
    conversation.post(STAMP, uuid.uuid4(), "Hello")
    await record(store, conversation, tenant_id)
    return conversation


async def record(store: EventStore, conversation: Conversation, tenant_id: int = TENANT) -> None:
    """Store what the conversation has decided since the last time."""
    events = tuple(conversation.collect_events())
    before = events[0].originator_version - 1
    head = (await store.load(tenant_id, conversation.id)).head if before else b""
    piece = Slice(conversation.id, "conversation", before, head, events)
    command_id = uuid.uuid4()
    await store.append(Append(tenant_id, Meta(command_id), command_id.bytes, (piece,)))
