"""A tenant is opened once and may change its name."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.refusals import Invalid
from domain.tenant import Tenant
from tests.support.stamps import refolded, stamp, types


def opened() -> Tenant:
    tenant = Tenant(UUID(int=1))
    tenant.open(stamp(), 7, " Shop ")
    return tenant


def test_opening_names_it() -> None:
    assert opened().name == "Shop"


def test_opening_twice_changes_nothing() -> None:
    tenant = opened()
    tenant.collect_events()
    tenant.open(stamp(), 7, "Other")
    assert types(tenant) == []


@pytest.mark.parametrize("name", ["Shop", " Shop  "])
def test_the_name_it_has_already_changes_nothing(name: str) -> None:
    tenant = opened()
    tenant.collect_events()
    tenant.rename(stamp(), name)
    assert types(tenant) == []


def test_renaming_changes_it() -> None:
    tenant = opened()
    tenant.rename(stamp(), " Store ")
    assert tenant.name == "Store"


@pytest.mark.parametrize("name", ["", " ", "x" * 201, "a\x00"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        Tenant(UUID(int=2)).open(stamp(), 7, name)
    with pytest.raises(Invalid):
        opened().rename(stamp(), name)


def test_its_events_make_it_again() -> None:
    again = refolded(list(opened().collect_events()))
    assert isinstance(again, Tenant)
    assert again.name == "Shop"
