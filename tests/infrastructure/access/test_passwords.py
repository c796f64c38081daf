"""Whether an address is known cannot be told by the time that a login takes."""

from __future__ import annotations

from argon2 import extract_parameters

from infrastructure.access.passwords import HASHER, NOBODY


def test_an_unknown_address_is_compared_with_a_hash_as_dear_as_a_known_one() -> None:
    assert extract_parameters(NOBODY) == extract_parameters(HASHER.hash("a password of some length"))
    assert not HASHER.check_needs_rehash(NOBODY)
