"""What a bulk may ask for: `{"type": …}` and what that type needs, and the command it is for one conversation."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from application.bulk import MarkAllRead
from application.conversation import AboutConversation
from application.handling import (
    AcceptConversation,
    AssignConversation,
    AwakenConversation,
    EndConversation,
    ReopenConversation,
    SnoozeConversation,
    TransferConversation,
)
from application.marks import ChangeLabels, SetPriority
from domain.ids import parse
from domain.marks import MOST_LABELS, Priority
from interfaces.http.chat import maybe_parse

Labels = Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=MOST_LABELS)]
BY_HAND = "by_hand"


class _Change(msgspec.Struct, frozen=True, tag_field="type", rename="camel", forbid_unknown_fields=True):
    """`command_for` is the ordinary command about one conversation; `me` is who asks."""

    @property
    def word(self) -> str:
        """The `type` on the wire."""
        return str(self.__struct_config__.tag)


class LabelChange(_Change, frozen=True, tag="label"):
    labels: Labels

    def command_for(self, id: UUID, me: UUID) -> AboutConversation:
        return ChangeLabels(conversation_id=id, add=self.labels)


class UnlabelChange(_Change, frozen=True, tag="unlabel"):
    labels: Labels

    def command_for(self, id: UUID, me: UUID) -> AboutConversation:
        return ChangeLabels(conversation_id=id, remove=self.labels)


class PriorityChange(_Change, frozen=True, tag="priority"):
    """null takes it away."""

    priority: Priority | None

    def command_for(self, id: UUID, me: UUID) -> AboutConversation:
        return SetPriority(conversation_id=id, priority=self.priority)


class AssignChange(_Change, frozen=True, tag="assign"):
    """What waits: taken oneself (`me`), or given to an agent, by a supervisor."""

    agent_id: str

    def command_for(self, id: UUID, me: UUID) -> AboutConversation:
        agent_id = me if self.agent_id == "me" else parse("agent", self.agent_id)
        if agent_id == me:
            return AcceptConversation(conversation_id=id)
        return AssignConversation(conversation_id=id, agent_id=agent_id, rule=BY_HAND)


class TransferChange(_Change, frozen=True, tag="transfer"):
    """Whoever has it: to an agent or to a team's queue."""

    agent_id: str | None = None
    team_id: str | None = None
    note: str | None = None
    force: bool = False
    accept_seconds: Annotated[int, msgspec.Meta(ge=5, le=86_400)] = 60

    def command_for(self, id: UUID, me: UUID) -> AboutConversation:
        return TransferConversation(
            conversation_id=id,
            agent_id=maybe_parse("agent", self.agent_id),
            team_id=maybe_parse("team", self.team_id),
            note=self.note,
            force=self.force,
            accept_seconds=self.accept_seconds,
        )


class SnoozeChange(_Change, frozen=True, tag="snooze"):
    """Without `until` it sleeps until the next reply."""

    until: Annotated[datetime, msgspec.Meta(tz=True)] | None = None

    def command_for(self, id: UUID, me: UUID) -> AboutConversation:
        return SnoozeConversation(conversation_id=id, until=self.until)


class AwakenChange(_Change, frozen=True, tag="awaken"):
    def command_for(self, id: UUID, me: UUID) -> AboutConversation:
        return AwakenConversation(conversation_id=id)


class EndChange(_Change, frozen=True, tag="end"):
    reason: str | None = None

    def command_for(self, id: UUID, me: UUID) -> AboutConversation:
        return EndConversation(conversation_id=id, reason=self.reason)


class ReopenChange(_Change, frozen=True, tag="reopen"):
    def command_for(self, id: UUID, me: UUID) -> AboutConversation:
        return ReopenConversation(conversation_id=id)


class MarkReadChange(_Change, frozen=True, tag="markRead"):
    """Everything that is there."""

    def command_for(self, id: UUID, me: UUID) -> AboutConversation:
        return MarkAllRead(conversation_id=id)


BulkChange = (
    LabelChange
    | UnlabelChange
    | PriorityChange
    | AssignChange
    | TransferChange
    | SnoozeChange
    | AwakenChange
    | EndChange
    | ReopenChange
    | MarkReadChange
)
