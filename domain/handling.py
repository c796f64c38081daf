"""Handling: where a conversation stands and who has it, and every fact that moves it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.ids import wire
from domain.kernel import BEGINNING, ActorKind, Event, Stamp
from domain.participants import Participating
from domain.refusals import AlreadyAccepted, ConversationIsEnded, Invalid, OwnerTakesPart
from domain.values import bounded

Status = Literal["open", "pending", "snoozed", "resolved"]
HandledBy = Literal["bot", "queue", "agent"]
ReturnReason = Literal["accept_timed_out", "agent_left", "agent_returned"]
AwakenReason = Literal["time", "reply", "agent"]

REOPEN_HOURS = 72
LONGEST_SNOOZE = timedelta(days=366)


class Handling(msgspec.Struct, frozen=True, omit_defaults=True):
    """`status` and `handled_by` are two things, never one. `team_id`: whose queue it is, None for everybody's."""

    status: Status
    handled_by: HandledBy
    assignee_id: UUID | None = None
    team_id: UUID | None = None

    @property
    def seat(self) -> UUID | None:
        """The agent who has it before them: theirs, and open. What is asleep or over takes nobody's room."""
        return self.assignee_id if self.status == "open" and self.handled_by == "agent" else None


class HandlingChanged(Event, frozen=True, kw_only=True):
    """An event that moves the conversation; it carries both ends, so a reader needs no other event."""

    before: Handling
    after: Handling

    def apply(self, aggregate: Handled) -> None:
        aggregate.handling = self.after
        aggregate.accept_until = aggregate.snoozed_until = None
        if self.after.assignee_id is not None:
            aggregate.takes_part(self.after.assignee_id)


class HandedOver(HandlingChanged, frozen=True, kw_only=True):
    """From the assistant to the human queue."""

    TYPE = "conversation.handed_over.1"

    reason: str


class Accepted(HandlingChanged, frozen=True, kw_only=True):
    """An agent took it."""

    TYPE = "conversation.accepted.1"

    agent_id: UUID

    def apply(self, aggregate: Handled) -> None:
        HandlingChanged.apply(self, aggregate)
        aggregate.accepted_at = self.at


class Assigned(HandlingChanged, frozen=True, kw_only=True):
    """Routing gave it to an agent; `rule` is the strategy that chose."""

    TYPE = "conversation.assigned.1"

    agent_id: UUID
    rule: str

    def apply(self, aggregate: Handled) -> None:
        HandlingChanged.apply(self, aggregate)
        aggregate.accepted_at = self.at


class Transferred(HandlingChanged, frozen=True, kw_only=True):
    """To an agent, who has until `accept_until` to take it, or to a team's queue; `note_id`: its note."""

    TYPE = "conversation.transferred.1"

    to_agent_id: UUID | None = None
    to_team_id: UUID | None = None
    note_id: UUID | None = None
    accept_until: datetime | None = None

    def apply(self, aggregate: Handled) -> None:
        HandlingChanged.apply(self, aggregate)
        aggregate.accept_until = self.accept_until


class Returned(HandlingChanged, frozen=True, kw_only=True):
    """Back to the queue."""

    TYPE = "conversation.returned.1"

    reason: ReturnReason


class Snoozed(HandlingChanged, frozen=True, kw_only=True):
    """Out of sight until then; a visitor's message wakes it in any case, and without `until` nothing else does."""

    TYPE = "conversation.snoozed.1"

    until: datetime | None = None

    def apply(self, aggregate: Handled) -> None:
        HandlingChanged.apply(self, aggregate)
        aggregate.snoozed_until = self.until


class Awakened(HandlingChanged, frozen=True, kw_only=True):
    TYPE = "conversation.awakened.1"

    reason: AwakenReason


class Ended(HandlingChanged, frozen=True, kw_only=True):
    TYPE = "conversation.ended.1"

    reason: str | None = None

    def apply(self, aggregate: Handled) -> None:
        HandlingChanged.apply(self, aggregate)
        aggregate.was_ended(self.by.kind, self.at)


class Reopened(HandlingChanged, frozen=True, kw_only=True):
    TYPE = "conversation.reopened.1"


class Handled(Participating):
    """The part of a conversation that knows whose it is. Commands that find nothing to do change nothing."""

    assistant_id: UUID | None = None
    accepted_at: datetime | None = None
    accept_until: datetime | None = None
    snoozed_until: datetime | None = None
    ended_at: datetime = BEGINNING
    reopen_hours: int = REOPEN_HOURS
    handling = Handling(status="open", handled_by="queue")

    def was_ended(self, by: ActorKind, at: datetime) -> None:
        """Called by the event; what inherits this may know more of it."""
        self.ended_at = at

    @property
    def is_ended(self) -> bool:
        return self.handling.status == "resolved"

    def is_past_reopening(self, at: datetime) -> bool:
        """Ended for so long that a visitor's message begins a new conversation."""
        return self.is_ended and at - self.ended_at > timedelta(hours=self.reopen_hours)

    def hand_over(self, stamp: Stamp, reason: str) -> None:
        """From the assistant to the queue; nothing to do where humans already have it or it has ended."""
        if self.handling.handled_by != "bot" or self.is_ended:
            return
        after = replace(self.handling, handled_by="queue")
        self.record(HandedOver, stamp, reason=bounded("reason", reason), before=self.handling, after=after)

    def accept(self, stamp: Stamp, agent_id: UUID) -> None:
        """One winner, awake; also ends the wait of a transfer. Raises AlreadyAccepted, ConversationIsEnded."""
        self.refuse_ended()
        owner = self.handling.assignee_id
        if owner == agent_id and self.accept_until is None:
            return
        if owner not in (None, agent_id):
            raise AlreadyAccepted(by=wire("agent", owner), at=self.accepted_at)
        after = replace(self.handling, status="open", handled_by="agent", assignee_id=agent_id)
        self.record(Accepted, stamp, agent_id=agent_id, before=self.handling, after=after)

    def assign(self, stamp: Stamp, agent_id: UUID, rule: str) -> None:
        """Routing's: only what still waits in the queue."""
        if self.handling.handled_by != "queue" or self.handling.status != "open":
            return
        after = replace(self.handling, handled_by="agent", assignee_id=agent_id)
        self.record(Assigned, stamp, agent_id=agent_id, rule=rule, before=self.handling, after=after)

    def transfer(
        self,
        stamp: Stamp,
        *,
        agent_id: UUID | None = None,
        team_id: UUID | None = None,
        note_id: UUID | None = None,
        accept_seconds: int = 60,
    ) -> None:
        """To an agent or a team's queue; to whoever has it, nothing. Raises ConversationIsEnded, Invalid."""
        self.refuse_ended()
        if (agent_id is None) == (team_id is None):
            raise Invalid("A transfer goes to an agentId or to a teamId.")
        wanted = replace(self.handling, status="open", handled_by="queue", assignee_id=None, team_id=team_id)
        until = None
        if agent_id is not None:
            wanted = replace(self.handling, status="open", handled_by="agent", assignee_id=agent_id)
            until = stamp.at + timedelta(seconds=accept_seconds)
        if wanted == self.handling:
            return
        facts = {"to_agent_id": agent_id, "to_team_id": team_id, "note_id": note_id, "accept_until": until}
        self.record(Transferred, stamp, before=self.handling, after=wanted, **facts)

    def return_to_queue(self, stamp: Stamp, reason: ReturnReason) -> None:
        """Nothing to do where no agent has it, or where a transfer was accepted before its time was over."""
        if self.handling.handled_by != "agent" or self.is_ended:
            return
        if reason == "accept_timed_out" and (self.accept_until is None or self.accept_until > stamp.at):
            return
        after = replace(self.handling, handled_by="queue", assignee_id=None)
        self.record(Returned, stamp, reason=reason, before=self.handling, after=after)

    def snooze(self, stamp: Stamp, until: datetime | None = None) -> None:
        """Until then, or until the next reply. Raises ConversationIsEnded, Invalid."""
        self.refuse_ended()
        if until is not None and not stamp.at < until <= stamp.at + LONGEST_SNOOZE:
            raise Invalid("until is a time in the next 366 days.")
        if self.handling.status == "snoozed" and self.snoozed_until == until:
            return
        after = replace(self.handling, status="snoozed")
        self.record(Snoozed, stamp, until=until, before=self.handling, after=after)

    def awaken(self, stamp: Stamp, reason: AwakenReason) -> None:
        """Open again; a timer that comes too early, or for a snooze without a time, does nothing."""
        if self.handling.status != "snoozed":
            return
        if reason == "time" and (self.snoozed_until is None or self.snoozed_until > stamp.at):
            return
        after = replace(self.handling, status="open")
        self.record(Awakened, stamp, reason=reason, before=self.handling, after=after)

    def end(self, stamp: Stamp, reason: str | None = None) -> None:
        """Resolved, by either side; ending twice changes nothing."""
        if self.is_ended:
            return
        after = replace(self.handling, status="resolved")
        why = bounded("reason", reason) if reason else None
        self.record(Ended, stamp, reason=why, before=self.handling, after=after)

    def reopen(self, stamp: Stamp) -> None:
        """By an agent, at any time: back to whoever had it, else to the queue."""
        if not self.is_ended:
            return
        handled_by: HandledBy = "agent" if self.handling.assignee_id else "queue"
        after = replace(self.handling, status="open", handled_by=handled_by)
        self.record(Reopened, stamp, before=self.handling, after=after)

    def reopen_for_visitor(self, stamp: Stamp) -> None:
        """By a visitor's message, within the window: to the assistant again, where there is one."""
        if stamp.by.kind != "visitor" or self.is_past_reopening(stamp.at):
            raise ConversationIsEnded
        handled_by: HandledBy = "bot" if self.assistant_id else "queue"
        after = Handling(status="open", handled_by=handled_by, team_id=self.handling.team_id)
        self.record(Reopened, stamp, before=self.handling, after=after)

    def leave(self, stamp: Stamp, agent_id: UUID) -> None:
        """Who takes no part changes nothing. Raises OwnerTakesPart."""
        if agent_id == self.handling.assignee_id:
            raise OwnerTakesPart
        super().leave(stamp, agent_id)

    def refuse_ended(self) -> None:
        """Raises ConversationIsEnded."""
        if self.is_ended:
            raise ConversationIsEnded


EVENTS: tuple[type[Event], ...] = (
    HandedOver,
    Accepted,
    Assigned,
    Transferred,
    Returned,
    Snoozed,
    Awakened,
    Ended,
    Reopened,
)
