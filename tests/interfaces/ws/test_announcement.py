"""One event, at most one frame; what is the team's stays with the team."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from application.log import Meta, Recorded
from domain.call import CallEnded, CallRang, CallRecorded, CallStarted, CallTranscribed
from domain.handling import Accepted, Awakened, Handling, HandlingChanged, Snoozed, Transferred
from domain.kernel import By, Cause, Event
from domain.marks import AttributesChanged, LabelsChanged, PriorityChanged
from domain.receipts import Delivered, Rated, Read
from interfaces.ws.announcement import for_members, for_visitor, needs_owner, owner_in

AT = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
CHAT, GUEST, ANNA, TEAM = UUID(int=1), UUID(int=2), UUID(int=3), UUID(int=4)
QUEUE = Handling("open", "queue")
ANNAS = Handling("open", "agent", ANNA)
ASLEEP = Handling("snoozed", "agent", ANNA)


def made(kind: type[Event], **facts: Any) -> Event:
    by = By("agent", ANNA)
    return kind(originator_id=CHAT, originator_version=5, at=AT, by=by, cause=Cause("Test"), **facts)


def moved(kind: type[HandlingChanged], before: Handling, after: Handling, **facts: Any) -> Event:
    return made(kind, before=before, after=after, **facts)


def recorded(event: Event) -> Recorded:
    return Recorded(9, 7, 1, event, Meta(UUID(int=9)), b"")


def told(event: Event) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The changes members are told of, and the visitor."""
    frame = for_members(recorded(event))
    assert frame is not None
    shown = for_visitor(frame)
    members, visitor = msgspec.to_builtins(frame), None if shown is None else msgspec.to_builtins(shown)
    assert members["type"] == "conversation:updated"
    return members["data"]["changes"], visitor and visitor["data"]["changes"]


AGT, TEA = "agt_" + ANNA.hex, "tea_" + TEAM.hex


@pytest.mark.parametrize(
    ("event", "members", "visitor"),
    [
        (made(LabelsChanged, added=("vip",), removed=("new",)), {"labels": (("new",), ("vip",))}, None),
        (made(PriorityChanged, before=None, after="high"), {"priority": (None, "high")}, None),
        (
            made(AttributesChanged, subject_id=GUEST, names=("plan",), values='{"plan":"secret"}'),
            {"attributes": (None, ("plan",))},
            None,
        ),
        (
            made(CallStarted, phone_number="+14165550101", provider="pool", longest=60, due=AT),
            {"call": (None, {"status": "started", "phoneNumber": "+14165550101"})},
            {"call": (None, {"status": "started", "phoneNumber": "+14165550101"})},
        ),
        (made(CallRang, due=AT), {"call": (None, {"status": "ringing"})}, {"call": (None, {"status": "ringing"})}),
        (
            made(CallEnded, reason="completed", seconds=9),
            {"call": (None, {"status": "ended", "reason": "completed", "seconds": 9})},
            {"call": (None, {"status": "ended", "reason": "completed", "seconds": 9})},
        ),
        (
            made(CallRecorded, subject_id=GUEST, link="https://x.test/1"),
            {"recordingUrl": (None, "https://x.test/1")},
            None,
        ),
        (made(CallTranscribed, subject_id=GUEST, text="secret"), {"transcribed": (None, True)}, None),
        (made(Delivered, up_to=4), {"deliveredTo": (None, 4)}, {"deliveredTo": (None, 4)}),
        (
            made(Read, side="visitor", up_to=4),
            {"readTo": (None, {"visitor": 4})},
            {"readTo": (None, {"visitor": 4})},
        ),
        (
            made(Read, side="agent", up_to=4, left=1),
            {"readTo": (None, {"agent": 4}), "unread": (None, 1)},
            {"readTo": (None, {"agent": 4})},
        ),
        (
            made(Rated, subject_id=GUEST, score=5, comment="Thanks"),
            {"rating": (None, {"score": 5, "comment": "Thanks"})},
            {"rating": (None, {"score": 5, "comment": "Thanks"})},
        ),
        (
            moved(Transferred, QUEUE, Handling("open", "queue", None, TEAM), to_team_id=TEAM),
            {"teamId": (None, TEA)},
            None,
        ),
        (
            moved(Transferred, QUEUE, ANNAS, to_agent_id=ANNA, accept_until=AT),
            {
                "handledBy": ("queue", "agent"),
                "assigneeId": (None, AGT),
                "acceptUntil": (None, "2030-01-02T03:04:05Z"),
            },
            {"handledBy": ("queue", "agent"), "assigneeId": (None, AGT)},
        ),
        (moved(Accepted, ANNAS, ANNAS, agent_id=ANNA), {"acceptUntil": (None, None)}, None),
        (
            moved(Snoozed, ANNAS, ASLEEP, until=AT),
            {"status": ("open", "snoozed"), "snoozedUntil": (None, "2030-01-02T03:04:05Z")},
            {"status": ("open", "snoozed")},
        ),
        (
            moved(Awakened, ASLEEP, ANNAS, reason="time"),
            {"status": ("snoozed", "open"), "snoozedUntil": (None, None)},
            {"status": ("snoozed", "open")},
        ),
    ],
)
def test_each_side_is_told_what_it_may_see(
    event: Event, members: dict[str, Any], visitor: dict[str, Any] | None
) -> None:
    assert told(event) == (members, visitor)


def test_an_attributes_value_is_in_no_frame() -> None:
    event = made(AttributesChanged, subject_id=GUEST, names=("plan",), values='{"plan":"secret"}')
    assert "secret" not in repr(for_members(recorded(event)))


def test_a_reason_is_for_the_team() -> None:
    frame = for_members(recorded(moved(Awakened, ASLEEP, ANNAS, reason="agent")))
    assert msgspec.to_builtins(frame)["data"]["reason"] == "agent"
    assert "reason" not in msgspec.to_builtins(for_visitor(frame))["data"]


def test_whom_a_receipt_concerns_is_looked_up_and_a_ratings_is_not() -> None:
    assert needs_owner(recorded(made(CallRang, due=AT)))
    assert needs_owner(recorded(made(Read, side="agent", up_to=4)))
    assert not needs_owner(recorded(made(LabelsChanged, added=("vip",))))
    rated = recorded(made(Rated, subject_id=GUEST, score=5))
    assert (owner_in(rated), needs_owner(rated)) == (GUEST, False)
