"""Canned responses are saved, changed, removed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain.canned_response import (
    EVERYBODY,
    CannedResponse,
    CannedResponseSaved,
    Reach,
    Scope,
    canned_text,
    reach,
    shortcut_name,
)
from domain.refusals import Conflict, Invalid
from tests.support.stamps import refolded, stamp, types

TEXT = canned_text("bye", "Goodbye", "Have a nice day.", (UUID(int=5),))
ANNA, TEAM = UUID(int=0xA), UUID(int=0xB)


def saved() -> CannedResponse:
    response = CannedResponse(UUID(int=1))
    response.save(stamp(), 7, TEXT)
    return response


def test_saving_keeps_its_text_and_whom_it_is_for() -> None:
    response = saved()
    assert (response.text, response.reach) == (TEXT, EVERYBODY)
    response.save(stamp(), 7, TEXT, Reach("team", TEAM))
    assert response.reach.team_id == TEAM
    assert types(response) == ["canned_response.saved.1"] * 2


def test_the_same_again_changes_nothing() -> None:
    response = saved()
    response.collect_events()
    response.save(stamp(), 7, canned_text(" /bye", "Goodbye ", "Have a nice day.", (UUID(int=5), UUID(int=5))))
    assert types(response) == []


@pytest.mark.parametrize(
    "texts",
    [
        ("", "t", "b"),
        ("/", "t", "b"),
        ("two words", "t", "b"),
        ("s", " ", "b"),
        ("s", "t", ""),
        ("x" * 51, "t", "b"),
        ("s", "t", "x" * 10_001),
        ("s\x00", "t", "b"),
    ],
)
def test_one_without_shortcut_title_or_body_is_refused(texts: tuple[str, str, str]) -> None:
    with pytest.raises(Invalid):
        canned_text(*texts)


def test_eleven_attachments_are_too_many() -> None:
    files = tuple(UUID(int=number) for number in range(11))
    assert len(canned_text("s", "t", "b", files[:10]).attachments) == 10
    with pytest.raises(Invalid):
        canned_text("s", "t", "b", files)


@pytest.mark.parametrize(
    ("scope", "team_id", "author_id"),
    [("team", None, ANNA), ("tenant", TEAM, ANNA), ("private", TEAM, ANNA), ("private", None, None)],
)
def test_a_scope_without_its_owner_is_refused(scope: Scope, team_id: UUID | None, author_id: UUID | None) -> None:
    with pytest.raises(Invalid):
        reach(scope, team_id, author_id)


def test_only_a_private_one_has_an_owner() -> None:
    assert reach("private", None, ANNA) == Reach("private", owner_id=ANNA)
    assert reach("tenant", None, ANNA) == EVERYBODY
    assert reach("team", TEAM, ANNA) == Reach("team", TEAM)


def test_one_name_is_one_whatever_its_case_and_another_for_each_owner() -> None:
    assert shortcut_name("Grüße", EVERYBODY) == shortcut_name("GRÜSSE", EVERYBODY)
    assert shortcut_name("hi", EVERYBODY) == shortcut_name("ＨＩ", EVERYBODY)
    reaches = (EVERYBODY, Reach("team", TEAM), Reach("private", owner_id=TEAM), Reach("private", owner_id=ANNA))
    assert len({shortcut_name("hi", one) for one in reaches}) == 4


def test_a_change_of_another_version_is_refused() -> None:
    response = saved()
    with pytest.raises(Conflict):
        response.save(stamp(), 7, canned_text("ciao", "t", "b"), expected_version=2)
    response.save(stamp(), 7, canned_text("ciao", "t", "b"), expected_version=1)
    assert response.version == 2


def test_removing_twice_changes_nothing_and_frees_the_name_once() -> None:
    response = saved()
    response.collect_events()
    assert response.shortcut_name == "tenant/bye"
    response.remove(stamp())
    response.remove(stamp())
    assert types(response) == ["canned_response.removed.1"]
    assert response.shortcut_name is None


def test_a_removed_one_can_be_saved_again() -> None:
    response = saved()
    response.remove(stamp())
    response.collect_events()
    response.save(stamp(), 7, TEXT)
    assert types(response) == ["canned_response.saved.1"]


def test_its_events_make_it_again() -> None:
    again = refolded(list(saved().collect_events()))
    assert isinstance(again, CannedResponse)
    assert (again.text, again.reach) == (TEXT, EVERYBODY)


def test_what_was_saved_before_there_were_scopes_is_the_tenants() -> None:
    facts: dict[str, Any] = {"tenant_id": 7, "shortcut": "bye", "title": "Goodbye", "body": "Bye."}
    frame = {"at": "2026-03-01T12:00:00Z", "by": {"kind": "system"}, "cause": {"command": "Save"}}
    old = msgspec.json.decode(msgspec.json.encode(facts | frame), type=CannedResponseSaved)
    again = refolded([old])
    assert isinstance(again, CannedResponse)
    assert (again.reach, again.text.attachments) == (EVERYBODY, ())
