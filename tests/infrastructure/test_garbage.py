"""What a process looks for garbage in once it serves."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from infrastructure.garbage import THRESHOLDS, settle

PYTHONS_OWN = (700, 10, 10)


@pytest.fixture(autouse=True)
def unsettled() -> Iterator[None]:
    """As a process begins. The tests' own is settled already, and is again afterwards: see tests/conftest.py."""
    gc.unfreeze()
    gc.set_threshold(*PYTHONS_OWN)
    yield
    settle()


def test_what_is_there_is_not_looked_at_again_and_what_comes_is() -> None:
    settle()
    assert gc.get_freeze_count() > 10_000
    assert gc.get_threshold() == THRESHOLDS
    made: list[object] = []
    made.append(made)
    del made
    assert gc.collect() >= 1
