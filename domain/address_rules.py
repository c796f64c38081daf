"""Address rules: from which addresses a widget may be talked to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

import msgspec

from domain.refusals import Invalid
from domain.values import bounded

MOST_RANGES = 200
LONGEST_RANGE = 64
MAPPED = IPv6Network("::ffff:0:0/96")

_RANGE = re.compile(r"[0-9a-fA-F.:]+(/\d{1,3})?")
_Network = IPv4Network | IPv6Network


class AddressRules(msgspec.Struct, frozen=True, omit_defaults=True):
    """Ranges as `valid_address_rules` writes them. `blocked` wins; `allowed` empty means everybody else."""

    blocked: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()


def valid_address_rules(rules: AddressRules) -> AddressRules:
    """`rules` with each range written one way, none within another, in order. Raises Invalid.

    A range is an address, or CIDR as RFC 4632 and RFC 4291 have it; bits of the host do not count. What is mapped
    from IPv4 (`::ffff:0:0/96`) is IPv4.
    """
    return AddressRules(_reduced("blocked", rules.blocked), _reduced("allowed", rules.allowed))


def _reduced(name: str, ranges: tuple[str, ...]) -> tuple[str, ...]:
    if len(ranges) > MOST_RANGES:
        raise Invalid(f"{name} holds at most {MOST_RANGES} ranges.")
    networks = [_network(name, one) for one in ranges]
    return (
        *_written(collapse_addresses(one for one in networks if isinstance(one, IPv4Network))),
        *_written(collapse_addresses(one for one in networks if isinstance(one, IPv6Network))),
    )


def _network(name: str, text: str) -> _Network:
    network = _parsed(bounded(name, text, LONGEST_RANGE).strip())
    if network is None:
        raise Invalid(f"{name} holds addresses and ranges: 203.0.113.7, 203.0.113.0/24, 2001:db8::/32.")
    if isinstance(network, IPv6Network) and network.subnet_of(MAPPED):
        first = network.network_address.ipv4_mapped
        return IPv4Network(f"{first}/{network.prefixlen - MAPPED.prefixlen}")
    return network


def _parsed(text: str) -> _Network | None:
    try:
        return ip_network(text, strict=False) if _RANGE.fullmatch(text) else None
    except ValueError:
        return None


def _written(networks: Iterable[_Network]) -> tuple[str, ...]:
    return tuple(str(one.network_address) if one.num_addresses == 1 else str(one) for one in networks)
