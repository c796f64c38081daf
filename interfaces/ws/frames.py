"""Every frame that the server sends. The AsyncAPI document is generated from these structs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from domain.conversation import Channel
from domain.handling import HandledBy, Status
from domain.qualification import QualifiedBy
from interfaces.campaign_body import ProgressBody
from interfaces.message_body import MessageBody
from interfaces.wire import ContactBody, ParticipantBody
from interfaces.ws.change_body import Changes

Seq = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
ResetReason = Literal["too_far_behind", "other_epoch", "ahead"]
PresenceState = Literal["online", "away"]


class Frame(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag_field="type"):
    """A JSON object whose `type` names it."""


class DurableFrame(Frame, frozen=True, kw_only=True):
    """A stored event. `seq` is the tenant's position: send the last one as `since` to resume."""

    seq: int
    event_id: str
    at: datetime


class StartedConversation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: str
    channel: Channel
    contact_data: ContactBody = msgspec.field(name="contact_data")
    status: Status
    handled_by: HandledBy
    assignee_id: str | None
    widget_id: str | None
    continues: str | msgspec.UnsetType = msgspec.UNSET
    version: int


class ChangedConversation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`reason` is told to members only. A change of `sla` leaves the conversation's `version` as it is."""

    id: str
    changes: Changes
    reason: str | msgspec.UnsetType = msgspec.UNSET
    version: int


class ConversationNew(DurableFrame, frozen=True, kw_only=True, tag="conversation:new"):
    data: StartedConversation


class ConversationUpdated(DurableFrame, frozen=True, kw_only=True, tag="conversation:updated"):
    data: ChangedConversation


class Lead(msgspec.Struct, frozen=True):
    """`why` is null where nothing was said, or erased. `evidence`: the messages that speak for it.

    `rulesetVersion`: of the tenant's rules, where they said it (0: the default ones).
    """

    id: str
    score: int | None
    why: str | None
    by: QualifiedBy
    version: int
    evidence: tuple[str, ...] = ()
    ruleset_version: int | None = msgspec.field(name="rulesetVersion", default=None)


class ConversationQualified(DurableFrame, frozen=True, kw_only=True, tag="conversation:qualified"):
    """It is a lead, by what an assistant, a rule, an integration or an agent says. For members only."""

    data: Lead


class MessageNew(DurableFrame, frozen=True, kw_only=True, tag="message:new"):
    data: MessageBody


class CampaignProgress(DurableFrame, frozen=True, kw_only=True, tag="campaign:progress"):
    """How far a campaign is: at each change of its state, and at most once a second. For members only.

    A replay has the last one only.
    """

    data: ProgressBody


class Welcome(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who the socket is for, and the tenant's `seq` it is at. `id` is `agt_…` or `vis_…`."""

    tenant_id: str
    id: str
    role: str
    seq: int
    epoch: int
    expires_at: datetime | None


class AuthOk(Frame, frozen=True, kw_only=True, tag="auth:ok"):
    data: Welcome


class Expiring(msgspec.Struct, frozen=True, rename="camel"):
    expires_at: datetime


class AuthExpiring(Frame, frozen=True, kw_only=True, tag="auth:expiring"):
    """Send `auth` with a new token on this socket, or it closes with 4401."""

    data: Expiring


class Position(msgspec.Struct, frozen=True):
    seq: int


class ResumeComplete(Frame, frozen=True, kw_only=True, tag="resume:complete"):
    """Everything up to `seq` was sent; what follows is live."""

    data: Position


class Reset(msgspec.Struct, frozen=True):
    reason: ResetReason
    seq: int


class ResumeReset(Frame, frozen=True, kw_only=True, tag="resume:reset"):
    """No replay: load a snapshot at `seq` or later by REST. Live frames after `seq` follow this one."""

    data: Reset


class Checkpoint(Frame, frozen=True, kw_only=True, tag="checkpoint"):
    """Nothing up to `seq` is outstanding, though the last events may have had no frame."""

    seq: int


class TypingState(msgspec.Struct, frozen=True, rename="camel"):
    conversation_id: str
    typing: bool
    by: ParticipantBody


class Typing(Frame, frozen=True, kw_only=True, tag="typing"):
    data: TypingState


class Present(msgspec.Struct, frozen=True):
    state: PresenceState
    by: ParticipantBody


class Presence(Frame, frozen=True, kw_only=True, tag="presence"):
    data: Present


class VisitorHere(msgspec.Struct, frozen=True, rename="camel"):
    """`since`, `url`, `title` and `referrer` are null for somebody who left."""

    id: str
    state: Literal["online", "offline"]
    since: datetime | None = None
    url: str | None = None
    title: str | None = None
    referrer: str | None = None


class VisitorsHere(msgspec.Struct, frozen=True):
    """`more`: others came or left too; `GET /api/v1/chat/visitors/online` knows them."""

    visitors: tuple[VisitorHere, ...]
    more: bool


class VisitorPresence(Frame, frozen=True, kw_only=True, tag="presence"):
    """Visitors who came, moved to another page or left in the last second. To members only."""

    data: VisitorsHere


class WaitingPlace(msgspec.Struct, frozen=True, rename="camel"):
    """`position` 1 is next; `estimatedSeconds` is null where nothing tells."""

    conversation_id: str
    position: int
    estimated_seconds: int | None


class QueuePosition(Frame, frozen=True, kw_only=True, tag="queue:position"):
    """To a visitor who waits for an agent."""

    data: WaitingPlace


class Words(msgspec.Struct, frozen=True, rename="camel"):
    """`text` stands at `offset` (characters); what was shown from there on is void. 0 begins anew."""

    conversation_id: str
    offset: int
    text: str


class AssistantDelta(Frame, frozen=True, kw_only=True, tag="assistant:delta"):
    """What the assistant is writing; `message:new` brings the words that count."""

    data: Words


class Pong(Frame, frozen=True, kw_only=True, tag="pong"):
    pass


class Problem(msgspec.Struct, frozen=True):
    code: str
    message: str


class Error(Frame, frozen=True, kw_only=True, tag="error"):
    """The last frame of the client was refused; the socket stays open."""

    data: Problem


DURABLE: tuple[type[Frame], ...] = (
    ConversationNew,
    ConversationUpdated,
    ConversationQualified,
    MessageNew,
    CampaignProgress,
)
CONTROL: tuple[type[Frame], ...] = (AuthOk, AuthExpiring, ResumeComplete, ResumeReset, Checkpoint, Pong, Error)
EPHEMERAL: tuple[type[Frame], ...] = (Typing, Presence, VisitorPresence, QueuePosition, AssistantDelta)
FROM_SERVER = DURABLE + CONTROL + EPHEMERAL


def encode(frame: Frame) -> bytes:
    """The text of a frame, UTF-8."""
    return _ENCODER.encode(frame)


_ENCODER = msgspec.json.Encoder()
