"""What a visitor's few words plainly are: a greeting, thanks, the wish for a human. English; unsure means no."""

from __future__ import annotations

import re

_HELLO = frozenset(
    ["hi", "hello", "hey", "hallo", "hiya", "howdy", "greetings", "morning", "afternoon", "evening", "day"]
)
_GREETINGS = _HELLO | {"good", "there"}
_THANKING = frozenset(["thanks", "thank", "thx", "cheers"])
_PRAISE = frozenset(
    ["great", "perfect", "awesome", "ok", "okay", "cool", "nice", "works", "worked", "helps", "helped"]
)
_FILLERS = frozenset(
    ["you", "much", "very", "so", "a", "lot", "for", "your", "the", "help", "that", "this", "it", "all"]
)
_THANKS = _THANKING | _PRAISE | _FILLERS
_PERSON = (
    r"(?:humans?|human being|persons?|people|agents?|representatives?|reps?|operators?|advisors?|colleagues?|"
    r"somebody|someone|staff|supervisors?|managers?)"
)
_ADORNED = re.compile(
    rf"(?:(?:an?|the|please|now|real|live|actual|customer|service|support) )*{_PERSON}(?: (?:please|now))*"
)
_ASKING = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b(?:talk|speak|chat|connect|reach|contact|escalate)\b(?: [\w']+){{0,5}}? {_PERSON}\b",
        rf"\b(?:transfer|put|pass|hand|switch|get|give|send) (?:me|us|this|it)\b(?: [\w']+){{0,4}}? {_PERSON}\b",
        r"\b(?:want|need|prefer)(?: an?| the| some)?(?: real| live| actual)*"
        r" (?:humans?|persons?|agents?|representatives?|operators?)\b",
        r"\b(?:is|are) (?:there )?(?:any|an?)? ?(?:real |live )?(?:one|body|human|person|agent) "
        r"(?:there|here|available)\b",
    )
)
_REFUSING = re.compile(r"\b(?:don't|do not|no need to|not|without)(?: \w+){0,3} $")
_WHO = re.compile(
    r"\b(?:are|r) (?:you|u) (?:an? )?(?:real |live |actual )?(?:human|person|bot|chatbot|robot|machine|ai)\b"
)


def is_greeting(text: str) -> bool:
    """Nothing but a greeting."""
    words = set(_words(text))
    return words <= _GREETINGS and bool(words & _HELLO)


def is_thanks(text: str) -> bool:
    """Nothing but thanks."""
    words = set(_words(text))
    return words <= _THANKS and bool(words & _THANKING)


def asks_who_answers(text: str) -> bool:
    """Asks whether a human or a machine is talking."""
    return bool(_WHO.search(" ".join(_words(text))))


def wants_human(text: str) -> bool:
    """Asks to be passed on to a human."""
    plain = " ".join(_words(text))
    if _ADORNED.fullmatch(plain):
        return True
    found = (asking.search(plain) for asking in _ASKING)
    return any(match and not _REFUSING.search(plain[: match.start()]) for match in found)


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower().replace("’", "'"))
