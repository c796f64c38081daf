"""Participants: the agents who take part in a conversation, whoever owns it.

Who has it, who writes in it and who is named in a note takes part by that very fact; others join by hand, and
everybody but the owner may leave. Taking part opens nothing: what an agent may see, their role says.
"""

from __future__ import annotations

from uuid import UUID

from domain.kernel import By, Event, Stamp
from domain.quiet import Quiet
from domain.refusals import Invalid

MOST_PARTICIPANTS = 200
"""Beyond it nobody joins by hand any more."""


class ParticipantJoined(Event, frozen=True, kw_only=True):
    """By hand: `by` may be the agent, or a colleague who brought them in."""

    TYPE = "conversation.participant_joined.1"

    agent_id: UUID

    def apply(self, aggregate: Participating) -> None:
        aggregate.takes_part(self.agent_id)
        aggregate.stayed_quiet(self.originator_version)


class ParticipantLeft(Event, frozen=True, kw_only=True):
    """Until they write, are named or have it again."""

    TYPE = "conversation.participant_left.1"

    agent_id: UUID

    def apply(self, aggregate: Participating) -> None:
        aggregate.participants = aggregate.participants - {self.agent_id}
        aggregate.stayed_quiet(self.originator_version)


class Participating(Quiet):
    """The part of a conversation that knows which agents take part."""

    participants: frozenset[UUID] = frozenset()

    def join(self, stamp: Stamp, agent_id: UUID) -> None:
        """Who takes part already changes nothing. Raises Invalid where there are too many."""
        if agent_id in self.participants:
            return
        if len(self.participants) >= MOST_PARTICIPANTS:
            raise Invalid(f"A conversation has at most {MOST_PARTICIPANTS} participants.")
        self.record(ParticipantJoined, stamp, agent_id=agent_id)

    def leave(self, stamp: Stamp, agent_id: UUID) -> None:
        """Who takes no part changes nothing."""
        if agent_id in self.participants:
            self.record(ParticipantLeft, stamp, agent_id=agent_id)

    def takes_part(self, *agent_ids: UUID) -> None:
        """Called by the events that make it so."""
        self.participants = self.participants.union(agent_ids)

    def wrote(self, by: By) -> None:
        if by.kind == "agent":
            self.takes_part(by.id)


EVENTS: tuple[type[Event], ...] = (ParticipantJoined, ParticipantLeft)
