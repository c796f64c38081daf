"""What makes a lead: who can be reached and says what they want, by the tenant's own rules or the default ones."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.lead import LeadFacts, Said, judge
from domain.qualification_rules import DEFAULT_RULES, LeadField, LeadRule, Ruleset, valid_ruleset
from domain.refusals import Invalid

FIRST, SECOND = UUID(int=1), UUID(int=2)


def said(*texts: str) -> tuple[Said, ...]:
    return tuple(Said(UUID(int=number), text) for number, text in enumerate(texts, start=1))


def ruleset(**rule: object) -> Ruleset:
    return valid_ruleset(Ruleset((LeadRule("Mine", **rule),)))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    "text",
    [
        "What is the PRICE of this?",
        "Was kostet das? Ich brauche ein Angebot!",
        "Je voudrais un devis",
        "¿Cuánto cuesta?",
        "Quanto custa?",
        "Wat is de prijs?",
        "Do you have a free\n trial",
    ],
)
def test_who_is_known_and_asks_for_a_price_is_a_lead_in_many_languages(text: str) -> None:
    verdict = judge(DEFAULT_RULES, LeadFacts(said(text), ("email",)))
    assert verdict is not None
    assert verdict.evidence == (FIRST,)
    assert verdict.why.startswith("Contactable and interested: an e-mail address is known, ")
    assert judge(DEFAULT_RULES, LeadFacts(said(text))) is None


@pytest.mark.parametrize("text", ["Hello", "My order is late", "How do I log in?", "I appreciate it", "priceless"])
def test_who_wants_nothing_is_none(text: str) -> None:
    verdict = judge(DEFAULT_RULES, LeadFacts(said(text), ("email", "phone")))
    assert (verdict is None) == (text != "priceless")  # price* means any ending


@pytest.mark.parametrize(
    "reach",
    ["zoe@home.test", "call +49 30 1234567", "030/1234567", "(030) 123 45 67", "555-123-4567"],
)
def test_an_address_or_a_number_that_was_said_counts_and_is_evidence(reach: str) -> None:
    verdict = judge(DEFAULT_RULES, LeadFacts(said("I want to buy one", f"Reach me: {reach}.")))
    assert verdict is not None
    assert set(verdict.evidence) == {FIRST, SECOND}
    assert reach not in verdict.why


@pytest.mark.parametrize("text", ["2026-11-21 17:00", "order 12345678", "it costs 1.000.000", "a@b", "v1.2.3-4"])
def test_what_is_no_address_and_no_number_reaches_nobody(text: str) -> None:
    assert judge(DEFAULT_RULES, LeadFacts(said(f"I want to buy {text}"))) is None


def test_a_word_of_ones_own_stands_alone_unless_it_has_a_star() -> None:
    rules = ruleset(contactable=False, words={"de": ("Lizenz",), "ja": ("価格",)})
    assert judge(rules, LeadFacts(said("Eine LIZENZ bitte")))
    assert judge(rules, LeadFacts(said("Lizenzen"))) is None
    assert judge(rules, LeadFacts(said("価格を教えてください")))
    assert judge(ruleset(contactable=False, words={"de": ("lizenz*",)}), LeadFacts(said("Lizenzen")))


def test_an_answer_to_a_form_counts_by_its_value_or_by_being_there() -> None:
    rules = ruleset(contactable=False, fields=(LeadField("topic", ("Sales",)), LeadField("budget")), score=60)
    verdict = judge(rules, LeadFacts(answers={"topic": "sales"}))
    assert verdict is not None
    assert (verdict.why, verdict.evidence, verdict.score) == ("Mine: topic was answered", (), 60)
    assert judge(rules, LeadFacts(answers={"topic": "Support"})) is None
    assert judge(rules, LeadFacts(answers={"budget": 100}))
    assert judge(rules, LeadFacts(answers={"budget": ""})) is None


def test_a_page_counts_by_the_beginning_of_its_path() -> None:
    rules = ruleset(contactable=False, pages=("/pricing",))
    assert judge(rules, LeadFacts(pages=("https://shop.test/pricing/teams?x=1",)))
    assert judge(rules, LeadFacts(pages=("https://shop.test/about#/pricing", "http://[bad"))) is None


def test_switched_off_nothing_is_a_lead() -> None:
    off = Ruleset(DEFAULT_RULES.rules, enabled=False)
    assert judge(off, LeadFacts(said("I want to buy"), ("email",))) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"contactable": False},
        {"score": 101},
        {"words": {"english": ("buy",)}},
        {"words": {"en": ("a*b",)}},
        {"words": {"en": ("*",)}},
        {"pages": ("pricing",)},
        {"words": {"en": tuple(f"word{number}" for number in range(201))}},
    ],
)
def test_rules_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        ruleset(**wrong)


def test_the_default_rules_are_valid_as_they_are() -> None:
    assert valid_ruleset(DEFAULT_RULES) == DEFAULT_RULES
