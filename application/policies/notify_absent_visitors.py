"""Whenever a reply stays unread and the visitor is away, they are told by mail: once, until they are seen again.

A reply begins a wait, whose time the timers keep; they ask here first whether the visitor is there (`holds`). That
a notice is due is stored before it is sent, and what became of it after: a process that dies in between sends it
again, under the same id.
"""

from __future__ import annotations

from collections.abc import Set
from uuid import UUID

from application.actor import system
from application.bus import CommandBus, Request
from application.command import Command
from application.continuity import AboutNotice, NoteNoticeFailed, NoteNoticeSent, WatchForVisitor, case_of
from application.due import Due
from application.log import Recorded
from application.notice_ports import ContinuedWidgets, NoticeNotSent, Notices, Presence
from application.notice_text import notice_of
from application.work import Work
from domain.absence import is_reply
from domain.continuity import Continuity, FailReason, NoticeDue, WaitEnded, continuity_of
from domain.conversation import Conversation
from domain.receipts import Delivered
from domain.refusals import IdempotencyMismatch


class NotifyAbsentVisitors:
    """A `Policy`. Its bus remembers no aggregate: other processes move what it looks at."""

    name = "notify_absent_visitors"

    def __init__(self, bus: CommandBus, widgets: ContinuedWidgets, presence: Presence, notices: Notices) -> None:
        self._bus = bus
        self._widgets = widgets
        self._presence = presence
        self._notices = notices

    def concerns(self, recorded: Recorded) -> bool:
        event = recorded.event
        if isinstance(event, WaitEnded):
            return event.reason == "read"  # a reply may have come while it was looked
        return isinstance(event, NoticeDue | Delivered) or is_reply(event)

    async def react(self, recorded: Recorded) -> None:
        """Raises ProjectionBehind where the read model does not keep up."""
        if isinstance(recorded.event, NoticeDue):
            await self._send(recorded, recorded.event)
        elif widgets := await self._widgets.of(recorded.tenant_id, recorded.seq):
            await self._watch(recorded, widgets)

    async def holds(self, due: Due) -> bool:
        """A visitor who is here is not written to; whoever keeps the time asks again."""
        if due.kind != "continuity":
            return False
        continuity = await self._work(due.tenant_id).get(Continuity, due.stream_id)
        return await self._presence.is_here(due.tenant_id, continuity.contact_id)

    async def _watch(self, recorded: Recorded, widgets: Set[UUID]) -> None:
        event, tenant_id = recorded.event, recorded.tenant_id
        work = self._work(tenant_id)
        conversation_id = event.conversation_id if isinstance(event, WaitEnded) else recorded.stream_id
        continuity = await work.load(Continuity, continuity_of(conversation_id))
        if continuity.next_at is not None or (isinstance(event, Delivered) and continuity.told_at is None):
            return  # it is looked again anyway; what a browser has says something only after a notice
        if (await work.look_up(Conversation, conversation_id)).widget_id not in widgets:
            return
        was_back = continuity.told_at is not None and await self._presence.came_since(
            tenant_id, continuity.contact_id, continuity.told_at
        )
        await self._do(recorded, WatchForVisitor(conversation_id=conversation_id, was_back=was_back))

    async def _send(self, recorded: Recorded, due: NoticeDue) -> None:
        work = self._work(recorded.tenant_id)
        continuity = await work.get(Continuity, recorded.stream_id)
        if continuity.is_sending(due.notice_id, due.attempt):
            await self._do(recorded, await self._attempt(work, recorded, due))

    async def _attempt(self, work: Work, recorded: Recorded, due: NoticeDue) -> AboutNotice:
        """What is to be noted of it."""
        case = await case_of(work, due.conversation_id)
        if case.obstacle is not None:
            return _failed(due, case.obstacle, is_final=True)
        page = await self._presence.last_page(recorded.tenant_id, due.contact_id)
        notice = notice_of(case, due, recorded.tenant_id, page)
        if notice is None:
            return _failed(due, "erased", is_final=True)
        try:
            await self._notices.send(notice)
        except NoticeNotSent as refused:
            return _failed(due, refused.reason, is_final=refused.is_final)
        return NoteNoticeSent(
            continuity_id=due.originator_id, notice_id=due.notice_id, attempt=due.attempt, via=self._notices.via
        )

    async def _do(self, recorded: Recorded, command: Command) -> None:
        request = Request(f"{self.name}:{recorded.position}", policy=self.name, position=recorded.position)
        try:
            await self._bus.execute(system(recorded.tenant_id), command, request)
        except IdempotencyMismatch:
            return  # an earlier run of this reaction has done it, as things stood then

    def _work(self, tenant_id: int) -> Work:
        return self._bus.draft(system(tenant_id), type(self).__name__)


def _failed(due: NoticeDue, reason: FailReason, *, is_final: bool) -> NoteNoticeFailed:
    return NoteNoticeFailed(
        continuity_id=due.originator_id,
        notice_id=due.notice_id,
        attempt=due.attempt,
        reason=reason,
        is_final=is_final,
    )
