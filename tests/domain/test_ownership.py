"""Who owns the tenant."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.ownership import LastOwner, Ownership
from tests.support.stamps import refolded, stamp, types

ANNA, BEN = UUID(int=1), UUID(int=2)


def owned_by(*owners: UUID) -> Ownership:
    ownership = Ownership(UUID(int=9))
    for owner in owners:
        ownership.add(stamp(), 7, owner)
    return ownership


def test_adding_twice_changes_nothing() -> None:
    assert types(owned_by(ANNA, ANNA)) == ["ownership.owner_added.1"]


@pytest.mark.parametrize("ownership", [owned_by(), owned_by(ANNA)])
def test_the_last_owner_stays(ownership: Ownership) -> None:
    with pytest.raises(LastOwner):
        ownership.remove(stamp(), ANNA)


def test_one_of_two_may_go_once() -> None:
    ownership = owned_by(ANNA, BEN)
    ownership.remove(stamp(), ANNA)
    ownership.remove(stamp(), ANNA)
    again = refolded(list(ownership.collect_events()))
    assert isinstance(again, Ownership)
    assert again.owners == {BEN}
