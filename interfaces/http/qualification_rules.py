"""By which rules conversations are leads without anybody saying so."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, get, put
from litestar.params import JSONBody

from application.qualification_rules import SetQualificationRules
from domain.kernel import Aggregate
from domain.qualification_rules import LeadField, LeadRule, QualificationRules, Ruleset, rules_of
from interfaces.http.audience import MEMBERS, Asker, may
from interfaces.http.body import JsonRequest
from interfaces.http.first_contact import order_of
from interfaces.http.headers import answer, answer_to_command, expected_version
from interfaces.http.parts import HttpParts, Parts

RULES = "/api/v1/qualification/rules"


class LeadFieldBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A form's field; without `values` any answer counts."""

    name: str
    values: tuple[str, ...] = ()


class LeadRuleBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Holds where the contact can be reached (if `contactable`) and any word, field or page of it is found.

    `words` by language, each a word or a phrase, `*` at its end for any ending; `pages` are beginnings of paths.
    """

    name: str
    contactable: bool = True
    words: dict[str, tuple[str, ...]] = {}
    fields: tuple[LeadFieldBody, ...] = ()
    pages: tuple[str, ...] = ()
    score: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None


class RulesetRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first rule that holds makes the lead; `enabled` false: none does."""

    rules: tuple[LeadRuleBody, ...]
    enabled: bool = True


class RulesetBody(msgspec.Struct, frozen=True):
    """`version` 0: the default rules."""

    rules: tuple[LeadRuleBody, ...]
    enabled: bool
    version: int


@get(
    RULES,
    opt={"audience": "member", "roles": MEMBERS},
    summary="Get the rules for leads",
    operation_id="getQualificationRules",
    tags=["qualification"],
)
async def get_qualification_rules(caller: Asker, parts: Parts) -> Response[RulesetBody]:
    """The tenant's own, or the default ones; straight from the log."""
    seq = (await parts.reader.tenant_heads([caller.tenant_id]))[caller.tenant_id]
    rules = await _rules(parts, caller.tenant_id)
    return answer(_body(rules), seq=seq, version=rules.version)


@put(
    RULES,
    status_code=200,
    opt={"audience": "member", "roles": may(SetQualificationRules)},
    summary="Set the rules for leads",
    operation_id="setQualificationRules",
    tags=["qualification"],
)
async def set_qualification_rules(
    request: JsonRequest, data: JSONBody[RulesetRequest], caller: Asker, parts: Parts
) -> Response[RulesetBody]:
    """All of them, for what is said from now on. What is a lead already stays one. `If-Match`."""
    actor = caller.actor()
    command = SetQualificationRules(ruleset=_ruleset(data), expected_version=expected_version(request))
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    rules = await _rules(parts, caller.tenant_id)
    return answer_to_command(_body(rules), receipt, version=rules.version)


ROUTES = (get_qualification_rules, set_qualification_rules)


async def _rules(parts: HttpParts, tenant_id: int) -> QualificationRules:
    rules: Aggregate | None = None
    for one in await parts.reader.stream(tenant_id, rules_of(tenant_id)):
        rules = one.event.mutate(rules)
    return rules if isinstance(rules, QualificationRules) else QualificationRules(rules_of(tenant_id))


def _ruleset(body: RulesetRequest) -> Ruleset:
    return Ruleset(tuple(_rule(one) for one in body.rules), body.enabled)


def _rule(body: LeadRuleBody) -> LeadRule:
    fields = tuple(LeadField(one.name, one.values) for one in body.fields)
    return LeadRule(body.name, body.contactable, body.words, fields, body.pages, body.score)


def _body(rules: QualificationRules) -> RulesetBody:
    told = tuple(
        LeadRuleBody(
            one.name,
            one.contactable,
            dict(one.words),
            tuple(LeadFieldBody(field.name, field.values) for field in one.fields),
            one.pages,
            one.score,
        )
        for one in rules.ruleset.rules
    )
    return RulesetBody(told, rules.ruleset.enabled, rules.version)
