"""The command that says by which rules conversations are leads."""

from __future__ import annotations

from application.command import Command, Handlers
from application.work import Work
from domain.qualification_rules import QualificationRules, Ruleset, rules_of, valid_ruleset


class SetQualificationRules(Command, frozen=True, kw_only=True):
    """All of them, for what is said from now on. `expected_version`: refuse if somebody else has changed them."""

    ruleset: Ruleset
    expected_version: int | None = None


async def set_qualification_rules(work: Work, command: SetQualificationRules) -> None:
    rules = await work.load(QualificationRules, rules_of(work.actor.tenant_id))
    ruleset = valid_ruleset(command.ruleset)
    rules.replace(work.stamp, work.actor.tenant_id, ruleset, command.expected_version)


HANDLERS: Handlers = {SetQualificationRules: set_qualification_rules}
