"""An event is taken back by another one; what has happened since may forbid it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from domain.contact import Contact
from domain.conversation import Conversation
from domain.handling import Accepted, Ended, Handling, Reopened, Transferred
from domain.ids import event_wire
from domain.joining import ContactMerged
from domain.kernel import Event, Stamp
from domain.marks import LabelsChanged, PriorityChanged
from domain.refusals import NotFound
from domain.undo import NotUndoable, UndoRefused, undo_in_contact, undo_in_conversation
from tests.support.stamps import NEW_YEAR, stamp

CHAT, PERSON, TWIN = UUID(int=1), UUID(int=2), UUID(int=3)
ANNA, BEN, TEAM = 0xA, 0xB, UUID(int=0x7)
BY_ANNA, BY_BEN, VISITOR = stamp("agent", ANNA), stamp("agent", BEN), stamp("visitor", 2)


class Story:
    """A conversation and everything that ever happened to it."""

    def __init__(self) -> None:
        self.conversation = Conversation(CHAT)
        self.past: list[Event] = []
        self.conversation.start(VISITOR, tenant_id=7, contact_id=PERSON)
        self.conversation.post(VISITOR, UUID(int=9), "Hello")
        self.collect()

    def collect(self) -> list[Event]:
        new: list[Event] = list(self.conversation.collect_events())
        self.past.extend(new)
        return new

    def do(self, act: Callable[[Conversation], None]) -> Event:
        act(self.conversation)
        return self.collect()[-1]

    def undo(self, event: Event, by: Stamp = BY_BEN) -> list[Event]:
        undo_in_conversation(self.conversation, self.past, event.originator_version, by)
        return self.collect()

    @property
    def handling(self) -> Handling:
        return self.conversation.handling


@pytest.fixture
def story() -> Story:
    return Story()


def label(*add: str, remove: tuple[str, ...] = ()) -> Callable[[Conversation], None]:
    return lambda chat: chat.change_labels(BY_ANNA, add, remove)


def key(event: Event) -> str:
    return event_wire(event.originator_id, event.originator_version)


def test_undoing_labels_takes_away_what_was_added_and_brings_back_what_was_removed(story: Story) -> None:
    story.do(label("old"))
    changed = story.do(label("new", "vip", remove=("old",)))
    (undoing,) = story.undo(changed)
    assert story.conversation.labels == {"old"}
    assert isinstance(undoing, LabelsChanged)
    assert (undoing.by.id.int, undoing.cause.undoes) == (BEN, key(changed))


def test_labels_that_somebody_has_touched_since_stay_as_they_are(story: Story) -> None:
    changed = story.do(label("a", "b", "c"))
    story.do(label(remove=("a", "b")))
    story.do(label("b"))
    story.undo(changed)
    assert story.conversation.labels == {"b"}


def test_undoing_twice_changes_nothing(story: Story) -> None:
    changed = story.do(lambda chat: chat.set_priority(BY_ANNA, "high"))
    assert len(story.undo(changed)) == 1
    assert story.undo(changed) == []
    assert story.conversation.priority is None


def test_an_undo_can_be_undone_and_then_done_again(story: Story) -> None:
    changed = story.do(lambda chat: chat.set_priority(BY_ANNA, "high"))
    (undoing,) = story.undo(changed)
    story.undo(undoing)
    assert story.conversation.priority == "high"
    assert story.undo(undoing) == []
    story.undo(changed)
    assert story.conversation.priority is None


def test_a_priority_changed_again_is_not_undone_and_says_by_what(story: Story) -> None:
    first = story.do(lambda chat: chat.set_priority(BY_ANNA, "high"))
    second = story.do(lambda chat: chat.set_priority(BY_BEN, "urgent"))
    with pytest.raises(UndoRefused) as refused:
        story.undo(first)
    named = refused.value.details["events"]
    assert named == [{"eventId": key(second), "type": PriorityChanged.TYPE, "at": second.at}]
    story.undo(second)
    story.undo(first)
    assert story.conversation.priority is None


def test_undoing_a_resolve_gives_it_back_to_whoever_had_it(story: Story) -> None:
    story.do(lambda chat: chat.accept(BY_ANNA, UUID(int=ANNA)))
    before = story.handling
    ended = story.do(lambda chat: chat.end(BY_ANNA))
    (undoing,) = story.undo(ended)
    assert isinstance(undoing, Reopened)
    assert story.handling == before


def test_a_resolve_after_which_somebody_wrote_is_not_undone(story: Story) -> None:
    ended = story.do(lambda chat: chat.end(BY_ANNA))
    story.do(lambda chat: chat.post(VISITOR, UUID(int=10), "One more thing"))
    with pytest.raises(UndoRefused) as refused:
        story.undo(ended)
    assert [one["type"] for one in refused.value.details["events"]] == [Reopened.TYPE]  # pyright: ignore[reportGeneralTypeIssues, reportIndexIssue]


def test_undoing_a_reopening_ends_it_unless_somebody_has_spoken(story: Story) -> None:
    story.do(lambda chat: chat.end(BY_ANNA))
    reopened = story.do(lambda chat: chat.reopen(BY_ANNA))
    assert isinstance(story.undo(reopened)[0], Ended)
    again = story.do(lambda chat: chat.reopen(BY_ANNA))
    story.do(lambda chat: chat.post(BY_BEN, UUID(int=11), "Here I am"))
    with pytest.raises(UndoRefused):
        story.undo(again)


def test_undoing_a_snooze_wakes_it_or_goes_back_to_the_earlier_one(story: Story) -> None:
    short, long = NEW_YEAR + timedelta(hours=1), NEW_YEAR + timedelta(hours=9)
    first = story.do(lambda chat: chat.snooze(BY_ANNA, short))
    second = story.do(lambda chat: chat.snooze(BY_ANNA, long))
    story.undo(second)
    assert (story.handling.status, story.conversation.snoozed_until) == ("snoozed", short)
    story.undo(first)
    assert (story.handling.status, story.conversation.snoozed_until) == ("open", None)


def test_a_snooze_whose_earlier_time_is_over_is_woken(story: Story) -> None:
    story.do(lambda chat: chat.snooze(BY_ANNA, NEW_YEAR + timedelta(hours=1)))
    second = story.do(lambda chat: chat.snooze(BY_ANNA, NEW_YEAR + timedelta(hours=9)))
    story.undo(second, stamp("agent", BEN, hours=2))
    assert story.handling.status == "open"


def test_undoing_a_transfer_gives_it_back(story: Story) -> None:
    story.do(lambda chat: chat.accept(BY_ANNA, UUID(int=ANNA)))
    given = story.do(lambda chat: chat.transfer(BY_ANNA, agent_id=UUID(int=BEN)))
    (undoing,) = story.undo(given)
    assert isinstance(undoing, Transferred)
    assert (story.handling.assignee_id, story.conversation.accept_until) == (UUID(int=ANNA), None)


def test_undoing_a_transfer_to_a_team_goes_back_to_the_queue_it_came_from(story: Story) -> None:
    given = story.do(lambda chat: chat.transfer(BY_ANNA, team_id=TEAM))
    story.undo(given)
    assert story.handling == Handling(status="open", handled_by="queue")


def test_a_transfer_that_was_accepted_is_not_undone(story: Story) -> None:
    given = story.do(lambda chat: chat.transfer(BY_ANNA, agent_id=UUID(int=BEN)))
    accepted = story.do(lambda chat: chat.accept(BY_BEN, UUID(int=BEN)))
    with pytest.raises(UndoRefused):
        story.undo(given)
    with pytest.raises(NotUndoable):
        story.undo(accepted)


def test_undoing_an_assignment_returns_it_until_the_agent_has_answered(story: Story) -> None:
    assigned = story.do(lambda chat: chat.assign(BY_ANNA, UUID(int=BEN), "round_robin"))
    story.undo(assigned)
    assert story.handling == Handling(status="open", handled_by="queue")
    again = story.do(lambda chat: chat.assign(BY_ANNA, UUID(int=BEN), "round_robin"))
    story.do(lambda chat: chat.post(BY_BEN, UUID(int=12), "Hello"))
    with pytest.raises(UndoRefused):
        story.undo(again)


def test_what_an_assistant_had_goes_to_the_queue_never_back_to_it() -> None:
    story = Story()
    story.conversation = Conversation(CHAT)
    story.conversation.start(VISITOR, tenant_id=7, contact_id=PERSON, assistant_id=UUID(int=5))
    story.past = list(story.conversation.collect_events())
    accepted = story.do(lambda chat: chat.accept(BY_ANNA, UUID(int=ANNA)))
    assert isinstance(accepted, Accepted)
    story.undo(accepted)
    assert story.handling.handled_by == "queue"


def test_messages_and_what_is_not_there_cannot_be_undone(story: Story) -> None:
    with pytest.raises(NotUndoable):
        story.undo(story.past[1])
    with pytest.raises(NotFound):
        undo_in_conversation(story.conversation, story.past, 99, BY_ANNA)


def test_undoing_a_merge_makes_them_two_people_again() -> None:
    contact, survivor = Contact(PERSON), Contact(TWIN)
    for one in (contact, survivor):
        one.meet(BY_ANNA, 7)
    contact.merge_into(BY_ANNA, survivor)
    past = list(contact.collect_events())
    survivor.collect_events()
    (merged,) = [one for one in past if isinstance(one, ContactMerged)]
    undo_in_contact(contact, survivor, past, merged.originator_version, BY_BEN)
    undoing = list(contact.collect_events())
    assert (contact.merged_into, survivor.absorbed) == (None, frozenset())
    assert [one.cause.undoes for one in undoing] == [key(merged)]
    undo_in_contact(contact, survivor, [*past, *undoing], merged.originator_version, BY_BEN)
    assert contact.collect_events() == []


def test_a_merge_that_somebody_took_apart_already_is_named() -> None:
    contact, survivor = Contact(PERSON), Contact(TWIN)
    for one in (contact, survivor):
        one.meet(BY_ANNA, 7)
    contact.merge_into(BY_ANNA, survivor)
    contact.unmerge(BY_ANNA, survivor)
    past = list(contact.collect_events())
    with pytest.raises(UndoRefused):
        undo_in_contact(contact, survivor, past, 2, BY_BEN)
