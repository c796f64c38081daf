"""The transcript's tables and how events change them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from application.log import Recorded
from application.projection import Connection
from domain import contact, conversation
from domain.contact import ContactErased
from domain.conversation import AssistantReplied, Citation, ConversationStarted, MessagePosted, NoteAdded
from domain.file import Attachment
from domain.mention import Mentions
from domain.personal import readable
from projections.mentions_fold import MENTIONS, UNREAD, fold_mentions, forget_mentions, mentions_ddl
from projections.people import erased_people, fold_people, people_table
from projections.table import Key, Table
from projections.thread import Thread, begun, evolve

Said = MessagePosted | NoteAdded | AssistantReplied


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
    attachments: tuple[Attachment, ...]
    mentions: Mentions | None = None


THREADS = Table(
    "conversation", Thread, ("conversation_id",), indexes=("tenant_id, contact_id, started_at, conversation_id",)
)
LINES = Table("message", Line, ("conversation_id", "version"), indexes=("tenant_id, contact_id",))
PEOPLE = people_table("person")


class Transcript:
    """Folds conversations, what is said in them, and the contacts."""

    name = "transcript"
    version = 5
    tables = (THREADS.name, LINES.name, PEOPLE.name, MENTIONS.name, UNREAD.name)
    concerns = frozenset(event.TYPE for event in (*conversation.EVENTS, *contact.EVENTS))

    def ddl(self, build: int) -> str:
        return THREADS.ddl(build) + LINES.ddl(build) + PEOPLE.ddl(build) + mentions_ddl(build)

    async def fold(self, connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
        await fold_people(PEOPLE, connection, build, recorded)
        erased = erased_people(recorded)
        threads = await THREADS.load(connection, build, {(one.tenant_id, one.stream_id) for one in recorded})
        for one in recorded:
            _fold_thread(threads, one)
        for column in ("attributes", "comment", "recording_url", "call_transcript"):
            await THREADS.blank(connection, build, column, "contact_id", erased)
        await THREADS.upsert(connection, build, threads.values())
        await LINES.blank(connection, build, "text", "contact_id", erased)
        await LINES.upsert(connection, build, lines_of(recorded))
        await fold_mentions(connection, build, recorded)

    async def forget(self, connection: Connection, build: int, tenant_id: int, stream_id: UUID) -> None:
        await forget_mentions(connection, build, tenant_id, stream_id)
        for table in (THREADS, LINES, PEOPLE):
            await table.delete(connection, build, tenant_id, stream_id)


def lines_of(recorded: Sequence[Recorded]) -> list[Line]:
    """What is said in these events, without the words of people who are erased further on in them."""
    lines: list[Line] = []
    for one in recorded:
        if isinstance(one.event, ContactErased):
            for line in lines:
                line.text = None if line.contact_id == one.stream_id else line.text
        elif isinstance(one.event, Said):
            lines.append(_line(one, one.event))
    return lines


def _fold_thread(threads: dict[Key, Thread], one: Recorded) -> None:
    key = (one.tenant_id, one.stream_id)
    if isinstance(one.event, ConversationStarted):
        threads.setdefault(key, begun(one.event, one.seq))
    elif isinstance(one.event, ContactErased):
        for thread in threads.values():
            if (thread.tenant_id, thread.contact_id) == key:
                thread.forget_person()
    elif key in threads:
        evolve(threads[key], one.event, one.seq)


def _line(one: Recorded, said: Said) -> Line:
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
        attachments=() if isinstance(said, AssistantReplied) else said.attachments,
        mentions=said.mentions if isinstance(said, NoteAdded) else None,
    )
