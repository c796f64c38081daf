"""The catalogue of events: complete, and its stored names never change."""

from __future__ import annotations

import re

import pytest

from domain.catalog import EVENT_TYPES
from domain.kernel import Event

# Add to this list; a name in it is in somebody's log for ever.
STORED = """
conversation.started.1 conversation.message_posted.1 conversation.note_added.1
conversation.assistant_replied.1 conversation.reply_discarded.1 conversation.handed_over.1
conversation.accepted.1 conversation.ended.1 conversation.reopened.1
contact.met.1 contact.introduced.1 contact.erased.1
widget.installed.1 widget.restyled.1 widget.token_issued.1 widget.token_revoked.1
assistant.configured.1 agent.invited.1 agent.role_changed.1 agent.deactivated.1
tenant.opened.1 tenant.renamed.1 article.written.1 article.removed.1
canned_response.saved.1 canned_response.removed.1 canned_response.used.1
canned_shortcut.claimed.1 canned_shortcut.released.1
automation.saved.1 automation.removed.1 macro.saved.1 macro.removed.1
automation_run.applied.1 automation_run.failed.1 automation_run.stopped.1
"""


def all_events(event: type[Event] = Event) -> set[type[Event]]:
    below = {found for child in event.__subclasses__() for found in all_events(child)}
    return below | {event} if "TYPE" in vars(event) else below


def test_every_event_that_is_declared_can_be_read_back() -> None:
    ours = {event for event in all_events() if event.__module__.startswith("domain.")}
    assert ours == set(EVENT_TYPES.values())


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_a_stored_name_is_noun_past_tense_and_version(name: str) -> None:
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+\.[1-9]\d*", name)


def test_stored_names_never_change() -> None:
    assert set(STORED.split()) <= set(EVENT_TYPES)


def test_the_first_event_of_a_stream_says_what_it_is_of() -> None:
    nouns = {name.partition(".")[0] for name in EVENT_TYPES}
    creating = {name.partition(".")[0] for name, event in EVENT_TYPES.items() if "create" in vars(event)}
    assert creating == nouns
