"""Random bytes by the page."""

from __future__ import annotations

import os

from infrastructure.randomness import PAGE, RandomBytes


def test_no_piece_is_handed_out_twice() -> None:
    source = RandomBytes(12)
    pieces = [source.take() for _ in range(3 * PAGE)]
    assert {len(piece) for piece in pieces} == {12}
    assert len(set(pieces)) == len(pieces)


def test_a_forked_child_does_not_hand_out_what_its_parent_does() -> None:
    source = RandomBytes(12)
    source.take()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, b"".join(source.take() for _ in range(PAGE)))
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reading, PAGE * 12)
    assert len(theirs) == PAGE * 12
    assert not {source.take() for _ in range(PAGE)} & {theirs[at : at + 12] for at in range(0, len(theirs), 12)}
