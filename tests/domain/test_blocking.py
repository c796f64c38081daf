"""A blocked visitor is told so, for as long as it holds."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from domain.contact import Contact
from domain.personal import ERASED
from domain.refusals import Invalid, VisitorBlocked
from tests.support.stamps import NEW_YEAR, stamp, types


def met() -> Contact:
    contact = Contact(UUID(int=1))
    contact.meet(stamp(), 7)
    contact.collect_events()
    return contact


def test_a_block_holds_until_its_time() -> None:
    contact, until = met(), NEW_YEAR + timedelta(hours=2)
    contact.block(stamp("agent", 2), "spam", until)
    with pytest.raises(VisitorBlocked) as refused:
        contact.refuse_blocked(NEW_YEAR + timedelta(hours=1))
    assert refused.value.details == {"until": until.isoformat()}
    contact.refuse_blocked(until)


def test_a_block_without_a_time_holds_until_it_is_taken_back() -> None:
    contact = met()
    contact.block(stamp(), "spam")
    with pytest.raises(VisitorBlocked):
        contact.refuse_blocked(datetime.max.replace(tzinfo=NEW_YEAR.tzinfo))
    contact.unblock(stamp())
    contact.refuse_blocked(NEW_YEAR)
    assert types(contact) == ["contact.blocked.1", "contact.unblocked.1"]


def test_the_same_again_changes_nothing_but_another_reason_does() -> None:
    contact = met()
    contact.unblock(stamp())
    contact.block(stamp(), "spam")
    contact.block(stamp(), " spam ")
    assert types(contact) == ["contact.blocked.1"]
    contact.block(stamp(), "insults")
    assert types(contact) == ["contact.blocked.1"]
    assert contact.blocked is not None
    assert contact.blocked.reason is not ERASED


@pytest.mark.parametrize("until", [NEW_YEAR, NEW_YEAR - timedelta(days=1), datetime(2031, 1, 1)])
def test_a_block_ends_in_time_to_come(until: datetime) -> None:
    with pytest.raises(Invalid):
        met().block(stamp(), "spam", until)


def test_a_block_has_a_reason() -> None:
    with pytest.raises(Invalid):
        met().block(stamp(), " ")
