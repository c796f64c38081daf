"""Two contacts become one person and two again; nobody is joined twice, or against the facts."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.contact import Contact
from domain.refusals import ContactIsErased, ContactIsMerged, Invalid
from tests.support.stamps import stamp, types


def met(id: int) -> Contact:
    contact = Contact(UUID(int=id))
    contact.meet(stamp(), 7)
    contact.collect_events()
    return contact


def test_a_merge_is_said_on_both_streams_and_taken_back_on_both() -> None:
    contact, survivor = met(1), met(2)
    contact.merge_into(stamp("agent", 9), survivor)
    assert (contact.merged_into, survivor.absorbed) == (survivor.id, {contact.id})
    assert (types(contact), types(survivor)) == (["contact.merged.1"], ["contact.absorbed.1"])
    contact.unmerge(stamp("agent", 9), survivor)
    assert (contact.merged_into, survivor.absorbed) == (None, frozenset())
    assert (types(contact), types(survivor)) == (["contact.unmerged.1"], ["contact.released.1"])


def test_doing_it_again_changes_nothing() -> None:
    contact, survivor = met(1), met(2)
    contact.unmerge(stamp(), survivor)
    assert types(contact) == []
    contact.merge_into(stamp(), survivor)
    contact.collect_events()
    contact.merge_into(stamp(), survivor)
    contact.link_into(stamp(), survivor)
    assert types(contact) == []


def test_nobody_is_merged_into_themselves() -> None:
    contact = met(1)
    with pytest.raises(Invalid):
        contact.merge_into(stamp(), contact)


def test_a_merged_contact_is_neither_merged_again_nor_merged_into() -> None:
    contact, survivor, third = met(1), met(2), met(3)
    contact.merge_into(stamp(), survivor)
    for source, target in ((contact, third), (third, contact)):
        with pytest.raises(ContactIsMerged) as refused:
            source.merge_into(stamp(), target)
        assert refused.value.details == {"id": f"vis_{contact.id.hex}", "into": f"vis_{survivor.id.hex}"}
    survivor.merge_into(stamp(), third)
    assert survivor.merged_into == third.id


def test_an_erased_contact_is_not_joined() -> None:
    contact, survivor = met(1), met(2)
    survivor.erase(stamp(), "asked to")
    for source, target in ((contact, survivor), (survivor, contact)):
        with pytest.raises(ContactIsErased):
            source.merge_into(stamp(), target)


def test_what_an_agent_took_apart_no_identity_joins_again() -> None:
    visitor, known = met(1), met(2)
    visitor.link_into(stamp("visitor", 1), known)
    assert (visitor.is_linked, types(visitor), types(known)) == (
        True,
        ["contact.linked.1"],
        ["contact.absorbed.1"],
    )
    visitor.unmerge(stamp("agent", 9), known)
    visitor.collect_events()
    visitor.link_into(stamp("visitor", 1), known)
    assert types(visitor) == []
    visitor.merge_into(stamp("agent", 9), known)
    assert (types(visitor), visitor.is_linked) == (["contact.merged.1"], False)
