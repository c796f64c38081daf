"""Ranges of addresses are written one way, and a widget has the last rules that were set."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.address_rules import MOST_RANGES, AddressRules, valid_address_rules
from domain.refusals import Conflict, Invalid
from domain.widget import Look, Widget, WidgetIsArchived
from tests.support.stamps import refolded, stamp, types

OFFICE = AddressRules(blocked=("203.0.113.7",), allowed=("203.0.113.0/24",))


def widget() -> Widget:
    installed = Widget(UUID(int=1))
    installed.install(stamp(), 7, Look(name="Shop"))
    installed.collect_events()
    return installed


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ((" 203.0.113.7 ",), ("203.0.113.7",)),
        (("203.0.113.7/32",), ("203.0.113.7",)),
        (("203.0.113.77/24",), ("203.0.113.0/24",)),
        (("2001:DB8:0:0::1",), ("2001:db8::1",)),
        (("2001:db8::1/32",), ("2001:db8::/32",)),
        (("::ffff:203.0.113.7",), ("203.0.113.7",)),
        (("::ffff:203.0.113.0/120",), ("203.0.113.0/24",)),
        (("::ffff:0:0/96",), ("0.0.0.0/0",)),
        (("::/0", "10.0.0.0/8"), ("10.0.0.0/8", "::/0")),
        (("10.1.2.3", "10.0.0.0/8", "10.1.0.0/16"), ("10.0.0.0/8",)),
        (("10.0.0.128/25", "10.0.0.0/25"), ("10.0.0.0/24",)),
        (("10.0.0.2", "10.0.0.2", "10.0.0.1"), ("10.0.0.1", "10.0.0.2")),
        ((), ()),
    ],
)
def test_a_range_is_written_one_way_and_none_is_within_another(
    given: tuple[str, ...], written: tuple[str, ...]
) -> None:
    assert valid_address_rules(AddressRules(given, given)) == AddressRules(written, written)
    assert valid_address_rules(AddressRules(written, written)) == AddressRules(written, written)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "shop.test",
        "1",
        "203.0.113",
        "203.0.113.256",
        "203.0.113.0/33",
        "203.0.113.0/-1",
        "203.0.113.0/255.255.255.0",
        "203.0.113.0/0.0.0.255",
        "203.0.113.1-203.0.113.9",
        "2001:db8::/129",
        "fe80::1%eth0",
        "1:2:3:4:5:6:7:8:9",
        "٢٠٣.0.113.7",
        "203.0.113.7\x00",
        "1" * 1_000,
    ],
)
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="blocked"):
        valid_address_rules(AddressRules(blocked=(text,)))
    with pytest.raises(Invalid, match="allowed"):
        valid_address_rules(AddressRules(allowed=(text,)))


def test_more_ranges_than_that_are_refused() -> None:
    many = tuple(f"203.0.{number}.0/24" for number in range(MOST_RANGES))
    assert valid_address_rules(AddressRules(blocked=many))
    with pytest.raises(Invalid):
        valid_address_rules(AddressRules(blocked=(*many, "198.51.100.0/24")))


def test_setting_rules_says_all_of_them_and_their_version() -> None:
    one = Widget(UUID(int=1))
    one.install(stamp(), 7, Look(name="Shop"))
    assert (one.address_rules, one.address_rules_version) == (AddressRules(), 0)
    one.set_address_rules(stamp(), OFFICE)
    assert (one.address_rules, one.address_rules_version, one.config_version) == (OFFICE, 2, 1)
    events = one.collect_events()
    assert [event.TYPE for event in events] == ["widget.installed.1", "widget.address_rules_set.1"]
    again = refolded(list(events))
    assert isinstance(again, Widget)
    assert again.address_rules == OFFICE


def test_the_same_rules_again_change_nothing_however_they_are_written() -> None:
    one = widget()
    one.set_address_rules(stamp(), AddressRules())
    assert types(one) == []
    one.set_address_rules(stamp(), OFFICE)
    one.collect_events()
    one.set_address_rules(stamp(), AddressRules(("::ffff:203.0.113.7/128",), ("203.0.113.9/24", "203.0.113.9")))
    assert types(one) == []


def test_rules_that_somebody_else_changed_are_not_overwritten_unseen() -> None:
    one = widget()
    one.set_address_rules(stamp(), OFFICE, expected_version=0)
    with pytest.raises(Conflict):
        one.set_address_rules(stamp(), AddressRules(), expected_version=0)
    one.set_address_rules(stamp(), AddressRules(), expected_version=2)
    assert one.address_rules == AddressRules()


def test_an_archived_widget_takes_no_rules() -> None:
    one = widget()
    one.archive(stamp())
    with pytest.raises(WidgetIsArchived):
        one.set_address_rules(stamp(), OFFICE)
