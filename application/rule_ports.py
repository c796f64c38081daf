"""What policies need to know of a tenant's rules, out of read models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import msgspec

from domain.automation import AutomationRules
from domain.sla_policy import SlaDefinition


class SlaRule(msgspec.Struct, frozen=True):
    """An SLA policy that is enabled, as its `version` says it."""

    policy_id: UUID
    version: int
    definition: SlaDefinition


class SlaPolicies(Protocol):
    """The SLA policies of tenants."""

    async def of(self, tenant_id: int, seq: int) -> Sequence[SlaRule] | None:
        """The enabled ones by order, as of the tenant's `seq` or later; None for a tenant that never had one.

        Raises ProjectionBehind.
        """
        ...


class LeadSources(Protocol):
    """What rules for leads ask beside the log."""

    async def open_conversations(self, tenant_id: int, contact_ids: Sequence[UUID], seq: int) -> Sequence[UUID]:
        """Theirs that have not ended, as of the tenant's `seq` or later. Raises ProjectionBehind."""
        ...

    async def pages(self, tenant_id: int, contact_id: UUID) -> Sequence[str]:
        """The last addresses this contact is known to have looked at."""
        ...


class ActiveAutomation(msgspec.Struct, frozen=True):
    """An enabled automation in the version that is in force."""

    automation_id: UUID
    version: int
    rules: AutomationRules


class Automations(Protocol):
    """The automations of a tenant, out of their read model."""

    async def active(self, tenant_id: int, seq: int) -> Sequence[ActiveAutomation]:
        """In their order, as of the tenant's `seq` or later. Raises ProjectionBehind."""
        ...
