"""Whom a note reaches, and when they have read it."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.conversation import Conversation
from domain.mention import MOST_MENTIONED, MOST_TOLD, Mentions, MentionsRead, mentions
from domain.refusals import Invalid
from tests.support.stamps import stamp, types

CHAT, CONTACT, MESSAGE = UUID(int=1), UUID(int=2), UUID(int=6)
ANNA, BEN, CARLA, TEAM = UUID(int=4), UUID(int=5), UUID(int=7), UUID(int=8)
ANNA_SAYS, BEN_SAYS, CARLA_SAYS = stamp("agent", 4), stamp("agent", 5), stamp("agent", 7)


def noted(*told: UUID) -> Conversation:
    """Two notes that mention all of these."""
    conversation = Conversation(CHAT)
    conversation.start(stamp("visitor", 2), tenant_id=7, contact_id=CONTACT)
    for text in ("@all look", "@all again"):
        conversation.add_note(ANNA_SAYS, MESSAGE, text, mentions=mentions(ANNA, told, (), ()))
    conversation.collect_events()
    return conversation


def test_a_note_reaches_whom_it_names_and_the_members_of_its_teams_once_but_not_its_author() -> None:
    found = mentions(ANNA, [BEN, BEN, ANNA], [TEAM], [CARLA, BEN, ANNA])
    assert found == Mentions((BEN, ANNA), (TEAM,), (BEN, CARLA))


def test_nobody_named_is_no_mention() -> None:
    assert mentions(ANNA, [], [], []) is None


def test_too_many_are_refused() -> None:
    crowd = [UUID(int=number) for number in range(100, 101 + MOST_TOLD)]
    with pytest.raises(Invalid):
        mentions(ANNA, crowd[: MOST_MENTIONED + 1], [], [])
    with pytest.raises(Invalid):
        mentions(ANNA, [], [TEAM], crowd)


def test_a_team_is_told_but_only_who_is_named_takes_part() -> None:
    conversation = noted()
    conversation.add_note(ANNA_SAYS, MESSAGE, "Hm", mentions=mentions(ANNA, [BEN], [TEAM], [CARLA]))
    assert conversation.participants == {ANNA, BEN}
    assert conversation.mentioned.keys() == {BEN, CARLA}


def test_reading_up_to_a_note_leaves_the_later_ones_unread_and_other_agents_alone() -> None:
    conversation = noted(BEN, CARLA)
    conversation.read_mentions(BEN_SAYS, 2)
    (event,) = conversation.collect_events()
    assert isinstance(event, MentionsRead)
    assert (event.by.id, event.up_to, event.left) == (BEN, 2, 1)
    assert conversation.mentioned == {BEN: [3], CARLA: [2, 3]}


def test_reading_the_conversation_past_a_mention_reads_the_mention() -> None:
    conversation = noted(BEN)
    conversation.mark_read(BEN_SAYS, conversation.version)
    assert types(conversation) == [MentionsRead.TYPE]


def test_reading_twice_or_what_mentions_somebody_else_changes_nothing() -> None:
    conversation = noted(BEN)
    conversation.read_mentions(BEN_SAYS)
    conversation.collect_events()
    conversation.read_mentions(BEN_SAYS)
    conversation.read_mentions(CARLA_SAYS)
    conversation.mark_read(stamp("system"), 1)
    assert types(conversation) == []


@pytest.mark.parametrize("version", [0, 99])
def test_what_is_not_there_yet_cannot_be_read(version: int) -> None:
    with pytest.raises(Invalid):
        noted(BEN).read_mentions(BEN_SAYS, version)
