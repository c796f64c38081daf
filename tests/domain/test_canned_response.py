"""Canned responses are saved, changed, removed."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.canned_response import CannedResponse
from domain.refusals import Invalid
from tests.support.stamps import refolded, stamp, types


def saved() -> CannedResponse:
    response = CannedResponse(UUID(int=1))
    response.save(stamp(), 7, "bye", "Goodbye", "Have a nice day.")
    return response


def test_saving_keeps_its_texts() -> None:
    assert saved().texts == ("bye", "Goodbye", "Have a nice day.")


def test_the_same_texts_again_change_nothing() -> None:
    response = saved()
    response.collect_events()
    response.save(stamp(), 7, " bye", "Goodbye ", "Have a nice day.")
    assert types(response) == []


@pytest.mark.parametrize(
    "texts", [("", "t", "b"), ("s", " ", "b"), ("s", "t", ""), ("x" * 51, "t", "b"), ("s", "t", "x" * 10_001)]
)
def test_one_without_shortcut_title_or_body_is_refused(texts: tuple[str, str, str]) -> None:
    with pytest.raises(Invalid):
        CannedResponse(UUID(int=1)).save(stamp(), 7, *texts)


def test_removing_twice_changes_nothing() -> None:
    response = saved()
    response.collect_events()
    response.remove(stamp())
    response.remove(stamp())
    assert types(response) == ["canned_response.removed.1"]


def test_a_removed_one_can_be_saved_again() -> None:
    response = saved()
    response.remove(stamp())
    response.collect_events()
    response.save(stamp(), 7, "bye", "Goodbye", "Have a nice day.")
    assert types(response) == ["canned_response.saved.1"]


def test_its_events_make_it_again() -> None:
    again = refolded(list(saved().collect_events()))
    assert isinstance(again, CannedResponse)
    assert again.texts == ("bye", "Goodbye", "Have a nice day.")
