"""What campaigns need to know from read models. One implementation, and one in memory for tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import msgspec

from domain.campaign_progress import Progress
from domain.campaign_rules import Person, Segment


class Member(msgspec.Struct, frozen=True):
    """Somebody who may belong to an audience."""

    contact_id: UUID
    person: Person


class Recipient(msgspec.Struct, frozen=True):
    """Somebody who waits for it; `conversation_id`: the open one they are in, if any."""

    contact_id: UUID
    conversation_id: UUID | None


class Queued(msgspec.Struct, frozen=True):
    """Those of one batch who were not sent it yet."""

    number: int
    recipients: tuple[Recipient, ...]


class Taken(msgspec.Struct, frozen=True):
    """How much of an audience is queued: batches, recipients, and the last of them in order of ids."""

    batches: int
    total: int
    last: UUID | None


class Standing(msgspec.Struct, frozen=True):
    """How far one campaign is."""

    tenant_id: int
    campaign_id: UUID
    progress: Progress


class CampaignDesk(Protocol):
    """Every answer is as of the tenant's `seq` or later. All raise ProjectionBehind where that takes too long."""

    async def members(
        self, tenant_id: int, segment: Segment, seq: int, after: UUID | None, limit: int
    ) -> Sequence[Member]:
        """The tenant's contacts in order of their ids; whoever is erased or part of somebody else is left out."""
        ...

    async def taken(self, tenant_id: int, campaign_id: UUID, seq: int) -> Taken: ...

    async def queued(self, tenant_id: int, campaign_id: UUID, seq: int, number: int) -> Queued | None:
        """The first batch from `number` on in which somebody waits; None: nobody does."""
        ...

    async def standing(self, tenant_id: int, campaign_id: UUID, seq: int) -> Standing | None:
        """None where there is no such campaign."""
        ...

    async def unreported(self) -> Sequence[Standing]:
        """All tenants' campaigns of which something is known that was not reported yet."""
        ...
