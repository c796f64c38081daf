"""The entries of an export: what is held about one person, batch by batch, as the API shows it elsewhere.

Nothing is asked per row, and nothing is kept but the batch that is written now, so the largest person needs no
more memory than the smallest.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import TypeVar
from uuid import UUID

from domain.catalog import EVENT_TYPES
from domain.contact import ContactNoted
from domain.conversation import AssistantReplied, MessagePosted, NoteAdded
from domain.kernel import By
from domain.personal import personal_fields
from infrastructure.clock import now
from interfaces.conversation_body import conversation_of_view
from interfaces.event_body import EventBodies
from interfaces.export_bodies import ExportedFile, campaign_entry, file_entry, note_entry, visit_entry
from interfaces.export_formats import Entry
from interfaces.http.attachments import with_links
from interfaces.http.contact_body import contact_of_view
from interfaces.http.parts import HttpParts
from interfaces.message_body import message_of_view
from projections.contacts import read_contacts_of
from projections.held import (
    BATCH,
    HeldCampaign,
    HeldFile,
    HeldNote,
    HeldVisit,
    read_held_campaigns,
    read_held_files,
    read_held_notes,
    read_held_visits,
)
from projections.transcript import ConversationView, Message, messages_of_several, person_conversations

Row = TypeVar("Row")
_WITH_SECTIONS = (MessagePosted, NoteAdded, AssistantReplied, ContactNoted)
PERSONAL = tuple(
    name for name, kind in EVENT_TYPES.items() if personal_fields(kind) and not issubclass(kind, _WITH_SECTIONS)
)
"""Types of events that hold words on a person which no other section shows, or which were replaced since."""


class HeldPerson:
    """`family`: all contacts that are the person. `asker` is whom links to files are made for."""

    def __init__(self, parts: HttpParts, tenant_id: int, asker: By, family: Sequence[UUID]) -> None:
        self._parts = parts
        self._tenant_id = tenant_id
        self._asker = asker
        self._family = sorted(family)

    async def entries(self) -> AsyncIterator[list[Entry]]:
        """In the order of `SECTIONS`."""
        for section in (
            self._contacts,
            self._notes,
            self._conversations,
            self._files,
            self._visits,
            self._campaigns,
            self._events,
        ):
            async for batch in section():
                yield batch

    async def _contacts(self) -> AsyncIterator[list[Entry]]:
        for ids in _cut(self._family):
            async with self._parts.database.tenant(self._tenant_id) as connection:
                views = await read_contacts_of(connection, self._tenant_id, ids)
            yield [Entry("contact", contact_of_view(view)) for view in views]

    async def _notes(self) -> AsyncIterator[list[Entry]]:
        async def read(last: HeldNote | None) -> Sequence[HeldNote]:
            async with self._parts.database.tenant(self._tenant_id) as connection:
                return await read_held_notes(connection, self._tenant_id, self._family, last)

        async for page in _paged(read):
            yield [Entry("note", note_entry(one)) for one in page]

    async def _conversations(self) -> AsyncIterator[list[Entry]]:
        """Each with its messages behind it; with what agents noted in it, `private`."""
        async for page in self._threads():
            views = {view.conversation_id: view for view in sorted(page, key=lambda one: one.conversation_id)}
            waiting = list(views)
            async for said in self._said(list(views)):
                bodies = [message_of_view(one, views[one.conversation_id]) for one in said]
                linked = await with_links(self._parts, self._tenant_id, self._asker, bodies)
                entries: list[Entry] = []
                for message, body in zip(said, linked, strict=True):
                    while waiting and waiting[0] <= message.conversation_id:
                        entries.append(_conversation(views[waiting.pop(0)]))
                    entries.append(Entry("message", body))
                yield entries
            yield [_conversation(views[id]) for id in waiting]

    async def _files(self) -> AsyncIterator[list[Entry]]:
        async def read(last: HeldFile | None) -> Sequence[HeldFile]:
            async with self._parts.database.tenant(self._tenant_id) as connection:
                return await read_held_files(connection, self._tenant_id, self._family, last)

        async for page in _paged(read):
            yield [Entry("file", self._file(one)) for one in page]

    async def _visits(self) -> AsyncIterator[list[Entry]]:
        async def read(last: HeldVisit | None) -> Sequence[HeldVisit]:
            async with self._parts.database.tenant(self._tenant_id) as connection:
                return await read_held_visits(connection, self._tenant_id, self._family, last)

        async for page in _paged(read):
            yield [Entry("visit", visit_entry(one)) for one in page]

    async def _campaigns(self) -> AsyncIterator[list[Entry]]:
        async def read(last: HeldCampaign | None) -> Sequence[HeldCampaign]:
            async with self._parts.database.tenant(self._tenant_id) as connection:
                return await read_held_campaigns(connection, self._tenant_id, self._family, last)

        async for page in _paged(read):
            yield [Entry("campaign", campaign_entry(one)) for one in page]

    async def _events(self) -> AsyncIterator[list[Entry]]:
        """Of the contacts, then of their conversations: what was said of them before, why they are a lead."""
        for ids in _cut(self._family):
            async for batch in self._events_of(ids):
                yield batch
        async for page in self._threads():
            async for batch in self._events_of([view.conversation_id for view in page]):
                yield batch

    async def _threads(self) -> AsyncIterator[Sequence[ConversationView]]:
        async def read(last: ConversationView | None) -> Sequence[ConversationView]:
            async with self._parts.database.tenant(self._tenant_id) as connection:
                return await person_conversations(connection, self._tenant_id, self._family, last, BATCH)

        async for page in _paged(read):
            yield page

    async def _said(self, conversation_ids: Sequence[UUID]) -> AsyncIterator[Sequence[Message]]:
        async def read(last: Message | None) -> Sequence[Message]:
            left = (
                conversation_ids if last is None else [id for id in conversation_ids if id >= last.conversation_id]
            )
            async with self._parts.database.tenant(self._tenant_id) as connection:
                return await messages_of_several(connection, self._tenant_id, left, last, BATCH)

        async for page in _paged(read):
            yield page

    async def _events_of(self, stream_ids: Sequence[UUID]) -> AsyncIterator[list[Entry]]:
        bodies = EventBodies(personal=True)
        async for page in _paged(
            lambda last: self._parts.reader.of_types(self._tenant_id, stream_ids, PERSONAL, last, BATCH)
        ):
            yield [Entry("event", bodies.body(one)) for one in page]

    def _file(self, one: HeldFile) -> ExportedFile:
        if one.is_purged:
            return file_entry(one)
        link = self._parts.files.links.link(self._tenant_id, one.file_id, self._asker, now())
        return file_entry(one, self._parts.base_url + link.path, link.expires_at)


async def _paged(read: Callable[[Row | None], Awaitable[Sequence[Row]]]) -> AsyncIterator[Sequence[Row]]:
    """Batches of BATCH rows, each read behind the last row of the one before."""
    last: Row | None = None
    while page := await read(last):
        yield page
        if len(page) < BATCH:
            return
        last = page[-1]


def _cut(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]


def _conversation(view: ConversationView) -> Entry:
    return Entry("conversation", conversation_of_view(view, "agent"))
