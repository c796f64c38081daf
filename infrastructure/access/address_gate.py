"""AddressGate: a widget's address rules, made ready to be asked by every request."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from ipaddress import IPv4Network, ip_network
from socket import AF_INET, AF_INET6, inet_pton

from domain.address_rules import AddressRules

_V4, _V6 = b"\x04", b"\x06"
_MAPPED = bytes(10) + b"\xff\xff"
NOWHERE = b""
"""What is no address: in no range, for every address of a range is longer."""


class AddressGate:
    """Blocked wins; where some are allowed nobody else is, nor is who has no address."""

    def __init__(self, rules: AddressRules) -> None:
        """`rules` as `valid_address_rules` writes them."""
        self._blocked = _Ranges(rules.blocked)
        self._allowed = _Ranges(rules.allowed) if rules.allowed else None

    def admits(self, address: str | None) -> bool:
        """`address` as the server is told it; None or nonsense is nowhere."""
        place = place_of(address)
        return place not in self._blocked and (self._allowed is None or place in self._allowed)


class _Ranges:
    """Sorted by their first addresses. None is within another, so one comparison more tells."""

    def __init__(self, ranges: Iterable[str]) -> None:
        bounds = sorted(map(_bounds, ranges))
        self._firsts = [first for first, _ in bounds]
        self._lasts = [last for _, last in bounds]

    def __contains__(self, place: bytes) -> bool:
        before = bisect_right(self._firsts, place)
        return before > 0 and place <= self._lasts[before - 1]


def place_of(address: str | None) -> bytes:
    """The family, then the address in network order; IPv4 in IPv6's clothes is IPv4."""
    try:
        if address is None or ":" not in address:
            return _V4 + inet_pton(AF_INET, address or "")
        packed = inet_pton(AF_INET6, address.partition("%")[0])
    except (OSError, ValueError):
        return NOWHERE
    return _V4 + packed[12:] if packed.startswith(_MAPPED) else _V6 + packed


def _bounds(text: str) -> tuple[bytes, bytes]:
    network = ip_network(text)
    family = _V4 if isinstance(network, IPv4Network) else _V6
    return family + network.network_address.packed, family + network.broadcast_address.packed
