"""From where a widget may be talked to: as its rules say, at once here and soon elsewhere."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.actor import system
from application.widget import SetWidgetAddressRules
from domain.address_rules import AddressRules, valid_address_rules
from domain.refusals import AddressBlocked
from infrastructure.access.address_gate import AddressGate
from infrastructure.access.addresses import Addresses
from tests.infrastructure.access.conftest import Door

HOME = "203.0.113.7"
Ip = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6), st.ip_addresses(network="10.0.0.0/26"))


def gate(blocked: tuple[str, ...] = (), allowed: tuple[str, ...] = ()) -> AddressGate:
    return AddressGate(valid_address_rules(AddressRules(blocked, allowed)))


@pytest.mark.parametrize("address", [HOME, f"::ffff:{HOME}", "::ffff:cb00:7107", "0:0:0:0:0:ffff:CB00:7107"])
def test_ipv4_in_the_clothes_of_ipv6_is_the_same_address(address: str) -> None:
    assert not gate(blocked=("203.0.113.0/24",)).admits(address)
    assert gate(allowed=("203.0.113.0/24",)).admits(address)
    assert gate(blocked=("::/0",)).admits(address)


def test_a_blocked_range_wins_over_an_allowed_one() -> None:
    here = gate(blocked=(HOME,), allowed=("203.0.113.0/24", "2001:db8::/32"))
    admitted = ("203.0.113.6", "203.0.113.8", "2001:db8::1", "2001:db8:ffff::", "203.0.113.0", "203.0.113.255")
    assert [one for one in admitted if not here.admits(one)] == []
    assert [one for one in (HOME, "203.0.114.0", "203.0.112.255", "2001:db9::", "::1") if here.admits(one)] == []


def test_the_zone_of_an_address_does_not_count() -> None:
    assert not gate(blocked=("fe80::/10",)).admits("fe80::1%eth0")


@pytest.mark.parametrize(
    "address", [None, "", "unknown", "203.0.113.7:80", "/run/verbatim.sock", "203.0.113.7\x00"]
)
def test_who_has_no_address_is_refused_only_where_some_are_allowed(address: str | None) -> None:
    assert gate(blocked=("0.0.0.0/0", "::/0")).admits(address)
    assert not gate(allowed=("0.0.0.0/0", "::/0")).admits(address)


@given(st.lists(st.tuples(Ip, st.integers(0, 32)), max_size=20), Ip)
def test_a_gate_agrees_with_the_standard_library(ranges: list[tuple[object, int]], asked: object) -> None:
    texts = tuple(f"{ip}/{length if ip_address(str(ip)).version == 4 else length * 4}" for ip, length in ranges)
    place = ip_address(str(asked))
    if isinstance(place, IPv6Address) and place.ipv4_mapped is not None:
        return
    networks = [ip_network(one, strict=False) for one in texts]
    expected = any(place in network for network in networks if network.version == place.version)
    assert gate(blocked=texts).admits(str(place)) is not expected


async def test_a_widget_without_rules_is_for_everybody(door: Door) -> None:
    widget_id = await door.install(1)
    for address in (HOME, "2001:db8::1", None):
        await door.access.addresses.permit(1, widget_id, address)
        await door.access.addresses.permit(1, None, address)


async def test_the_newest_rules_of_ones_own_widget_hold(door: Door) -> None:
    widget_id, neighbour = await door.install(1), await door.install(1)
    await rule(door, widget_id, blocked=("198.51.100.0/24",))
    await rule(door, widget_id, blocked=("203.0.113.0/24",))
    other = (await door.another_process()).addresses
    with pytest.raises(AddressBlocked):
        await other.permit(1, widget_id, HOME)
    await other.permit(1, widget_id, "198.51.100.1")
    await other.permit(1, neighbour, HOME)
    await other.permit(2, widget_id, HOME)


async def test_what_is_remembered_is_not_asked_again(door: Door) -> None:
    """And what was changed here is."""
    widget_id, addresses = await door.install(1), Addresses(door.store.database)
    await addresses.permit(1, widget_id, HOME)
    await rule(door, widget_id, blocked=(HOME,))
    await addresses.permit(1, widget_id, HOME)
    addresses.forget(1, widget_id)
    with pytest.raises(AddressBlocked):
        await addresses.permit(1, widget_id, HOME)


async def test_many_widgets_are_one_question(door: Door) -> None:
    ids = [await door.install(1) for _ in range(3)]
    await rule(door, ids[1], blocked=(HOME,))
    gates = await Addresses(door.store.database).gates([(1, id) for id in ids])
    assert [gates[1, id].admits(HOME) for id in ids] == [True, False, True]
    assert await Addresses(door.store.database).gates([]) == {}


async def test_a_visitor_token_names_the_widget_it_was_made_for(door: Door) -> None:
    widget_id = uuid4()
    token, older = (
        await door.access.new_visitor(1, uuid4(), widget_id),
        await door.access.new_visitor(1, uuid4()),
    )
    assert (await door.access.visitor(token)).widget_id == widget_id
    assert (await door.access.visitor(older)).widget_id is None


async def rule(door: Door, widget_id: UUID, blocked: tuple[str, ...]) -> None:
    await door.bus.execute(system(1), SetWidgetAddressRules(widget_id=widget_id, rules=AddressRules(blocked)))
