"""Commands about SLA policies: how soon conversations are to be answered and resolved."""

from __future__ import annotations

from uuid import UUID

from application.command import Command, Handlers
from application.team import standing_team
from application.work import Work
from domain.refusals import NotFound
from domain.sla_policy import SlaConditions, SlaDefinition, SlaPolicy, sla_definition
from domain.widget import Widget


class CreateSlaPolicy(Command, frozen=True, kw_only=True):
    definition: SlaDefinition


class _AboutSlaPolicy(Command, frozen=True, kw_only=True):
    policy_id: UUID

    @property
    def turn(self) -> UUID:
        return self.policy_id


class ReplaceSlaPolicy(_AboutSlaPolicy, frozen=True, kw_only=True):
    """All of it, as a new version. `expected_version`: refuse if somebody else has changed it."""

    definition: SlaDefinition
    expected_version: int | None = None


class RemoveSlaPolicy(_AboutSlaPolicy, frozen=True, kw_only=True):
    """No conversation comes under it any more."""


async def create_sla_policy(work: Work, command: CreateSlaPolicy) -> None:
    definition = sla_definition(command.definition)
    await _refuse_missing(work, definition.conditions, SlaConditions())
    work.create(SlaPolicy).save(work.stamp, work.actor.tenant_id, definition)


async def replace_sla_policy(work: Work, command: ReplaceSlaPolicy) -> None:
    policy = await work.get(SlaPolicy, command.policy_id)
    if policy.is_removed:
        raise NotFound
    definition = sla_definition(command.definition)
    await _refuse_missing(work, definition.conditions, policy.definition.conditions)
    policy.save(work.stamp, work.actor.tenant_id, definition, command.expected_version)


async def remove_sla_policy(work: Work, command: RemoveSlaPolicy) -> None:
    (await work.get(SlaPolicy, command.policy_id)).remove(work.stamp)


async def _refuse_missing(work: Work, wanted: SlaConditions, known: SlaConditions) -> None:
    """What it newly names has to be there; what it named before may have gone since."""
    for team_id in set(wanted.team_ids) - set(known.team_ids):
        await standing_team(work, team_id)
    for widget_id in set(wanted.widget_ids) - set(known.widget_ids):
        await work.look_up(Widget, widget_id)


HANDLERS: Handlers = {
    CreateSlaPolicy: create_sla_policy,
    ReplaceSlaPolicy: replace_sla_policy,
    RemoveSlaPolicy: remove_sla_policy,
}
