"""The policy that tells absent visitors, on a log in memory: whom, when, what, and how often."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from application.actor import system
from application.bus import CommandBus
from application.cache import AggregateCache
from application.contact import BlockContact, EraseContact, IntroduceContact
from application.continuity import LookForVisitor, NoteNoticeFailed, NoteNoticeSent
from application.conversation import PostMessage, ReplyAsAssistant, StartConversation
from application.due import Due, due_of
from application.handlers import HANDLERS
from application.joining import IdentifyContact, MergeContact
from application.notice_ports import NoticeNotSent
from application.policies.notify_absent_visitors import NotifyAbsentVisitors
from application.receipts import MarkDelivered, MarkRead
from application.widget import ArchiveWidget, ConfigureWidget
from application.widget_change import WidgetChange
from application.work import fold
from domain.continuity import Continuity, continuity_of
from domain.continuity_rule import ContinuityRule
from domain.conversation import Conversation
from domain.refusals import NotFound
from tests.support.house import ADMIN, ANSWERING, ASSISTANT, TENANT, VISITING, VISITOR, WIDGET, House, agent
from tests.support.memory_log import MemoryLog
from tests.support.memory_notices import MemoryNotices, MemoryPresence, MemoryWidgets

OLDER = UUID(int=0xD7)
ON = ContinuityRule(enabled=True)


class Scene(House):
    """A house with a widget that asks for continuity, followed and timed when a test says so."""

    def __init__(self) -> None:
        self.memory = MemoryLog()
        super().__init__(self.memory)
        self.presence, self.notices = MemoryPresence(), MemoryNotices()
        self.followed = 0
        bus = CommandBus(self.memory, HANDLERS, lambda: self.now, self.new_id, AggregateCache(0))
        widgets = MemoryWidgets(self.memory)
        self.policy = NotifyAbsentVisitors(bus, widgets, self.presence, self.notices)

    async def begin(self, rule: ContinuityRule = ON, email: str | None = "vera@v.test") -> UUID:
        """A visitor's conversation by the widget; its id."""
        await self.open()
        await self.do(ADMIN, ConfigureWidget(widget_id=WIDGET, change=WidgetChange(continuity=rule)))
        command = StartConversation(contact_id=VISITOR, widget_id=WIDGET, text="Do you have it?", email=email)
        receipt = await self.do(VISITING, command)
        return receipt.events[-1].originator_id

    async def follow(self, since: int | None = None) -> None:
        """As a reactor does, until nothing new comes of it."""
        place = self.followed if since is None else since
        while place < len(self.memory.recorded):
            one = self.memory.recorded[place]
            place += 1
            if self.policy.concerns(one):
                await self.policy.react(one)
        self.followed = place

    async def ring(self) -> None:
        """As the timers do: all that is due, unless it is held."""
        due: dict[UUID, Due] = {}
        for one in self.memory.recorded:
            found = due_of(one)
            if found is not None and found.kind == "continuity":
                due[found.stream_id] = found
        for one in due.values():
            if one.at is not None and one.at <= self.now and not await self.policy.holds(one):
                await self.do(system(TENANT), LookForVisitor(continuity_id=one.stream_id))
        await self.follow()

    async def wait(self, minutes: float = 10) -> None:
        await self.follow()
        self.later(minutes=minutes)
        await self.ring()

    async def reply(self, chat: UUID, text: str = "Yes, in blue.") -> None:
        await self.say(chat, text, agent())

    async def read(self, chat: UUID) -> None:
        await self.do(VISITING, MarkRead(conversation_id=chat, up_to=await self.version(chat)))

    async def version(self, chat: UUID) -> int:
        conversation = fold(await self.memory.load(TENANT, chat))
        assert isinstance(conversation, Conversation)
        return conversation.version

    async def continuity(self, chat: UUID) -> Continuity:
        found = fold(await self.memory.load(TENANT, continuity_of(chat)))
        assert isinstance(found, Continuity)
        return found

    def steps(self, chat: UUID) -> list[str]:
        return [type.split(".")[1] for type in self.memory.types(continuity_of(chat))]


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_replies_that_stay_unread_are_told_in_one_mail(scene: Scene) -> None:
    chat = await scene.begin()
    await scene.reply(chat)
    await scene.wait(4)
    await scene.reply(chat, "Two of them.")
    await scene.do(agent(), PostMessage(conversation_id=chat, text="a secret note", private=True))
    await scene.wait(5.9)
    assert scene.notices.sent == []
    await scene.wait(0.1)
    (notice,) = scene.notices.sent
    assert (notice.address, notice.sender, notice.replies) == ("vera@v.test", "Shop", 2)
    assert notice.subject == "Shop: You have an unread reply"
    assert notice.text == (
        "While you were away we wrote:\n\nAgent:\nYes, in blue.\n\nAgent:\nTwo of them.\n\n-- \nShop\n"
    )
    assert scene.steps(chat) == ["reply_awaited", "notice_due", "notice_sent"]
    last = scene.memory.last()
    assert (last.by.kind, last.cause.policy) == ("system", "notify_absent_visitors")


async def test_nothing_personal_is_in_the_events(scene: Scene) -> None:
    chat = await scene.begin()
    await scene.reply(chat)
    await scene.wait()
    for one in scene.memory.recorded:
        if one.stream_id == continuity_of(chat):
            assert "vera" not in repr(one.event)
            assert "blue" not in repr(one.event)


async def test_every_event_once_more_sends_nothing_more(scene: Scene) -> None:
    chat = await scene.begin()
    await scene.reply(chat)
    await scene.wait()
    await scene.reply(chat)
    await scene.follow()
    before = len(scene.memory.recorded)
    await scene.follow(since=0)
    assert (len(scene.memory.recorded), len(scene.notices.sent)) == (before, 1)


async def test_a_crash_between_sending_and_noting_sends_the_same_notice_again(scene: Scene) -> None:
    chat = await scene.begin()
    await scene.reply(chat)
    await scene.wait()
    place = next(i for i, one in enumerate(scene.memory.recorded) if one.type == "continuity.notice_due.1")
    del scene.memory.recorded[place + 1 :]
    scene.memory._commands.clear()  # pyright: ignore[reportPrivateUsage]
    await scene.follow(since=place)
    first, second = scene.notices.sent
    assert first.id == second.id
    assert scene.steps(chat) == ["reply_awaited", "notice_due", "notice_sent"]


async def test_a_visitor_who_is_there_is_not_written_to_until_they_have_left(scene: Scene) -> None:
    chat = await scene.begin()
    scene.presence.here.add(VISITOR)
    await scene.reply(chat)
    await scene.wait(60)
    assert scene.steps(chat) == ["reply_awaited"]
    scene.presence.here.clear()
    await scene.wait(0)
    assert len(scene.notices.sent) == 1


async def test_what_they_have_read_is_not_told(scene: Scene) -> None:
    chat = await scene.begin()
    await scene.reply(chat)
    await scene.follow()
    await scene.read(chat)
    await scene.wait()
    assert scene.steps(chat) == ["reply_awaited", "wait_ended"]
    assert scene.notices.sent == []


async def test_a_live_conversation_costs_one_event_per_wait(scene: Scene) -> None:
    chat = await scene.begin()
    for _ in range(9):
        await scene.reply(chat)
        await scene.follow()
        await scene.read(chat)
        await scene.wait(1)
    assert scene.steps(chat) == ["reply_awaited"]


async def test_it_is_quiet_until_they_are_seen_again(scene: Scene) -> None:
    chat = await scene.begin()
    await scene.reply(chat)
    await scene.wait()
    await scene.reply(chat, "Still there?")
    await scene.wait(60)
    assert len(scene.notices.sent) == 1
    await scene.do(VISITING, MarkDelivered(conversation_id=chat, up_to=await scene.version(chat)))
    await scene.wait()
    assert [notice.replies for notice in scene.notices.sent] == [1, 1]
    assert "Still there?" in scene.notices.sent[1].text


async def test_a_page_that_they_looked_at_ends_the_quiet_for_the_next_reply(scene: Scene) -> None:
    chat = await scene.begin()
    await scene.reply(chat)
    await scene.wait()
    scene.presence.seen[VISITOR] = scene.now + timedelta(minutes=1)
    scene.later(minutes=2)
    await scene.reply(chat, "One more thing")
    await scene.wait()
    assert len(scene.notices.sent) == 2


async def test_a_reply_that_came_while_it_was_looked_is_waited_for(scene: Scene) -> None:
    chat = await scene.begin()
    await scene.reply(chat)
    await scene.follow()
    await scene.read(chat)
    scene.later(minutes=10)
    await scene.do(system(TENANT), LookForVisitor(continuity_id=continuity_of(chat)))
    await scene.reply(chat)
    ended = scene.memory.recorded[-2]
    await scene.policy.react(ended)
    assert scene.steps(chat) == ["reply_awaited", "wait_ended", "reply_awaited"]


async def test_the_assistants_reply_is_told_too(scene: Scene) -> None:
    chat = await scene.begin()
    asked = await scene.version(chat)
    await scene.do(ANSWERING, ReplyAsAssistant(conversation_id=chat, text="It is.", asked_version=asked))
    await scene.wait()
    (notice,) = scene.notices.sent
    assert "Assistant:\nIt is." in notice.text


@pytest.mark.parametrize("why", ["off", "no_address", "blocked", "erased", "archived", "elsewhere"])
async def test_nobody_is_told_who_may_not_be(scene: Scene, why: str) -> None:
    rule = ContinuityRule(enabled=why != "off")
    chat = await scene.begin(rule, None if why == "no_address" else "vera@v.test")
    if why == "elsewhere":
        chat = await scene.chat(with_assistant=False)
    await _stop(scene, why)
    await scene.reply(chat)
    await scene.wait()
    assert scene.steps(chat) == []


@pytest.mark.parametrize(("why", "said"), [("blocked", "blocked"), ("erased", "erased"), ("archived", "off")])
async def test_a_wait_ends_when_nobody_may_be_told_any_more(scene: Scene, why: str, said: str) -> None:
    chat = await scene.begin()
    await scene.reply(chat)
    await scene.follow()
    await _stop(scene, why)
    await scene.wait()
    assert scene.steps(chat) == ["reply_awaited", "wait_ended"]
    assert getattr(scene.memory.last(), "reason", None) == said


async def _stop(scene: Scene, why: str) -> None:
    match why:
        case "blocked":
            await scene.do(agent(), BlockContact(contact_id=VISITOR, reason="abuse"))
        case "erased":
            await scene.do(ADMIN, EraseContact(contact_id=VISITOR, reason="asked"))
        case "archived":
            await scene.do(ADMIN, ArchiveWidget(widget_id=WIDGET))
        case _:
            return


async def test_somebody_erased_while_it_was_due_is_not_written_to(scene: Scene) -> None:
    chat = await scene.begin()
    await scene.reply(chat)
    await scene.follow()
    scene.later(minutes=10)
    await scene.do(system(TENANT), LookForVisitor(continuity_id=continuity_of(chat)))
    await scene.do(ADMIN, EraseContact(contact_id=VISITOR, reason="asked"))
    scene.memory.shred(VISITOR)
    await scene.follow()
    assert scene.notices.sent == []
    last = scene.memory.last()
    assert (last.TYPE, getattr(last, "reason", None)) == ("continuity.notice_failed.1", "erased")


async def test_somebody_blocked_while_it_was_due_is_not_written_to(scene: Scene) -> None:
    chat = await scene.begin()
    await scene.reply(chat)
    await scene.follow()
    scene.later(minutes=10)
    await scene.do(system(TENANT), LookForVisitor(continuity_id=continuity_of(chat)))
    await _stop(scene, "blocked")
    await scene.follow()
    assert scene.notices.sent == []
    assert getattr(scene.memory.last(), "reason", None) == "blocked"


async def test_what_fails_is_tried_again_under_its_id(scene: Scene) -> None:
    chat = await scene.begin()
    scene.notices.troubles = [NoticeNotSent("unavailable"), NoticeNotSent("timeout")]
    await scene.reply(chat)
    await scene.wait()
    await scene.wait(1)
    await scene.wait(5)
    assert scene.steps(chat) == [
        "reply_awaited",
        *["notice_due", "notice_failed"] * 2,
        "notice_due",
        "notice_sent",
    ]
    assert len({getattr(one.event, "notice_id", None) for one in scene.memory.recorded} - {None}) == 1


async def test_an_address_that_is_refused_is_not_tried_again(scene: Scene) -> None:
    chat = await scene.begin()
    scene.notices.troubles = [NoticeNotSent("address_refused", is_final=True)]
    await scene.reply(chat)
    await scene.wait()
    await scene.wait(60)
    assert scene.steps(chat) == ["reply_awaited", "notice_due", "notice_failed"]
    assert (await scene.continuity(chat)).next_at is None


async def test_noting_what_became_of_another_attempt_changes_nothing(scene: Scene) -> None:
    chat = await scene.begin()
    await scene.reply(chat)
    await scene.wait()
    facts = {"continuity_id": continuity_of(chat), "notice_id": UUID(int=1), "attempt": 1}
    assert (await scene.do(system(TENANT), NoteNoticeSent(**facts, via="log"))).events == ()
    assert (await scene.do(system(TENANT), NoteNoticeFailed(**facts, reason="timeout"))).events == ()
    with pytest.raises(NotFound):
        await scene.do(system(TENANT), LookForVisitor(continuity_id=UUID(int=1)))


async def test_a_person_is_reached_by_the_address_of_whom_they_became(scene: Scene) -> None:
    chat = await scene.begin(email=None)
    await scene.do(agent(), IntroduceContact(contact_id=OLDER, email="known@v.test"))
    await scene.do(agent(), MergeContact(contact_id=VISITOR, into_id=OLDER))
    await scene.reply(chat)
    await scene.wait()
    assert [notice.address for notice in scene.notices.sent] == ["known@v.test"]


async def test_only_a_signed_address_where_the_widget_asks_for_that(scene: Scene) -> None:
    chat = await scene.begin(ContinuityRule(enabled=True, verified_only=True))
    await scene.reply(chat)
    await scene.wait()
    assert scene.steps(chat) == []
    known = IdentifyContact(contact_id=OLDER, external_id="u1", visitor_id=VISITOR, email="signed@v.test")
    await scene.do(VISITING, known)
    await scene.reply(chat)
    await scene.wait()
    assert [notice.address for notice in scene.notices.sent] == ["signed@v.test"]


@pytest.mark.parametrize(
    ("url", "origins", "page", "back"),
    [
        ("https://shop.test/chat", (), "https://evil.test/", "https://shop.test/chat"),
        (None, ("https://shop.test",), "https://shop.test/blue?x=1", "https://shop.test/blue?x=1"),
        (None, ("https://shop.test",), "https://shop.test.evil.test/", None),
        (None, (), "https://evil.test/", None),
        (None, ("https://shop.test",), None, None),
    ],
)
async def test_the_way_back_is_the_widgets_page_or_one_of_its_own_site(
    scene: Scene, url: str | None, origins: tuple[str, ...], page: str | None, back: str | None
) -> None:
    chat = await scene.begin(ContinuityRule(enabled=True, url=url))
    await scene.do(ADMIN, ConfigureWidget(widget_id=WIDGET, change=WidgetChange(origins=origins, locale="de")))
    scene.presence.page = page
    await scene.reply(chat)
    await scene.wait()
    (notice,) = scene.notices.sent
    assert ("Das Gespräch fortsetzen:\n" + (back or "")) in notice.text if back else "evil" not in notice.text
    assert ("http" in notice.text) == (back is not None)


async def test_the_newest_replies_are_in_the_mail_and_all_are_counted(scene: Scene) -> None:
    chat = await scene.begin()
    for number in range(25):
        await scene.reply(chat, f"No. {number}.")
    await scene.wait()
    (notice,) = scene.notices.sent
    assert notice.replies == 25
    assert ("No. 4." in notice.text, "No. 5." in notice.text, "No. 24." in notice.text) == (False, True, True)
    assert ASSISTANT.hex not in notice.text
