"""Values that are valid once made. Each maker raises Invalid (or a kind of it)."""

from __future__ import annotations

import re

from domain.refusals import Invalid, MissingMessage

MESSAGE_LENGTH = 10_000
NAME_LENGTH = 200

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""Characters that no text may hold: PostgreSQL or UTF-8 has no place for them."""

_EMAIL = re.compile(r"[^@\s\x00]{1,64}@[^@\s\x00]{1,255}")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


def is_storable(text: str) -> bool:
    """Without a character of UNSTORABLE. Most texts are plain ASCII, which takes no search to know."""
    return "\x00" not in text and (text.isascii() or UNSTORABLE.search(text) is None)


def message_text(text: str) -> str:
    """1 to 10,000 characters with something to read. U+0000 would poison every text column behind it."""
    if not text.strip():
        raise MissingMessage
    return bounded("message", text, MESSAGE_LENGTH)


def bounded(name: str, text: str, length: int = NAME_LENGTH) -> str:
    """`text` unchanged, if it is storable and not longer than `length` characters."""
    if len(text) > length:
        raise Invalid(f"{name} is longer than {length} characters.")
    if not is_storable(text):
        raise Invalid(f"{name} holds a character that no text may hold.")
    return text


def required(name: str, text: str, length: int = NAME_LENGTH) -> str:
    """Like `bounded`, trimmed and not empty."""
    trimmed = bounded(name, text, length).strip()
    if not trimmed:
        raise Invalid(f"{name} is needed.")
    return trimmed


def email_address(text: str) -> str:
    """Lower case, one @; whether it receives mail is for a mail to find out."""
    trimmed = bounded("email", text, 320).strip().lower()
    if not _EMAIL.fullmatch(trimmed):
        raise Invalid("email is not an address.")
    return trimmed


def color(text: str) -> str:
    """`#RRGGBB`."""
    if not _COLOR.fullmatch(text):
        raise Invalid("A colour is written #RRGGBB.")
    return text
