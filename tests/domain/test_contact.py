"""What a contact claims, and that it can be forgotten."""

from __future__ import annotations

from uuid import UUID

import msgspec
import pytest

from domain.claims import Claims
from domain.contact import Contact, ContactIntroduced
from domain.personal import ERASED
from domain.refusals import Invalid
from tests.support.stamps import refolded, stamp, types

ID = UUID(int=1)


def met() -> Contact:
    contact = Contact(ID)
    contact.meet(stamp("visitor", 1), 7)
    contact.collect_events()
    return contact


def test_meeting_twice_changes_nothing() -> None:
    contact = met()
    contact.meet(stamp("visitor", 1), 7)
    assert types(contact) == []


def test_a_claim_is_kept_tidy_under_the_contacts_own_key() -> None:
    contact = met()
    contact.introduce(stamp("visitor", 1), " Mia ", "Mia@Example.ORG")
    [event] = contact.collect_events()
    assert isinstance(event, ContactIntroduced)
    assert (event.subject_id, event.name, event.email) == (ID, "Mia", "mia@example.org")


def test_what_is_not_said_stays_as_it_was() -> None:
    contact = met()
    contact.introduce(stamp(), "Mia", "mia@example.org")
    contact.introduce(stamp(), name="Mia M.")
    assert (contact.name, contact.email) == ("Mia M.", "mia@example.org")


@pytest.mark.parametrize(("name", "email"), [("Mia", None), (None, "MIA@example.org"), (None, None), ("", "")])
def test_repeating_what_is_known_changes_nothing(name: str | None, email: str | None) -> None:
    contact = met()
    contact.introduce(stamp(), "Mia", "mia@example.org")
    contact.collect_events()
    contact.introduce(stamp(), name, email)
    assert types(contact) == []


@pytest.mark.parametrize(("name", "email"), [("x" * 201, None), (" ", None), (None, "nobody"), (None, "a@b c")])
def test_a_claim_that_cannot_be_one_is_refused(name: str | None, email: str | None) -> None:
    with pytest.raises(Invalid):
        met().introduce(stamp(), name, email)


def test_erasing_forgets_name_and_email() -> None:
    contact = met()
    contact.introduce(stamp(), "Mia", "mia@example.org")
    contact.erase(stamp("agent", 2), "asked to")
    assert (contact.name, contact.email, contact.is_erased) == (None, None, True)


def test_erasing_twice_changes_nothing() -> None:
    contact = met()
    contact.erase(stamp(), "asked to")
    contact.collect_events()
    contact.erase(stamp(), "asked to")
    assert types(contact) == []


def test_who_was_never_met_cannot_be_erased() -> None:
    contact = Contact(ID)
    contact.erase(stamp(), "asked to")
    assert types(contact) == []


def test_erasing_needs_a_reason() -> None:
    with pytest.raises(Invalid):
        met().erase(stamp(), " ")


def test_a_claim_whose_words_are_erased_still_folds() -> None:
    contact = met()
    contact.introduce(stamp(), "Mia")
    [event] = contact.collect_events()
    assert isinstance(event, ContactIntroduced)
    again = Contact(ID)
    msgspec.structs.replace(event, name=ERASED).apply(again)
    assert again.name is ERASED


def test_its_events_make_it_again() -> None:
    contact = Contact(ID)
    contact.meet(stamp(), 7)
    contact.introduce(stamp(), "Mia", "mia@example.org")
    again = refolded(list(contact.collect_events()))
    assert isinstance(again, Contact)
    assert (again.name, again.email, again.version) == ("Mia", "mia@example.org", 2)


def test_a_claim_never_overwrites_what_is_verified() -> None:
    contact = met()
    contact.verify(stamp("visitor", 1), "customer-1", Claims("Mia", "mia@example.org"))
    contact.introduce(stamp("visitor", 1), "Mallory", "mallory@example.org", "+49 151 234")
    assert (contact.name, contact.email, contact.known.phone) == ("Mia", "mia@example.org", "+49151234")
    assert contact.claimed == Claims("Mallory", "mallory@example.org", "+49151234")
    assert contact.verified == Claims("Mia", "mia@example.org")


def test_verifying_what_is_verified_changes_nothing_and_less_takes_nothing_back() -> None:
    contact = met()
    contact.verify(stamp(), "customer-1", Claims("Mia", "Mia@example.org"))
    contact.collect_events()
    contact.verify(stamp(), "customer-1", Claims("Mia"))
    assert types(contact) == []
    contact.verify(stamp(), "customer-1", Claims("Mia M."))
    assert contact.verified == Claims("Mia M.", "mia@example.org")


def test_a_withdrawn_claim_no_longer_stands() -> None:
    contact = met()
    contact.introduce(stamp(), "Mia", "mia@example.org")
    contact.collect_events()
    contact.introduce(stamp(), phone="12345", withdrawn=("name", "phone"))
    assert contact.claimed == Claims(None, "mia@example.org", "12345")
    [event] = contact.collect_events()
    assert isinstance(event, ContactIntroduced)
    assert event.withdrawn == ("name",)
    contact.introduce(stamp(), withdrawn=("name",))
    assert types(contact) == []


@pytest.mark.parametrize("phone", ["1234", "x" * 10, "1" * 21, "++12345", "12345\x00"])
def test_a_phone_number_has_digits(phone: str) -> None:
    with pytest.raises(Invalid):
        met().introduce(stamp(), phone=phone)


def test_attributes_change_where_they_differ() -> None:
    contact = met()
    contact.set_attributes(stamp(), {"plan": "pro", "seats": 3})
    contact.set_attributes(stamp(), {"plan": "pro", "seats": None})
    assert contact.attributes == {"plan": "pro"}
    contact.collect_events()
    contact.set_attributes(stamp(), {"plan": "pro", "seats": None})
    assert types(contact) == []
    with pytest.raises(Invalid):
        contact.set_attributes(stamp(), {"no name": 1})
    with pytest.raises(Invalid):
        contact.set_attributes(stamp(), {f"a{number}": 1 for number in range(51)})


def test_erasing_forgets_what_is_verified_too() -> None:
    contact = met()
    contact.verify(stamp(), "customer-1", Claims("Mia"))
    contact.set_attributes(stamp(), {"plan": "pro"})
    contact.erase(stamp(), "asked to")
    assert (contact.known, contact.external_id, contact.attributes) == (Claims(), ERASED, {})
