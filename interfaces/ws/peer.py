"""Peer: who is at the other end of a socket, and which roles may be there at all."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from application.actor import Actor, ActorRole
from application.roles import AGENTS, Roles
from interfaces.wire import ParticipantBody, author_wire, role_of

LISTENERS: Roles = AGENTS - {"system"} | {"auditor"}
"""Roles that may read conversations, so may hear of them. An analyst works without personal data."""

SPEAKERS: Roles = AGENTS | {"visitor"}
"""Roles whose typing and presence others are told; an auditor watches unseen."""


class Standing(msgspec.Struct, frozen=True):
    """What somebody may do: a socket does not outlive a change of it. `permissions`: of a set that they hold."""

    role: ActorRole
    permissions: frozenset[str] | None = None


class Peer(msgspec.Struct, frozen=True):
    """An authenticated end. A visitor hears of its own conversations, a member of all.

    `expires_at` is None where the credential does not expire; `token_id` is the widget token's. `widget_ids` are
    the widgets by which a visitor came, whose rules say from which `address` that may be.
    """

    actor: Actor
    expires_at: datetime | None = None
    token_id: UUID | None = None
    widget_ids: frozenset[UUID] = frozenset()
    address: str | None = None

    @property
    def contact_id(self) -> UUID | None:
        """The visitor's own contact, None for a member."""
        return self.actor.by.id if self.actor.role == "visitor" else None

    @property
    def may_speak(self) -> bool:
        held = self.actor.permissions
        return self.actor.role in SPEAKERS and (held is None or "conversations:write" in held)

    @property
    def standing(self) -> Standing:
        return Standing(self.actor.role, self.actor.permissions)

    def is_same_as(self, other: Peer) -> bool:
        """True for the same person of the same tenant, whatever token they came with."""
        return (self.actor.tenant_id, self.actor.by) == (other.actor.tenant_id, other.actor.by)


def participant(actor: Actor) -> ParticipantBody:
    """How others are told who it is."""
    return ParticipantBody(role_of(actor.by.kind), author_wire(actor.by.kind, actor.by.id) or "")
