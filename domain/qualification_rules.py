"""QualificationRules: when a conversation is a lead without anybody saying so. One set per tenant."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import msgspec

from domain.ids import natural_key
from domain.kernel import Aggregate, Event, Stamp
from domain.refusals import Conflict, Invalid
from domain.values import required
from domain.wording import MOST_LOCALES, locale

Words = Mapping[str, tuple[str, ...]]
"""Words and phrases by language; `*` at the end of one stands for any ending."""

MOST_RULES = 20
MOST_WORDS = 200
MOST_NAMED = 50


class LeadField(msgspec.Struct, frozen=True, omit_defaults=True):
    """A form was answered: with one of `values`, or with anything where none are named. Case does not matter."""

    name: str
    values: tuple[str, ...] = ()


class LeadRule(msgspec.Struct, frozen=True):
    """`contactable`: an e-mail address or a telephone number is known of the contact, or said.

    Intent is any of `words` in what the visitor wrote, any of `fields`, or a page whose path begins with one of
    `pages`; a rule that names none of them asks for none.
    """

    name: str
    contactable: bool = True
    words: Words = {}
    fields: tuple[LeadField, ...] = ()
    pages: tuple[str, ...] = ()
    score: int | None = None

    @property
    def asks_for_intent(self) -> bool:
        return bool(self.words or self.fields or self.pages)


class Ruleset(msgspec.Struct, frozen=True):
    """The first rule that holds makes the lead."""

    rules: tuple[LeadRule, ...] = ()
    enabled: bool = True

    @property
    def asks_for_pages(self) -> bool:
        return any(rule.pages for rule in self.rules)


DEFAULT_RULES = Ruleset(
    rules=(
        LeadRule(
            name="Contactable and interested",
            words={
                "de": ("preis*", "preise", "angebot*", "kaufen", "kosten", "kostet", "testversion", "lizenz*"),
                "en": ("price*", "pricing", "cost", "costs", "quote", "buy", "purchase", "demo", "free trial"),
                "es": ("precio*", "presupuesto*", "comprar", "contratar", "cuánto cuesta", "prueba gratis"),
                "fr": ("prix", "tarif*", "devis", "acheter", "combien coûte", "essai gratuit", "démo"),
                "it": ("prezz*", "preventivo", "comprare", "acquistare", "quanto costa"),
                "nl": ("prijs", "prijzen", "offerte", "kopen", "proefversie"),
                "pt": ("preço*", "orçamento", "comprar", "quanto custa", "teste grátis"),
            },
        ),
    )
)
"""What holds for a tenant that has set none of its own."""


class QualificationRulesSet(Event, frozen=True, kw_only=True):
    """All of them; the event's version is the ruleset's."""

    TYPE = "qualification_rules.set.1"

    tenant_id: int
    ruleset: Ruleset

    def create(self) -> Aggregate:
        return QualificationRules(self.originator_id)

    def apply(self, aggregate: QualificationRules) -> None:
        aggregate.ruleset = self.ruleset


class QualificationRules(Aggregate):
    """Version 0 are the default ones."""

    KIND = "qualification_rules"

    ruleset = DEFAULT_RULES

    def replace(self, stamp: Stamp, tenant_id: int, ruleset: Ruleset, expected_version: int | None = None) -> None:
        """The same again changes nothing. `ruleset` is made by `valid_ruleset`.

        Raises Conflict where `expected_version` is given and another one is stored.
        """
        if expected_version is not None and expected_version != self.version:
            raise Conflict(expected=expected_version, version=self.version)
        if ruleset != self.ruleset:
            self.record(QualificationRulesSet, stamp, tenant_id=tenant_id, ruleset=ruleset)


def rules_of(tenant_id: int) -> UUID:
    """The stream of a tenant's rules."""
    return natural_key(tenant_id, QualificationRules.KIND)


def valid_ruleset(given: Ruleset) -> Ruleset:
    """`given`, tidied. Raises Invalid."""
    if len(given.rules) > MOST_RULES:
        raise Invalid(f"There are at most {MOST_RULES} rules.")
    return Ruleset(tuple(_rule(one) for one in given.rules), given.enabled)


def _rule(given: LeadRule) -> LeadRule:
    if not given.contactable and not given.asks_for_intent:
        raise Invalid("A rule asks for contactable, or names words, fields or pages.")
    if given.score is not None and not 0 <= given.score <= 100:
        raise Invalid("score is 0 to 100.")
    if len(given.fields) > MOST_NAMED or len(given.pages) > MOST_NAMED:
        raise Invalid(f"A rule has at most {MOST_NAMED} fields and {MOST_NAMED} pages.")
    return LeadRule(
        name=required("name", given.name, 100),
        contactable=given.contactable,
        words=_words(given.words),
        fields=tuple(_field(one) for one in given.fields),
        pages=tuple(_page(one) for one in given.pages),
        score=given.score,
    )


def _words(given: Words) -> Words:
    if len(given) > MOST_LOCALES or sum(map(len, given.values())) > MOST_WORDS:
        raise Invalid(f"A rule has at most {MOST_WORDS} words in {MOST_LOCALES} languages.")
    tidy = {locale(name): tuple(dict.fromkeys(map(_word, words))) for name, words in sorted(given.items())}
    return {name: words for name, words in tidy.items() if words}


def _word(text: str) -> str:
    word = " ".join(required("word", text, 100).casefold().split())
    if "*" in word[:-1] or len(word.rstrip("*")) < 2:
        raise Invalid("A word has two letters at least, and * only at its end.")
    return word


def _field(given: LeadField) -> LeadField:
    if len(given.values) > MOST_NAMED:
        raise Invalid(f"A field has at most {MOST_NAMED} values.")
    values = tuple(required("value", one).casefold() for one in given.values)
    return LeadField(required("field", given.name, 50), values)


def _page(text: str) -> str:
    page = required("page", text, 2_048)
    if not page.startswith("/"):
        raise Invalid("A page is a path that begins with /.")
    return page


EVENTS: tuple[type[Event], ...] = (QualificationRulesSet,)
