"""How a widget may look, and which tokens are in force."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from domain.refusals import Conflict, Invalid
from domain.widget import Look, Widget, WidgetConfigured, WidgetIsArchived
from domain.widget_settings import WidgetSettings
from tests.support.stamps import refolded, stamp, types

LOOK = Look(name="Shop", origins=("https://shop.example",))
ASSISTANT, TOKEN, OTHER = UUID(int=2), UUID(int=3), UUID(int=4)


def installed() -> Widget:
    widget = Widget(UUID(int=1))
    widget.install(stamp(), 7, LOOK, ASSISTANT)
    widget.collect_events()
    return widget


def test_installing_sets_look_and_assistant() -> None:
    widget = installed()
    assert (widget.look, widget.assistant_id) == (LOOK, ASSISTANT)


def test_installing_twice_changes_nothing() -> None:
    widget = installed()
    widget.install(stamp(), 7, Look(name="Other"))
    assert types(widget) == []


def test_restyling_changes_the_look() -> None:
    widget = installed()
    widget.restyle(stamp(), Look(name="Store", primary_color="#000000"))
    assert types(widget) == ["widget.restyled.1"]
    assert widget.look.name == "Store"


def test_the_same_look_again_changes_nothing() -> None:
    widget = installed()
    widget.restyle(stamp(), LOOK)
    assert types(widget) == []


@pytest.mark.parametrize(
    "change",
    [
        {"name": " "},
        {"name": "x" * 201},
        {"greeting": "x" * 501},
        {"primary_color": "red"},
        {"primary_color": "#12345"},
        {"logo": "http://shop.example/logo.png"},
        {"logo": "javascript:alert(1)"},
        {"origins": ("",)},
    ],
)
def test_a_look_that_no_page_may_show_is_refused(change: dict[str, object]) -> None:
    look = msgspec.structs.replace(LOOK, **change)
    with pytest.raises(Invalid):
        installed().restyle(stamp(), look)
    with pytest.raises(Invalid):
        Widget(UUID(int=9)).install(stamp(), 7, look)


def test_a_token_is_in_force_from_issue_to_revocation() -> None:
    widget = installed()
    widget.issue_token(stamp(), TOKEN)
    widget.issue_token(stamp(), OTHER)
    widget.revoke_token(stamp(), TOKEN)
    assert widget.token_ids == {OTHER}


def test_issuing_or_revoking_twice_changes_nothing() -> None:
    widget = installed()
    widget.issue_token(stamp(), TOKEN)
    widget.issue_token(stamp(), TOKEN)
    widget.revoke_token(stamp(), TOKEN)
    widget.revoke_token(stamp(), TOKEN)
    assert types(widget) == ["widget.token_issued.1", "widget.token_revoked.1"]


def test_configuring_says_what_changed_and_the_same_again_changes_nothing() -> None:
    widget = installed()
    wanted = WidgetSettings(reopen_hours=1, texts={"de": {"send": "Los"}})
    for _ in range(2):
        widget.configure(stamp(), LOOK, wanted, None, None)
    [event] = widget.collect_events()
    assert isinstance(event, WidgetConfigured)
    assert set(event.changed) == {"texts", "reopen_hours", "assistant_id"}
    assert (widget.settings, widget.assistant_id, widget.config_version) == (wanted, None, 2)


def test_configuring_another_version_than_was_seen_is_refused() -> None:
    with pytest.raises(Conflict):
        installed().configure(stamp(), LOOK, WidgetSettings(reopen_hours=1), ASSISTANT, 2)


def test_rotating_lets_the_older_tokens_end_and_never_later_than_they_would() -> None:
    widget = installed()
    widget.issue_token(stamp(), TOKEN)
    widget.rotate_token(stamp(), OTHER, 60)
    first = widget.token_ends[TOKEN]
    widget.rotate_token(stamp(), UUID(int=5), 3600)
    assert (widget.token_ends[TOKEN], widget.token_ends[OTHER]) == (first, first + timedelta(seconds=3540))
    assert widget.tokens_at(first) == {OTHER, UUID(int=5)}
    assert widget.config_version == 1
    with pytest.raises(Invalid):
        widget.rotate_token(stamp(), UUID(int=6), -1)


def test_archiving_revokes_every_token_and_twice_changes_nothing() -> None:
    widget = installed()
    widget.issue_token(stamp(), TOKEN)
    widget.collect_events()
    for _ in range(2):
        widget.archive(stamp())
    assert types(widget) == ["widget.token_revoked.1", "widget.archived.1"]
    assert widget.token_ids == frozenset()
    for late in (lambda: widget.issue_token(stamp(), OTHER), lambda: widget.restyle(stamp(), Look(name="New"))):
        with pytest.raises(WidgetIsArchived):
            late()


def test_its_events_make_it_again() -> None:
    widget = Widget(UUID(int=1))
    widget.install(stamp(), 7, LOOK, ASSISTANT)
    widget.issue_token(stamp(), TOKEN)
    again = refolded(list(widget.collect_events()))
    assert isinstance(again, Widget)
    assert (again.look, again.assistant_id, again.token_ids) == (LOOK, ASSISTANT, {TOKEN})
