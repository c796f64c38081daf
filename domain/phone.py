"""Telephone numbers in E.164 (ITU-T), and which of them may be reached: where toll fraud is at home, none."""

from __future__ import annotations

import re
from collections.abc import Sequence

from domain.refusals import Forbidden, Invalid

PREMIUM = ("+1900", "+1976", "+979", "+870", "+878", "+881", "+882", "+883")
"""Refused whatever is allowed: premium rate, and satellite and international networks."""

_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_PREFIX = re.compile(r"\+[1-9][0-9]{0,6}")


class PrefixRefused(Forbidden):
    code = "prefix_refused"
    sentence = "Numbers with this prefix are not allowed here."


def phone_number(name: str, text: str) -> str:
    """`text` unchanged: `+`, country code, number, 15 digits at most. Raises Invalid."""
    if not _NUMBER.fullmatch(text):
        raise Invalid(f"{name} holds numbers in E.164, like +14165550100.")
    return text


def prefix(text: str) -> str:
    """`text` unchanged: `+`, a country code, and a few digits more where wanted. Raises Invalid."""
    if not _PREFIX.fullmatch(text):
        raise Invalid("prefixes are country codes, with up to 7 digits, like +1 or +4930.")
    return text


def is_reachable(number: str, prefixes: Sequence[str]) -> bool:
    """Of an allowed prefix, and of no premium one; without prefixes nobody is."""
    return number.startswith(tuple(prefixes)) and not number.startswith(PREMIUM)
