"""A shortcut belongs to one canned response at a time."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.canned_shortcut import CannedShortcut
from domain.refusals import ShortcutTaken
from tests.support.stamps import refolded, stamp, types

MINE, YOURS = UUID(int=1), UUID(int=2)


def claimed() -> CannedShortcut:
    shortcut = CannedShortcut(UUID(int=9))
    shortcut.claim(stamp(), 7, MINE)
    return shortcut


def test_what_another_response_has_is_refused() -> None:
    shortcut = claimed()
    with pytest.raises(ShortcutTaken) as refused:
        shortcut.claim(stamp(), 7, YOURS)
    assert refused.value.details == {"id": f"can_{MINE.hex}"}


def test_what_was_released_is_free() -> None:
    shortcut = claimed()
    shortcut.release(stamp(), MINE)
    shortcut.claim(stamp(), 7, YOURS)
    assert shortcut.holder == YOURS


def test_releasing_frees_nothing_of_another_response() -> None:
    shortcut = claimed()
    shortcut.release(stamp(), YOURS)
    assert shortcut.holder == MINE


def test_a_move_is_recorded_though_this_copy_knows_of_it_so_an_old_copy_is_found_out() -> None:
    shortcut = claimed()
    shortcut.claim(stamp(), 7, MINE)
    shortcut.release(stamp(), MINE)
    shortcut.release(stamp(), MINE)
    assert types(shortcut) == ["canned_shortcut.claimed.1"] * 2 + ["canned_shortcut.released.1"] * 2


def test_its_events_make_it_again_also_where_it_was_only_released() -> None:
    again = refolded(list(claimed().collect_events()))
    assert isinstance(again, CannedShortcut)
    assert again.holder == MINE
    never_claimed = CannedShortcut(UUID(int=8))
    never_claimed.release(stamp(), MINE)
    assert isinstance(refolded(list(never_claimed.collect_events())), CannedShortcut)
