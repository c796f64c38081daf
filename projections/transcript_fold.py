"""The transcript's tables and how events change them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from application.log import Recorded
from application.projection import Connection
from domain import contact, conversation
from domain.contact import ContactErased
from domain.conversation import (
    AssistantReplied,
    Channel,
    Citation,
    ConversationStarted,
    Ended,
    HandledBy,
    HandlingChanged,
    MessagePosted,
    NoteAdded,
    Reopened,
    Status,
)
from domain.personal import readable
from projections.people import erased_people, fold_people, people_table
from projections.table import Key, Table

Speaker = Literal["visitor", "agent", "assistant"]


class Thread(msgspec.Struct):
    """One conversation: who is in it and where it stands."""

    tenant_id: int
    conversation_id: UUID
    contact_id: UUID
    widget_id: UUID | None
    assistant_id: UUID | None
    assignee_id: UUID | None
    channel: Channel
    status: Status
    handled_by: HandledBy
    started_at: datetime
    ended_at: datetime | None
    version: int
    seq: int


class Line(msgspec.Struct):
    """One message or private note; `contact_id` is the person whose erasure blanks it."""

    tenant_id: int
    conversation_id: UUID
    version: int
    message_id: UUID
    contact_id: UUID
    role: str
    author_id: UUID
    text: str | None
    private: bool
    at: datetime
    seq: int
    citations: tuple[Citation, ...]


THREADS = Table(
    "conversation", Thread, ("conversation_id",), indexes=("tenant_id, contact_id, started_at, conversation_id",)
)
LINES = Table("message", Line, ("conversation_id", "version"), indexes=("tenant_id, contact_id",))
PEOPLE = people_table("person")


class Transcript:
    """Folds conversations, what is said in them, and the contacts."""

    name = "transcript"
    version = 1
    tables = (THREADS.name, LINES.name, PEOPLE.name)
    concerns = frozenset(event.TYPE for event in (*conversation.EVENTS, *contact.EVENTS))

    def ddl(self, build: int) -> str:
        return THREADS.ddl(build) + LINES.ddl(build) + PEOPLE.ddl(build)

    async def fold(self, connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
        await fold_people(PEOPLE, connection, build, recorded)
        threads = await THREADS.load(connection, build, {(one.tenant_id, one.stream_id) for one in recorded})
        for one in recorded:
            _fold_thread(threads, one)
        await THREADS.upsert(connection, build, threads.values())
        await LINES.blank(connection, build, "text", "contact_id", erased_people(recorded))
        await LINES.upsert(connection, build, _lines(recorded))

    async def forget(self, connection: Connection, build: int, tenant_id: int, stream_id: UUID) -> None:
        for table in (THREADS, LINES, PEOPLE):
            await table.delete(connection, build, tenant_id, stream_id)


def _fold_thread(threads: dict[Key, Thread], one: Recorded) -> None:
    key = (one.tenant_id, one.stream_id)
    thread = threads.get(key)
    if isinstance(one.event, ConversationStarted):
        threads.setdefault(key, _started(one, one.event))
    elif thread is not None and thread.version < one.version:
        if isinstance(one.event, HandlingChanged):
            _move(thread, one.event)
        thread.version, thread.seq = one.version, one.seq


def _started(one: Recorded, event: ConversationStarted) -> Thread:
    return Thread(
        tenant_id=one.tenant_id,
        conversation_id=one.stream_id,
        contact_id=event.contact_id,
        widget_id=event.widget_id,
        assistant_id=event.assistant_id,
        assignee_id=event.handling.assignee_id,
        channel=event.channel,
        status=event.handling.status,
        handled_by=event.handling.handled_by,
        started_at=event.at,
        ended_at=None,
        version=one.version,
        seq=one.seq,
    )


def _move(thread: Thread, moved: HandlingChanged) -> None:
    thread.status, thread.handled_by = moved.after.status, moved.after.handled_by
    thread.assignee_id = moved.after.assignee_id
    if isinstance(moved, Ended):
        thread.ended_at = moved.at
    elif isinstance(moved, Reopened):
        thread.ended_at = None


def _lines(recorded: Sequence[Recorded]) -> list[Line]:
    """What is said in these events, without the words of people who are erased further on in them."""
    lines: list[Line] = []
    for one in recorded:
        if isinstance(one.event, ContactErased):
            for line in lines:
                line.text = None if line.contact_id == one.stream_id else line.text
        elif isinstance(one.event, MessagePosted | NoteAdded | AssistantReplied):
            lines.append(_line(one, one.event))
    return lines


def _line(one: Recorded, said: MessagePosted | NoteAdded | AssistantReplied) -> Line:
    return Line(
        tenant_id=one.tenant_id,
        conversation_id=one.stream_id,
        version=one.version,
        message_id=said.message_id,
        contact_id=said.subject_id,
        role=said.by.kind,
        author_id=said.by.id,
        text=readable(said.text),
        private=isinstance(said, NoteAdded),
        at=said.at,
        seq=one.seq,
        citations=said.citations if isinstance(said, AssistantReplied) else (),
    )
