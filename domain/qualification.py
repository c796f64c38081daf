"""Qualification: whether a conversation is a lead: said once per change, by whoever may say so."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from domain.kernel import NOWHERE, ActorKind, Aggregate, Event, PersonalEvent, Stamp
from domain.personal import Personal
from domain.refusals import Conflict, Invalid
from domain.values import bounded

QualifiedBy = Literal["assistant", "rule", "api", "agent"]

RANK: tuple[QualifiedBy, ...] = ("assistant", "rule", "api", "agent")
"""From the weakest to the strongest: a weaker one never takes back what a stronger one said."""
WHY_LENGTH = 1_000

_SOURCES: dict[ActorKind, QualifiedBy] = {
    "assistant": "assistant",
    "system": "rule",
    "integration": "api",
    "agent": "agent",
}


class QualificationIsStronger(Conflict):
    """Details: `by`, who said the contrary."""

    code = "qualification_is_stronger"
    sentence = "An agent, or somebody who counts more, has said the contrary."


class ConversationQualified(PersonalEvent, frozen=True, kw_only=True):
    """It is a lead. `score` is 0 to 100; `why` is what speaks for it, in words, `evidence` the messages that do.

    `ruleset_version`: of the tenant's rules, where they said it (0: the default ones).
    """

    TYPE = "conversation.qualified.1"

    source: QualifiedBy
    score: int | None = None
    why: Personal | None = None
    evidence: tuple[UUID, ...] = ()
    ruleset_version: int | None = None

    def apply(self, aggregate: Qualified) -> None:
        aggregate.is_qualified, aggregate.qualified_by = True, self.source


class ConversationDisqualified(PersonalEvent, frozen=True, kw_only=True):
    """It is no lead (any more). `was_qualified`: it had been taken for one."""

    TYPE = "conversation.disqualified.1"

    source: QualifiedBy
    was_qualified: bool
    why: Personal | None = None

    def apply(self, aggregate: Qualified) -> None:
        aggregate.is_qualified, aggregate.qualified_by = False, self.source


class Qualified(Aggregate):
    """The part of a conversation that knows whether it is a lead. `is_qualified` None: nobody has said."""

    contact_id: UUID = NOWHERE
    is_qualified: bool | None = None
    qualified_by: QualifiedBy | None = None

    def qualify(
        self,
        stamp: Stamp,
        score: int | None = None,
        why: str | None = None,
        evidence: tuple[UUID, ...] = (),
        ruleset_version: int | None = None,
    ) -> None:
        """What it is already changes nothing. Raises QualificationIsStronger, Invalid."""
        if score is not None and not 0 <= score <= 100:
            raise Invalid("score is 0 to 100.")
        reason = bounded("why", why, WHY_LENGTH) if why else None
        if self.is_qualified is True:
            return
        facts = {"score": score, "why": reason, "evidence": evidence, "ruleset_version": ruleset_version}
        source = self._source(stamp)
        self.record(ConversationQualified, stamp, subject_id=self.contact_id, source=source, **facts)

    def disqualify(self, stamp: Stamp, why: str | None = None) -> None:
        """Also before anybody has said anything. Raises QualificationIsStronger, Invalid."""
        reason = bounded("why", why, WHY_LENGTH) if why else None
        if self.is_qualified is False:
            return
        source, was_qualified = self._source(stamp), self.is_qualified is True
        facts = {"source": source, "was_qualified": was_qualified, "why": reason}
        self.record(ConversationDisqualified, stamp, subject_id=self.contact_id, **facts)

    def may_qualify(self, stamp: Stamp) -> bool:
        """Whether who acts counts as much as who spoke last."""
        source = _SOURCES.get(stamp.by.kind)
        if source is None:
            return False
        return self.qualified_by is None or RANK.index(source) >= RANK.index(self.qualified_by)

    def _source(self, stamp: Stamp) -> QualifiedBy:
        if not self.may_qualify(stamp):
            raise QualificationIsStronger(by=self.qualified_by)
        return _SOURCES[stamp.by.kind]


EVENTS: tuple[type[Event], ...] = (ConversationQualified, ConversationDisqualified)
