"""Wording: the texts of a widget in several languages, and which of them a visitor reads."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from domain.refusals import Invalid
from domain.values import required

Wording = dict[str, str]
"""One text by locale (`en`, `de`, `pt-BR`)."""

MOST_LOCALES = 30
LONGEST_TEXT = 500

_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
_WISH = re.compile(r"\s*([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?\s*")


def locale(text: str) -> str:
    """`de` or `de-AT`. Raises Invalid."""
    if not _LOCALE.fullmatch(text):
        raise Invalid("A locale is written like en or pt-BR.")
    return text


def wording(name: str, texts: Mapping[str, str], length: int = LONGEST_TEXT) -> Wording:
    """`texts` trimmed, at least one. Raises Invalid."""
    if not 1 <= len(texts) <= MOST_LOCALES:
        raise Invalid(f"{name} has a text in 1 to {MOST_LOCALES} languages.")
    return {locale(one): required(name, text, length) for one, text in sorted(texts.items())}


def worded(texts: Mapping[str, str], wanted: str, default: str) -> str:
    """The text in this language, else in the default one, else in whichever is there; empty where none is."""
    for one in (wanted, wanted.partition("-")[0], default):
        if one in texts:
            return texts[one]
    return next(iter(texts.values()), "")


def wished(accept_language: str) -> list[str]:
    """The languages of an Accept-Language header, dearest first; what is none is passed over."""
    found: list[tuple[float, str]] = []
    for part in accept_language[:2_000].split(",")[:50]:
        match = _WISH.fullmatch(part)
        if match is not None and (weight := float(match[2] or 1)) > 0:
            found.append((weight, match[1]))
    return [name for _, name in sorted(found, key=lambda one: -one[0])]


def chosen(wishes: Iterable[str], known: Collection[str], default: str) -> str:
    """The first wish that is known: exactly, by its language, or as another country's kind of it."""
    by_name = {one.lower(): one for one in known}
    for wish in wishes:
        language = wish.lower().partition("-")[0]
        near = (one for one in sorted(known) if one.partition("-")[0].lower() == language)
        found = by_name.get(wish.lower()) or by_name.get(language) or next(near, None)
        if found is not None:
            return found
    return default
