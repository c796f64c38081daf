"""What a tenant's socket is told of mails to absent visitors: a frame each, and a visitor's nothing."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from application.actor import system
from application.bus import CommandBus
from application.continuity import LookForVisitor, NoteNoticeFailed, NoteNoticeSent, WatchForVisitor
from application.conversation import PostMessage, StartConversation
from application.handlers import HANDLERS
from application.widget import ConfigureWidget, InstallWidget
from application.widget_change import WidgetChange
from domain.continuity import NoticeDue, continuity_of
from domain.continuity_rule import ContinuityRule
from domain.ids import wire
from domain.widget import Look
from infrastructure.clock import now, uuid7
from tests.interfaces.ws.edge import Edge


async def test_what_became_of_a_notice_is_told_to_members_and_not_to_the_visitor(edge: Edge) -> None:
    tenant_id = await edge.tenant()
    agent, session = await edge.agent(tenant_id)
    guest, widget_id = await edge.visitor(tenant_id), uuid4()
    later = CommandBus(edge.store, HANDLERS, lambda: now() + timedelta(hours=1), uuid7)
    us = system(tenant_id)
    await edge.do(us, InstallWidget(widget_id=widget_id, look=Look(name="Shop")))
    change = WidgetChange(continuity=ContinuityRule(enabled=True))
    await edge.do(us, ConfigureWidget(widget_id=widget_id, change=change))
    begin = StartConversation(contact_id=guest.actor.by.id, widget_id=widget_id, text="Hi", email="vera@v.test")
    chat = (await edge.do(guest.actor, begin)).events[-1].originator_id
    await edge.do(agent, PostMessage(conversation_id=chat, text="Yes"))
    before = await edge.head(tenant_id)
    await edge.do(us, WatchForVisitor(conversation_id=chat))
    for outcome in ("failed", "sent"):
        (due,) = (await later.execute(us, LookForVisitor(continuity_id=continuity_of(chat)))).events
        assert isinstance(due, NoticeDue)
        facts = {"continuity_id": continuity_of(chat), "notice_id": due.notice_id, "attempt": due.attempt}
        if outcome == "failed":
            await edge.do(us, NoteNoticeFailed(**facts, reason="timeout"))
        else:
            await edge.do(us, NoteNoticeSent(**facts, via="email"))
    async with edge.member(session, since=before) as client, edge.guest(guest, since=before) as visitor:
        frames = await client.until("resume:complete")
        unseen = await visitor.until("resume:complete")
    told = [frame["data"] for frame in frames if frame["type"] == "conversation:updated"]
    assert {data["id"] for data in told} == {wire("conversation", chat)}
    (failed, sent) = [data["changes"]["notice"][1] for data in told]
    assert (failed["status"], failed["reason"], failed["replies"], "retryAt" in failed) == (
        "failed",
        "timeout",
        1,
        True,
    )
    assert (sent["status"], sent["via"], sent["replies"]) == ("sent", "email", 1)
    assert not [frame for frame in unseen if "eventId" in frame]
