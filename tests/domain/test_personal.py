"""Which words are sealed: declared by type, so none is forgotten."""

from __future__ import annotations

import msgspec
import pytest

from domain.catalog import EVENT_TYPES
from domain.contact import ContactIntroduced
from domain.conversation import ConversationStarted, MessagePosted, NoteAdded
from domain.handling import HandedOver
from domain.kernel import Event, PersonalEvent
from domain.personal import ERASED, Erased, Personal, personal_fields, readable


def test_words_and_names_of_people_are_personal() -> None:
    assert personal_fields(MessagePosted) == ("text",)
    assert personal_fields(NoteAdded) == ("text",)
    assert personal_fields(ConversationStarted) == ("contact_name", "contact_email")
    assert personal_fields(ContactIntroduced) == ("name", "email", "phone")


def test_what_is_not_about_a_person_is_not() -> None:
    assert personal_fields(HandedOver) == ()


@pytest.mark.parametrize("event", EVENT_TYPES.values(), ids=EVENT_TYPES)
def test_an_event_has_personal_fields_exactly_if_it_names_their_subject(event: type[Event]) -> None:
    assert bool(personal_fields(event)) == issubclass(event, PersonalEvent)


def test_an_erased_text_reads_as_none() -> None:
    assert readable("Mia") == "Mia"
    assert readable(ERASED) is None
    assert readable(None) is None
    assert str(ERASED) == "[erased]"


def test_text_and_erased_are_told_apart_when_stored() -> None:
    assert msgspec.json.decode(msgspec.json.encode(ERASED), type=Personal) == Erased()
    assert msgspec.json.decode(b'"[erased]"', type=Personal) == "[erased]"
