"""What changed in a conversation, as `conversation:updated` says it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from domain.call import CallStatus, EndReason
from domain.handling import HandledBy, Status
from domain.marks import Priority
from domain.receipts import Side
from interfaces.notice_body import NoticeBody
from interfaces.sla_body import SlaBody


class Score(msgspec.Struct, frozen=True):
    score: int
    comment: str | None


class CallChange(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """`reason` and `seconds` of a call that has ended, `phoneNumber` of one that starts."""

    status: CallStatus
    phone_number: str | None = None
    reason: EndReason | None = None
    seconds: int | None = None


class Changes(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The fields that changed, each `[old, new]`; old is null where it is not in the event.

    `labels` and `participants` (agents, by hand) are `[removed, added]`, `attributes` `[null, names]`: values are
    read by REST. `readTo` holds the one side that read on. `mentions`, to one agent alone: how many of theirs
    are unread in it. A visitor is told of status, handledBy, assigneeId, readTo, deliveredTo and rating only.
    """

    status: tuple[Status, Status] | msgspec.UnsetType = msgspec.UNSET
    handled_by: tuple[HandledBy, HandledBy] | msgspec.UnsetType = msgspec.UNSET
    assignee_id: tuple[str | None, str | None] | msgspec.UnsetType = msgspec.UNSET
    read_to: tuple[None, dict[Side, int]] | msgspec.UnsetType = msgspec.UNSET
    delivered_to: tuple[None, int] | msgspec.UnsetType = msgspec.UNSET
    rating: tuple[None, Score] | msgspec.UnsetType = msgspec.UNSET
    team_id: tuple[str | None, str | None] | msgspec.UnsetType = msgspec.UNSET
    labels: tuple[tuple[str, ...], tuple[str, ...]] | msgspec.UnsetType = msgspec.UNSET
    priority: tuple[Priority | None, Priority | None] | msgspec.UnsetType = msgspec.UNSET
    attributes: tuple[None, tuple[str, ...]] | msgspec.UnsetType = msgspec.UNSET
    snoozed_until: tuple[None, datetime | None] | msgspec.UnsetType = msgspec.UNSET
    accept_until: tuple[None, datetime | None] | msgspec.UnsetType = msgspec.UNSET
    unread: tuple[None, int] | msgspec.UnsetType = msgspec.UNSET
    qualified: tuple[bool, bool] | msgspec.UnsetType = msgspec.UNSET
    call: tuple[None, CallChange] | msgspec.UnsetType = msgspec.UNSET
    recording_url: tuple[None, str | None] | msgspec.UnsetType = msgspec.UNSET
    transcribed: tuple[None, bool] | msgspec.UnsetType = msgspec.UNSET
    sla: tuple[None, SlaBody | None] | msgspec.UnsetType = msgspec.UNSET
    notice: tuple[None, NoticeBody] | msgspec.UnsetType = msgspec.UNSET
    participants: tuple[tuple[str, ...], tuple[str, ...]] | msgspec.UnsetType = msgspec.UNSET
    mentions: tuple[None, int] | msgspec.UnsetType = msgspec.UNSET


FOR_MEMBERS = (
    "team_id",
    "labels",
    "priority",
    "attributes",
    "snoozed_until",
    "accept_until",
    "unread",
    "qualified",
    "recording_url",
    "transcribed",
    "sla",
    "notice",
    "participants",
    "mentions",
)
"""The changes no visitor is told of."""
