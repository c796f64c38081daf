"""Receipts: how far each side has got a conversation's messages, and what the visitor thought of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from domain.kernel import NOWHERE, Event, PersonalEvent, Stamp
from domain.personal import Personal
from domain.quiet import Quiet
from domain.refusals import ConversationIsOpen, Forbidden, Invalid, RatingIsClosed
from domain.values import bounded

Side = Literal["visitor", "agent"]
RATING_WINDOW = timedelta(hours=24)


class Delivered(Event, frozen=True, kw_only=True):
    """The visitor's browser has every message up to this version of the conversation."""

    TYPE = "conversation.delivered.1"

    up_to: int

    def apply(self, aggregate: Received) -> None:
        aggregate.delivered_to = self.up_to
        aggregate.stayed_quiet(self.originator_version)


class Read(Event, frozen=True, kw_only=True):
    """Somebody of this side has read up to this version; `left` messages of the other side are unread after it."""

    TYPE = "conversation.read.1"

    side: Side
    up_to: int
    left: int = 0

    def apply(self, aggregate: Received) -> None:
        aggregate.read_to[self.side] = self.up_to
        aggregate.unread[self.side] = [one for one in aggregate.unread[self.side] if one > self.up_to]
        if self.side == "visitor":
            aggregate.delivered_to = max(aggregate.delivered_to, self.up_to)
        aggregate.stayed_quiet(self.originator_version)


class Rated(PersonalEvent, frozen=True, kw_only=True):
    TYPE = "conversation.rated.1"

    score: int
    comment: Personal | None = None

    def apply(self, aggregate: Received) -> None:
        aggregate.rating = (self.score, self.comment)
        aggregate.rated_at = aggregate.rated_at or self.at


class Received(Quiet):
    """The part of a conversation that knows what was read. Everything here only moves forwards."""

    contact_id: UUID = NOWHERE
    delivered_to: int = 0
    rating: tuple[int, Personal | None] | None = None
    rated_at: datetime | None = None

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.read_to: dict[Side, int] = {}
        self.unread: dict[Side, list[int]] = {"visitor": [], "agent": []}
        """The other side's messages that nobody of this side has read, by version."""

    def mark_delivered(self, stamp: Stamp, up_to: int) -> None:
        """Backwards changes nothing. Raises Invalid for a version that is not there yet."""
        self.refuse_future(up_to)
        if stamp.by.kind == "visitor" and up_to > self.delivered_to:
            self.record(Delivered, stamp, up_to=up_to)

    def mark_read(self, stamp: Stamp, up_to: int) -> None:
        """By the visitor, or for all agents by one of them. Backwards changes nothing. Raises Invalid."""
        self.refuse_future(up_to)
        side: Side = "visitor" if stamp.by.kind == "visitor" else "agent"
        if up_to <= self.read_to.get(side, 0):
            return
        left = sum(1 for version in self.unread[side] if version > up_to)
        if left < len(self.unread[side]) or side == "visitor":
            self.record(Read, stamp, side=side, up_to=up_to, left=left)

    def rate(self, stamp: Stamp, score: int, comment: str | None, *, is_ended: bool) -> None:
        """By the visitor, once it has ended, and again within 24 h of the first time.

        Raises Forbidden, Invalid, ConversationIsOpen, RatingIsClosed.
        """
        if stamp.by.kind != "visitor":
            raise Forbidden("Only the visitor rates a conversation.")
        if not 1 <= score <= 5:
            raise Invalid("score is 1 to 5.")
        words = bounded("comment", comment, 2000) if comment else None
        if self.rating == (score, words):
            return
        if self.rated_at is None and not is_ended:
            raise ConversationIsOpen
        if self.rated_at is not None and stamp.at - self.rated_at > RATING_WINDOW:
            raise RatingIsClosed
        self.record(Rated, stamp, subject_id=self.contact_id, score=score, comment=words)

    def spoke(self, kind: str, version: int) -> None:
        """A public message: unread for the other side, and an agent has seen what he answers."""
        if kind == "visitor":
            self.unread["agent"].append(version)
            return
        self.unread["visitor"].append(version)
        if kind == "agent":
            self.unread["agent"].clear()

    def refuse_future(self, up_to: int) -> None:
        """Raises Invalid for a version that is not there yet."""
        if not 1 <= up_to <= self.version:
            raise Invalid("upTo is a version of this conversation.")


EVENTS: tuple[type[Event], ...] = (Delivered, Read, Rated)
