"""Sealing: a text opens under its key, in its place, and nowhere else."""

from __future__ import annotations

from base64 import b64decode, b64encode
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.personal import ERASED
from infrastructure.eventstore.sealing import SubjectKey, Tampered, place, unwrap, wrap

KEY = SubjectKey(b"k" * 32)
WHERE = place(7, UUID(int=1), 2, "text")


@given(st.text())
def test_every_text_opens_as_it_was_sealed(text: str) -> None:
    sealed = KEY.seal(text, WHERE)
    assert KEY.open(sealed, WHERE) == text
    assert sealed.isascii()


@given(st.integers(min_value=0), st.integers(min_value=0, max_value=7))
def test_every_changed_bit_is_seen(byte: int, bit: int) -> None:
    body = bytearray(b64decode(KEY.seal("a word", WHERE)))
    body[byte % len(body)] ^= 1 << bit
    changed = b64encode(body).decode()
    if byte % len(body) < 4:  # the key's mark: reads as sealed by another key
        assert KEY.open(changed, WHERE) == ERASED
        return
    with pytest.raises(Tampered):
        KEY.open(changed, WHERE)


@pytest.mark.parametrize(
    "elsewhere",
    [
        place(8, UUID(int=1), 2, "text"),
        place(7, UUID(int=2), 2, "text"),
        place(7, UUID(int=1), 3, "text"),
        place(7, UUID(int=1), 2, "name"),
    ],
)
def test_a_text_opens_in_no_other_place(elsewhere: bytes) -> None:
    with pytest.raises(Tampered):
        KEY.open(KEY.seal("a word", WHERE), elsewhere)


def test_a_text_of_another_key_reads_erased() -> None:
    assert SubjectKey(b"l" * 32).open(KEY.seal("a word", WHERE), WHERE) == ERASED


@pytest.mark.parametrize("broken", ["", "####", "AAAA"])
def test_what_is_no_sealed_text_never_reads_as_one(broken: str) -> None:
    try:
        assert KEY.open(broken, WHERE) == ERASED
    except Tampered:
        return


def test_a_wrapped_key_opens_only_for_its_owner_and_under_its_key() -> None:
    wrapped = wrap(b"m" * 32, b"secret", "tenant 7")
    assert unwrap(b"m" * 32, wrapped, "tenant 7") == b"secret"
    for key, owner in ((b"n" * 32, "tenant 7"), (b"m" * 32, "tenant 8")):
        with pytest.raises(Tampered):
            unwrap(key, wrapped, owner)
