"""Labels, priority and attributes of a conversation."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.attributes import attributes_in
from domain.conversation import Conversation
from domain.marks import AttributesChanged, LabelsChanged
from domain.personal import ERASED
from domain.refusals import Invalid
from tests.support.stamps import stamp, types

BY_ANNA = stamp("agent", 4)


def conversation() -> Conversation:
    made = Conversation(UUID(int=1))
    made.start(stamp("visitor", 2), tenant_id=7, contact_id=UUID(int=2))
    made.collect_events()
    return made


def test_labels_are_added_and_removed_in_one_fact() -> None:
    marked = conversation()
    marked.change_labels(BY_ANNA, add=["Billing ", "vip"])
    marked.change_labels(BY_ANNA, add=["late"], remove=["VIP"])
    assert marked.labels == {"billing", "late"}
    last = marked.collect_events()[-1]
    assert isinstance(last, LabelsChanged)
    assert (last.added, last.removed) == (("late",), ("vip",))


def test_labels_that_are_there_or_not_there_already_change_nothing() -> None:
    marked = conversation()
    marked.change_labels(BY_ANNA, add=["vip"])
    marked.collect_events()
    marked.change_labels(BY_ANNA, add=["vip"], remove=["billing"])
    assert types(marked) == []


def test_no_empty_long_contradicting_or_endless_labels() -> None:
    for add, remove in (([" "], []), (["x" * 51], []), (["a"], ["A"]), ([str(n) for n in range(51)], [])):
        with pytest.raises(Invalid):
            conversation().change_labels(BY_ANNA, add=add, remove=remove)


def test_a_priority_is_set_taken_away_and_quiet_where_it_is_the_same() -> None:
    marked = conversation()
    for priority in ("high", "high", None, None):
        marked.set_priority(BY_ANNA, priority)
    assert types(marked) == ["conversation.priority_changed.1"] * 2
    assert marked.priority is None


def test_only_attributes_that_differ_are_recorded_and_null_removes() -> None:
    marked = conversation()
    marked.set_attributes(BY_ANNA, {"order": "A-1", "paid": True})
    marked.set_attributes(BY_ANNA, {"order": None, "paid": True, "none": None})
    assert dict(marked.attributes) == {"paid": True}
    last = marked.collect_events()[-1]
    assert isinstance(last, AttributesChanged)
    assert last.names == ("order",)
    marked.set_attributes(BY_ANNA, {"paid": True})
    assert types(marked) == []


def test_no_attribute_without_a_proper_name_or_with_a_book_in_it() -> None:
    for values in ({"": 1}, {"a b": 1}, {"1a": 1}, {"a": "x" * 1001}, {f"a{n}": 1 for n in range(51)}):
        with pytest.raises(Invalid):
            conversation().set_attributes(BY_ANNA, values)


def test_erased_attributes_are_no_longer_there() -> None:
    marked = conversation()
    marked.set_attributes(BY_ANNA, {"order": "A-1"})
    event = marked.collect_events()[0]
    assert isinstance(event, AttributesChanged)
    erased = AttributesChanged(
        subject_id=event.subject_id, at=event.at, by=event.by, cause=event.cause, names=event.names, values=ERASED
    )
    assert attributes_in(erased.names, erased.values) == {"order": None}
    erased.apply(marked)
    assert dict(marked.attributes) == {}
