"""Masking: card numbers and secrets that people paste into a chat, taken out before anything is stored.

Linear in the length of the text, whatever the text. Masking twice changes nothing: no mark looks like a secret.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import accumulate
from typing import Literal

import msgspec

Kind = Literal["api_key", "card_number", "jwt", "password", "private_key"]

MARKS: dict[Kind, str] = {
    "api_key": "[api-key]",
    "card_number": "[card-number]",
    "jwt": "[jwt]",
    "password": "[password]",
    "private_key": "[private-key]",
}
SHORTEST, LONGEST = 13, 19
"""Digits of a card number."""
LONGEST_PHONE = 14
"""Digits behind a + that are a telephone number, not a card."""


class Masked(msgspec.Struct, frozen=True):
    """The text as it may be stored, and what was taken out of it."""

    text: str
    kinds: tuple[Kind, ...] = ()


# A ] before a key would be the end of a mark: then a second pass could find what the first one did not.
_KEY_BEGINS = r"(?<![A-Za-z0-9_\]-])"
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:.*?-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|.*)",
    re.DOTALL,
)
_JWT = re.compile(_KEY_BEGINS + r"eyJ[A-Za-z0-9_-]{5,}+\.[A-Za-z0-9_-]{5,}+\.[A-Za-z0-9_-]*")
_API_KEY = re.compile(
    _KEY_BEGINS + r"(?:[spr]k_(?:live|test)_[A-Za-z0-9]{10,}"  # Stripe
    r"|(?:wt|vt|rt|sk|is)_[A-Za-z0-9_-]{32,}"  # our own
    r"|sk-[A-Za-z0-9_-]{20,}"  # language models
    r"|(?:AKIA|ASIA)[0-9A-Z]{16}"  # AWS
    r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{20,}"
    r"|xox[abeprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}"  # Slack
    r"|AIza[0-9A-Za-z_-]{35})"  # Google
)
_PASSWORD = re.compile(
    r"((?:passwor[dt]|passwd|passphrase|passcode|kennwort|pwd|(?:client|api|app|shared)[_ -]?secret|api[_ -]?key"
    r"|secret[_ -]?(?:access[_ -]?)?key|(?:access|auth|bearer)[_ -]?token)[\"']?\s{0,5}(?:=>|[:=])\s{0,5})"
    r"(\[(?:api-key|card-number|jwt|password|private-key)\]|\"[^\"\n]{1,200}\"|'[^'\n]{1,200}'|\S+)",
    re.IGNORECASE,
)
# Now and then the digits of a hash or of an id would pass for a card's.
_HEX_ID = re.compile(
    r"(?<![A-Za-z0-9_])((?=[0-9]*[a-f])[0-9a-f]{24,}|(?=[0-9]*[A-F])[0-9A-F]{24,})(?![A-Za-z0-9_])"
)
_MANY_DIGITS = re.compile(rf"(?:\D*+\d){{{SHORTEST}}}")
_NUMBER = re.compile(r"\d+(?:[ \u00a0\u2009\u202f\u2010-\u2015-]{1,3}\d+)*")
_DIGITS = re.compile(r"\d+")
_OUR_MARKS = frozenset(MARKS.values())


def mask(text: str) -> Masked:
    """`text` with a mark in the place of every card number and every secret that is known by its shape."""
    found: set[Kind] = set()
    masked = text
    if "-" in masked and "-----BEGIN" in masked:
        masked = _marked(_PRIVATE_KEY, "private_key", masked, found)
    if "J" in masked and "eyJ" in masked:
        masked = _marked(_JWT, "jwt", masked, found)
    if _may_hold_key(masked):
        masked = _marked(_API_KEY, "api_key", masked, found)
    if _has_many_digits(masked):
        masked = _without_cards(masked, found)
    if ":" in masked or "=" in masked:
        masked = _without_passwords(masked, found)
    return Masked(masked, tuple(sorted(found)))


def is_luhn_valid(digits: str) -> bool:
    """The check digit of payment cards is right."""
    values = [int(digit) for digit in digits]
    return sum(_doubled(value) if at % 2 else value for at, value in enumerate(reversed(values))) % 10 == 0


def _marked(pattern: re.Pattern[str], kind: Kind, text: str, found: set[Kind]) -> str:
    masked, count = pattern.subn(MARKS[kind], text)
    if count:
        found.add(kind)
    return masked


def _may_hold_key(text: str) -> bool:
    """One of these is in every key; in most texts is none, and to find that out takes a tenth of the time.

    A single character is looked for ten times as fast as a word.
    """
    return "_" in text or "-" in text or ("A" in text and ("AKIA" in text or "ASIA" in text or "AIza" in text))


def _has_many_digits(text: str) -> bool:
    """As many as a card has. Plain text is counted as bytes, in a tenth of the time."""
    if text.isascii():
        return len(text) - len(text.encode().translate(None, b"0123456789")) >= SHORTEST
    return _MANY_DIGITS.match(text) is not None


def _without_passwords(text: str, found: set[Kind]) -> str:
    def marked(match: re.Match[str]) -> str:
        if match[2].startswith(MARKS["password"]) or match[2] in _OUR_MARKS:
            return match[0]
        found.add("password")
        return match[1] + MARKS["password"]

    return _PASSWORD.sub(marked, text)


def _without_cards(text: str, found: set[Kind]) -> str:
    def marked(match: re.Match[str]) -> str:
        number = match[0]
        if len(number) < SHORTEST or _is_phone(match):
            return number
        cards = _cards(number)
        if cards:
            found.add("card_number")
        for start, end in reversed(cards):
            number = number[:start] + MARKS["card_number"] + number[end:]
        return number

    pieces = _HEX_ID.split(text)
    pieces[::2] = [_NUMBER.sub(marked, between) for between in pieces[::2]]
    return "".join(pieces)


def _is_phone(match: re.Match[str]) -> bool:
    digits = sum(character.isdecimal() for character in match[0])
    return digits <= LONGEST_PHONE and match.string.endswith("+", 0, match.start())


def _cards(number: str) -> list[tuple[int, int]]:
    """Where cards stand in a number, from left to right, each made of whole groups of digits."""
    groups = [match.span() for match in _DIGITS.finditer(number)]
    begins = [0, *accumulate(end - start for start, end in groups)]
    """Digits before each group; the last is how many there are."""
    sums = _check_sums([int(character) for character in number if character.isdecimal()])
    cards: list[tuple[int, int]] = []
    group = 0
    while group < len(groups):
        last = _last_group(begins, group, sums)
        if last is not None:
            cards.append((groups[group][0], groups[last - 1][1]))
        group = last or group + 1
    return cards


def _last_group(begins: list[int], group: int, sums: tuple[list[int], list[int]]) -> int | None:
    """The group behind the longest card that begins with this one."""
    start = begins[group]
    last = bisect_left(begins, start + LONGEST + 1) - 1
    while begins[last] - start >= SHORTEST:
        end = begins[last]
        if (sums[end % 2][end] - sums[end % 2][start]) % 10 == 0:
            return last
        last -= 1
    return None


def _check_sums(digits: list[int]) -> tuple[list[int], list[int]]:
    """Running sums with the digits at even places doubled, and at odd ones: any part's check costs one look."""
    even = [_doubled(digit) if at % 2 == 0 else digit for at, digit in enumerate(digits)]
    odd = [_doubled(digit) if at % 2 else digit for at, digit in enumerate(digits)]
    return [0, *accumulate(even)], [0, *accumulate(odd)]


def _doubled(digit: int) -> int:
    return 2 * digit if digit < 5 else 2 * digit - 9
