"""Mention: a private note names agents and teams, and each of them has it unread until they have read that far."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import msgspec

from domain.kernel import Event, Stamp
from domain.receipts import Received
from domain.refusals import Invalid

MOST_MENTIONED = 20
MOST_TOLD = 500


class Mentions(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whom a note names. `told`: whom it reaches, these agents and who was in these teams then; not its author."""

    agents: tuple[UUID, ...] = ()
    teams: tuple[UUID, ...] = ()
    told: tuple[UUID, ...] = ()


class MentionsRead(Event, frozen=True, kw_only=True):
    """`by` has read the notes that mention them up to this version; `left` of them are unread after it."""

    TYPE = "conversation.mentions_read.1"

    up_to: int
    left: int = 0

    def apply(self, aggregate: Mentioned) -> None:
        unread = [version for version in aggregate.mentioned.pop(self.by.id, ()) if version > self.up_to]
        if unread:
            aggregate.mentioned[self.by.id] = unread
        aggregate.stayed_quiet(self.originator_version)


class Mentioned(Received):
    """The part of a conversation that knows who has not read that they are mentioned."""

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.mentioned: dict[UUID, list[int]] = {}
        """The versions of the notes that an agent is told of and has not read."""

    def mark_read(self, stamp: Stamp, up_to: int) -> None:
        """With the visitor's messages an agent reads the notes between them. Raises Invalid."""
        super().mark_read(stamp, up_to)
        if stamp.by.kind == "agent":
            self.read_mentions(stamp, up_to)

    def read_mentions(self, stamp: Stamp, up_to: int | None = None) -> None:
        """The acting agent's, all of them without `up_to`; none unread changes nothing. Raises Invalid."""
        to = self.version if up_to is None else up_to
        self.refuse_future(to)
        unread = self.mentioned.get(stamp.by.id, [])
        left = sum(1 for version in unread if version > to)
        if left < len(unread):
            self.record(MentionsRead, stamp, up_to=to, left=left)

    def tells(self, mentions: Mentions, version: int) -> None:
        """Called by the note that mentions them."""
        for agent_id in mentions.told:
            self.mentioned.setdefault(agent_id, []).append(version)


def mentions(
    author: UUID, agents: Iterable[UUID], teams: Iterable[UUID], members: Iterable[UUID]
) -> Mentions | None:
    """Each once; None where nobody is named. `members`: of the teams. Raises Invalid for too many."""
    named, asked = tuple(dict.fromkeys(agents)), tuple(dict.fromkeys(teams))
    if not named and not asked:
        return None
    if len(named) + len(asked) > MOST_MENTIONED:
        raise Invalid(f"A note mentions at most {MOST_MENTIONED} agents and teams.")
    told = tuple(one for one in dict.fromkeys((*named, *sorted(members))) if one != author)
    if len(told) > MOST_TOLD:
        raise Invalid(f"A note reaches at most {MOST_TOLD} agents; these teams have more.")
    return Mentions(named, asked, told)


EVENTS: tuple[type[Event], ...] = (MentionsRead,)
