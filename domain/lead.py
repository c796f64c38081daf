"""Lead: whether what is known of a conversation makes it one, by a tenant's rules, and what speaks for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, get_args
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from domain.attributes import AttributeValue
from domain.kernel import NOWHERE
from domain.qualification_rules import LeadField, LeadRule, Ruleset

_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
_PHONE = re.compile(r"(?<![\w/.-])(?:(?:\+|00|0|\()\d[\d ()./-]{6,18}\d|\d{3}[ .-]\d{3}[ .-]\d{4})(?!\w)")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""Scripts that are written without spaces: a word is found anywhere in them."""


Reach = Literal["email", "phone"]
REACHES: tuple[Reach, ...] = get_args(Reach)
"""By what somebody can be reached."""


class Said(msgspec.Struct, frozen=True):
    """One message of the visitor."""

    message_id: UUID
    text: str


class LeadFacts(msgspec.Struct, frozen=True):
    """`known`: by what the contact can be reached; `answers`: of forms, by name; `pages`: addresses looked at."""

    said: Sequence[Said] = ()
    known: tuple[Reach, ...] = ()
    answers: Mapping[str, AttributeValue] = {}
    pages: Sequence[str] = ()


class Verdict(msgspec.Struct, frozen=True):
    """`why` in words, without anybody's address or number; `evidence`: the messages that say it."""

    why: str
    evidence: tuple[UUID, ...]
    score: int | None


class _Sign(msgspec.Struct, frozen=True):
    words: str
    message_id: UUID | None = None


def judge(ruleset: Ruleset, facts: LeadFacts) -> Verdict | None:
    """By the first rule that holds, None where none does."""
    if not ruleset.enabled:
        return None
    found = (_judged(rule, facts) for rule in ruleset.rules)
    return next((verdict for verdict in found if verdict is not None), None)


def says_something(ruleset: Ruleset, text: str) -> bool:
    """Whether these words are a sign of anything that a rule asks for. Without one they change no verdict."""
    facts = LeadFacts(said=(Said(NOWHERE, text),))
    return any(
        (rule.contactable and _contactable(facts) is not None) or _intent(rule, facts) is not None
        for rule in ruleset.rules
    )


def _judged(rule: LeadRule, facts: LeadFacts) -> Verdict | None:
    signs: list[_Sign] = []
    for is_asked, sign in ((rule.contactable, _contactable(facts)), (rule.asks_for_intent, _intent(rule, facts))):
        if is_asked and sign is None:
            return None
        if is_asked and sign is not None:
            signs.append(sign)
    evidence = tuple(dict.fromkeys(sign.message_id for sign in signs if sign.message_id is not None))
    return Verdict(f"{rule.name}: {', '.join(sign.words for sign in signs)}", evidence, rule.score)


def _contactable(facts: LeadFacts) -> _Sign | None:
    names = {"email": "an e-mail address", "phone": "a telephone number"}
    if facts.known:
        return _Sign(f"{names[facts.known[0]]} is known")
    for kind, pattern in (("email", _EMAIL), ("phone", _PHONE)):
        for one in facts.said:
            if pattern.search(one.text):
                return _Sign(f"{names[kind]} was said", one.message_id)
    return None


def _intent(rule: LeadRule, facts: LeadFacts) -> _Sign | None:
    for one in facts.said:
        word = _word_in(one.text, (word for words in rule.words.values() for word in words))
        if word is not None:
            return _Sign(f"“{word}” was said", one.message_id)
    for field in rule.fields:
        if _is_answered(field, facts.answers.get(field.name)):
            return _Sign(f"{field.name} was answered")
    for page in rule.pages:
        if any(_path(url).startswith(page) for url in facts.pages):
            return _Sign(f"{page} was visited")
    return None


def _word_in(text: str, words: Iterable[str]) -> str | None:
    """The first that stands in the text as a word of its own."""
    plain = " ".join(text.casefold().split())
    return next((word for word in words if _stands_in(plain, word)), None)


def _stands_in(text: str, word: str) -> bool:
    stem = word.rstrip("*")
    if stem not in text:
        return False
    if _UNSPACED.search(stem):
        return True
    ending = "" if word.endswith("*") else r"(?!\w)"
    return re.search(rf"(?<!\w){re.escape(stem)}{ending}", text) is not None


def _is_answered(field: LeadField, answer: AttributeValue) -> bool:
    if answer is None or answer is False or answer == "":
        return False
    return not field.values or str(answer).casefold() in field.values


def _path(url: str) -> str:
    """Of an address; what is none has none."""
    try:
        return urlsplit(url).path or "/"
    except ValueError:
        return ""
