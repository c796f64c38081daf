"""What an absent visitor is told: one notice per quiet period, of what they have not read."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.absence import Absence, absence_in
from domain.continuity import RETRIES, Continuity, NoticeDue, NoticeFailed, NoticeSent, ReplyAwaited
from domain.continuity_rule import ContinuityRule, valid_continuity
from domain.conversation import Conversation
from domain.kernel import ActorKind, Event, Stamp
from domain.refusals import Invalid
from tests.support.stamps import refolded, stamp

AFTER = timedelta(minutes=10)
VISITOR, AGENT = UUID(int=1), UUID(int=2)


class Scene:
    """A conversation and its continuity on one clock, in minutes."""

    def __init__(self) -> None:
        self.minutes = 0.0
        self.events: list[Event] = []
        self.moves: list[Event] = []
        self.ids = 100
        self.chat = Conversation(UUID(int=9))
        self.continuity = Continuity(UUID(int=10))
        self.chat.start(self.by("visitor"), tenant_id=1, contact_id=VISITOR)
        self.say("visitor")

    def by(self, kind: ActorKind = "system") -> Stamp:
        return stamp(kind, AGENT.int if kind == "agent" else VISITOR.int, hours=self.minutes / 60)

    def later(self, minutes: float) -> None:
        self.minutes += minutes

    def new_id(self) -> UUID:
        self.ids += 1
        return UUID(int=self.ids)

    def say(self, kind: ActorKind = "agent") -> UUID:
        message_id = self.new_id()
        self.chat.post(self.by(kind), message_id, "words")
        return message_id

    @property
    def absence(self) -> Absence:
        self.events += self.chat.collect_events()
        return absence_in(VISITOR, self.events)

    def watch(self, *, was_back: bool = False) -> list[str]:
        self.continuity.watch(self.by(), self.absence, AFTER, was_back=was_back)
        return self.news()

    def look(self) -> list[str]:
        self.continuity.look(self.by(), self.absence, AFTER, self.new_id())
        return self.news()

    def sent(self) -> list[str]:
        self.continuity.note_sent(self.by(), self.continuity.notice_id, self.continuity.attempt, "email")
        return self.news()

    def failed(self, *, is_final: bool = False) -> list[str]:
        place = (self.continuity.notice_id, self.continuity.attempt)
        self.continuity.note_failed(self.by(), *place, "unavailable", is_final=is_final)
        return self.news()

    def read(self) -> None:
        self.chat.mark_read(self.by("visitor"), self.chat.version)

    def news(self) -> list[str]:
        new = self.continuity.collect_events()
        self.moves += new
        return [event.TYPE.split(".")[1] for event in new]

    def told(self) -> None:
        """A first notice was sent."""
        self.say()
        self.watch()
        self.later(10)
        assert self.look() == ["notice_due"]
        assert self.sent() == ["notice_sent"]


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_reply_is_waited_for_until_its_minutes_are_over_and_then_told_once(scene: Scene) -> None:
    first = scene.say()
    assert scene.watch() == ["reply_awaited"]
    scene.later(5)
    second = scene.say()
    assert scene.watch() == []
    scene.later(4.9)
    assert scene.look() == []
    scene.later(0.1)
    assert scene.look() == ["notice_due"]
    due = scene.moves[-1]
    assert isinstance(due, NoticeDue)
    assert (due.message_ids, due.attempt, due.next_at) == ((first, second), 1, None)
    assert scene.look() == []
    assert scene.sent() == ["notice_sent"]
    assert scene.sent() == []


def test_what_was_read_in_time_is_not_told(scene: Scene) -> None:
    scene.say()
    scene.watch()
    scene.later(9)
    scene.read()
    scene.later(1)
    assert scene.look() == ["wait_ended"]
    assert scene.look() == []


def test_the_minutes_count_from_the_first_reply_that_is_unread(scene: Scene) -> None:
    scene.say()
    scene.watch()
    scene.later(6)
    scene.read()
    scene.say()
    scene.later(4)
    assert scene.look() == ["reply_awaited"]
    moved = scene.moves[-1]
    assert isinstance(moved, ReplyAwaited)
    assert moved.next_at == scene.by().at + timedelta(minutes=6)


@pytest.mark.parametrize("kind", ["note", "campaign", "visitor"])
def test_notes_campaigns_and_the_visitors_own_words_are_no_replies(scene: Scene, kind: str) -> None:
    if kind == "note":
        scene.chat.add_note(scene.by("agent"), scene.new_id(), "hush")
    elif kind == "campaign":
        scene.chat.offer(scene.by("agent"), scene.new_id(), "buy", UUID(int=77))
    else:
        scene.say("visitor")
    assert scene.watch() == []


def test_an_assistants_reply_counts_like_an_agents(scene: Scene) -> None:
    chat = Conversation(UUID(int=9))
    chat.start(scene.by("visitor"), tenant_id=1, contact_id=VISITOR, assistant_id=UUID(int=3))
    chat.reply(scene.by("assistant"), UUID(int=50), "words", chat.version)
    scene.events, scene.chat = [], chat
    assert [one.message_id for one in scene.absence.unread] == [UUID(int=50)]


def test_whoever_writes_has_seen_what_was_said_before(scene: Scene) -> None:
    scene.say()
    scene.say("visitor")
    assert scene.absence.unread == ()


def test_it_is_quiet_after_a_notice_until_the_visitor_is_seen_and_then_all_that_is_new_is_told(
    scene: Scene,
) -> None:
    scene.told()
    later = [scene.say(), scene.say()]
    assert scene.watch() == []
    scene.later(5)
    scene.chat.mark_delivered(scene.by("visitor"), scene.chat.version)
    assert scene.watch() == ["reply_awaited"]
    scene.later(10)
    assert scene.look() == ["notice_due"]
    due = scene.moves[-1]
    assert isinstance(due, NoticeDue)
    assert list(due.message_ids) == later


def test_a_visitor_who_was_on_the_site_since_ends_the_quiet_too(scene: Scene) -> None:
    scene.told()
    scene.say()
    assert scene.watch() == []
    assert scene.watch(was_back=True) == ["reply_awaited"]


def test_what_fails_is_tried_three_times_more_under_the_same_id_and_then_is_over(scene: Scene) -> None:
    scene.say()
    scene.watch()
    scene.later(10)
    scene.look()
    notice_id = scene.continuity.notice_id
    for number, pause in enumerate(RETRIES, 1):
        assert scene.failed() == ["notice_failed"]
        assert scene.failed() == []
        scene.later(pause.total_seconds() / 60)
        assert scene.look() == ["notice_due"]
        assert (scene.continuity.notice_id, scene.continuity.attempt) == (notice_id, number + 1)
    assert scene.failed() == ["notice_failed"]
    last = scene.moves[-1]
    assert isinstance(last, NoticeFailed)
    assert (last.will_retry, last.next_at, last.attempt) == (False, None, 4)
    scene.say()
    assert scene.watch() == []


def test_what_is_hopeless_is_not_tried_again_and_what_was_read_meanwhile_neither(scene: Scene) -> None:
    scene.say()
    scene.watch()
    scene.later(10)
    scene.look()
    assert scene.failed() == ["notice_failed"]
    scene.read()
    scene.later(1)
    assert scene.look() == ["wait_ended"]
    scene.say()
    scene.watch()
    scene.later(10)
    scene.look()
    assert scene.failed(is_final=True) == ["notice_failed"]
    assert scene.continuity.next_at is None


def test_an_outcome_that_is_noted_late_leaves_what_is_waited_for_since(scene: Scene) -> None:
    scene.say()
    scene.watch()
    scene.later(10)
    scene.look()
    scene.say("visitor")
    scene.say()
    assert scene.watch() == ["reply_awaited"]
    waited = scene.continuity.next_at
    assert scene.failed() == ["notice_failed"]
    assert (scene.continuity.next_at, scene.continuity.step) == (waited, "awaiting")


def test_ending_a_wait_says_why_and_without_one_changes_nothing(scene: Scene) -> None:
    scene.continuity.end(scene.by(), "off")
    assert scene.news() == []
    scene.say()
    scene.watch()
    scene.continuity.end(scene.by(), "off")
    assert scene.news() == ["wait_ended"]


@pytest.mark.parametrize("minutes", [0, 1441, -1])
def test_a_wait_is_a_minute_to_a_day(minutes: int) -> None:
    with pytest.raises(Invalid):
        valid_continuity(ContinuityRule(enabled=True, after_minutes=minutes))


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://a b", "https://a\r\nBcc: x", "//a"])
def test_a_page_to_lead_back_to_is_a_plain_address(url: str) -> None:
    with pytest.raises(Invalid):
        valid_continuity(ContinuityRule(url=url))


TURNS = ("reply", "long") * 3 + ("note", "visitor", "read", "delivered", "page", "wait", "sent", "sent", "failed")
STEPS = st.lists(st.sampled_from(TURNS), min_size=8, max_size=40)


class Periods:
    """Counts by the visitor's visits: the notices of each period, and the replies that were told."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.visited = scene.absence.visited
        self.was_back = False
        self.notices: set[UUID] = set()
        self.named: dict[UUID, tuple[UUID, ...]] = {}
        self.told: list[UUID] = []

    def step(self, step: str) -> None:
        self._happen(step)
        if step == "page" or self.scene.absence.visited > self.visited:
            self.notices = set()
            self.visited, self.was_back = self.scene.absence.visited, self.was_back or step == "page"
        self.scene.watch(was_back=self.was_back)
        self.scene.look()
        for event in self.scene.moves:
            if isinstance(event, NoticeDue):
                self.notices.add(event.notice_id)
                self.named[event.notice_id], self.was_back = event.message_ids, False
            elif isinstance(event, NoticeSent):
                self.told += self.named[event.notice_id]
        self.scene.moves.clear()

    def _happen(self, step: str) -> None:
        scene = self.scene
        match step:
            case "reply" | "visitor":
                scene.say("agent" if step == "reply" else "visitor")
            case "note":
                scene.chat.add_note(scene.by("agent"), scene.new_id(), "hush")
            case "read":
                scene.read()
            case "delivered":
                scene.chat.mark_delivered(scene.by("visitor"), scene.chat.version)
            case "sent" | "failed":
                scene.sent() if step == "sent" else scene.failed()
            case _:
                scene.later({"wait": 3, "long": 30}.get(step, 0))


@given(STEPS)
@settings(max_examples=200)
def test_in_any_order_there_is_one_notice_per_quiet_period_at_most_and_no_reply_is_told_twice(
    steps: list[str],
) -> None:
    periods = Periods(Scene())
    for step in steps:
        periods.step(step)
        assert len(periods.notices) <= 1
    assert len(periods.told) == len(set(periods.told))


def test_the_same_events_make_the_same_continuity(scene: Scene) -> None:
    scene.told()
    again = refolded(scene.moves)
    assert isinstance(again, Continuity)
    ours = {name: value for name, value in vars(scene.continuity).items() if not name.startswith("_")}
    assert {name: value for name, value in vars(again).items() if not name.startswith("_")} == ours
