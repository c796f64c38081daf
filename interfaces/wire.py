"""What all bodies share: ids in wire form, who somebody is. Each body has a file of its own beside this one.

Names are camelCase (`contact_data` is spelt so by the seed), times are UTC with Z, an erased text is null.
REST and frames say the same of the same thing, for one function makes both.
"""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import msgspec

from domain.ids import wire
from domain.kernel import NOWHERE, ActorKind

MessageRole = Literal["visitor", "agent", "assistant"]

_NOUNS: dict[str, str] = {"visitor": "contact", "agent": "agent", "assistant": "assistant"}


class ContactBody(msgspec.Struct, frozen=True):
    """Who the conversation is with; `email` is left out where the read model has none to give.

    `verified`: true where a signed identity says who they are, else left out.
    """

    id: str
    name: str | None
    email: str | msgspec.UnsetType | None = msgspec.UNSET
    verified: bool | msgspec.UnsetType = msgspec.UNSET


class ParticipantBody(msgspec.Struct, frozen=True):
    kind: MessageRole
    id: str


def role_of(kind: ActorKind) -> MessageRole:
    """Who speaks, to a reader: what the product or an integration writes is the tenant's side."""
    return kind if kind in ("visitor", "agent", "assistant") else "agent"


def author_wire(kind: str, id: UUID | None) -> str | None:
    """`vis_…`, `agt_…` or `ast_…`; None for the product itself and for integrations."""
    return wire(_NOUNS[kind], id) if id not in (None, NOWHERE) and kind in _NOUNS else None


def maybe_wire(noun: str, id: UUID | None) -> str | None:
    return None if id is None else wire(noun, id)
