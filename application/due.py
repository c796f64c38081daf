"""Due: what happens at a time if nothing happens before. An event sets it, a later one of its stream lifts it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from application.call import EndOverdueCall
from application.campaign import FailCampaign, KeepCampaignTime
from application.command import Command
from application.continuity import LookForVisitor
from application.handling import AwakenConversation, ReturnConversation
from application.log import Recorded
from application.sla_clock import TellSla
from application.team import BeginTeamHours
from domain.call import CallAnswered, CallEnded, CallRang, CallStarted
from domain.campaign_life import (
    CampaignEnded,
    CampaignEvent,
    CampaignLaunched,
    CampaignResumed,
    CampaignScheduled,
    CampaignUnscheduled,
)
from domain.continuity import ContinuityMoved
from domain.handling import HandlingChanged, Snoozed, Transferred
from domain.sla_clock import ClockMoved
from domain.team import HoursBegan, RoutingChanged, TeamRemoved

DueKind = Literal["accept", "snooze", "hours", "call", "sla", "continuity", "campaign"]
Clock = tuple[int, UUID, bool]


class Due(msgspec.Struct, frozen=True):
    """One stream has at most one, and one more for its call. Set by the event at `version` and `position`.

    `at` None: nothing any more.
    """

    tenant_id: int
    stream_id: UUID
    kind: DueKind
    at: datetime | None
    version: int
    position: int

    @property
    def clock(self) -> Clock:
        """What a newer one takes the place of."""
        return self.tenant_id, self.stream_id, self.kind == "call"


Holds = Callable[[Due], Awaitable[bool]]
"""It is not done now, though its time has come; asked again until it says no."""


def due_of(recorded: Recorded) -> Due | None:
    """What this event sets or lifts, None where it does neither."""
    event = recorded.event
    if isinstance(event, HandlingChanged):
        kind: DueKind = "snooze" if isinstance(event, Snoozed) else "accept"
    elif isinstance(event, RoutingChanged | HoursBegan | TeamRemoved):
        kind = "hours"
    elif isinstance(event, CallStarted | CallRang | CallAnswered | CallEnded):
        kind = "call"
    elif isinstance(event, ClockMoved):
        kind = "sla"
    elif isinstance(event, ContinuityMoved):
        kind = "continuity"
    elif isinstance(event, CampaignEvent):
        return _campaign_due(recorded, event)
    else:
        return None
    place = (recorded.version, recorded.position)
    return Due(recorded.tenant_id, recorded.stream_id, kind, _time_in(recorded), *place)


def command_of(due: Due) -> Command:
    """What is to be done when the time has come; each looks again whether it is still to be done."""
    return _COMMANDS[due.kind](due.stream_id)


def command_without_room(due: Due, code: str) -> Command | None:
    """What to do instead where the tenant's plan refuses it; None: nothing."""
    return FailCampaign(campaign_id=due.stream_id, reason=code) if due.kind == "campaign" else None


def _campaign_due(recorded: Recorded, event: CampaignEvent) -> Due | None:
    """When it is to begin, or to be over. What says nothing of it leaves it as it was."""
    match event:
        case CampaignScheduled(launch_at=at) | CampaignLaunched(ends_at=at) | CampaignResumed(ends_at=at):
            pass
        case CampaignUnscheduled() | CampaignEnded():
            at = None
        case _:
            return None
    return Due(recorded.tenant_id, recorded.stream_id, "campaign", at, recorded.version, recorded.position)


def _time_in(recorded: Recorded) -> datetime | None:
    match recorded.event:
        case Transferred(accept_until=at) | Snoozed(until=at) | HoursBegan(next_at=at) | ClockMoved(next_at=at):
            return at
        case ContinuityMoved(next_at=at):
            return at
        case CallStarted(due=at) | CallRang(due=at) | CallAnswered(due=at):
            return at
        case RoutingChanged(routing=routing):
            return routing.opens_after(recorded.at)
        case _:
            return None


_COMMANDS: Mapping[DueKind, Callable[[UUID], Command]] = {
    "accept": lambda id: ReturnConversation(conversation_id=id, reason="accept_timed_out"),
    "snooze": lambda id: AwakenConversation(conversation_id=id, reason="time"),
    "hours": lambda id: BeginTeamHours(team_id=id),
    "call": lambda id: EndOverdueCall(conversation_id=id),
    "sla": lambda id: TellSla(clock_id=id),
    "continuity": lambda id: LookForVisitor(continuity_id=id),
    "campaign": lambda id: KeepCampaignTime(campaign_id=id),
}
