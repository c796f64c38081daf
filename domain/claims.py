"""Claims: what somebody says a contact is called and reached by. Whether they are proven is told beside them."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from domain.personal import Personal
from domain.refusals import Invalid
from domain.values import bounded, email_address, required

Claim = Literal["name", "email", "phone"]
NAMES: tuple[Claim, ...] = ("name", "email", "phone")

_PUNCTUATION = re.compile(r"[\s()./-]")
_PHONE = re.compile(r"\+?[0-9]{5,20}")


class Claims(msgspec.Struct, frozen=True):
    """None: not said."""

    name: Personal | None = None
    email: Personal | None = None
    phone: Personal | None = None

    def completed(self, older: Claims) -> Claims:
        """What is not said here is as it was."""
        return Claims(
            self.name if self.name is not None else older.name,
            self.email if self.email is not None else older.email,
            self.phone if self.phone is not None else older.phone,
        )

    def without(self, names: tuple[Claim, ...]) -> Claims:
        return msgspec.structs.replace(self, **dict.fromkeys(names)) if names else self


def claims(name: str | None = None, email: str | None = None, phone: str | None = None) -> Claims:
    """Tidied; empty texts say nothing. Raises Invalid."""
    return Claims(
        required("name", name) if name else None,
        email_address(email) if email else None,
        phone_number(phone) if phone else None,
    )


def phone_number(text: str) -> str:
    """5 to 20 digits, perhaps after a +, without what people write between them. Raises Invalid."""
    digits = _PUNCTUATION.sub("", bounded("phone", text, 50))
    if not _PHONE.fullmatch(digits):
        raise Invalid("phone is not a telephone number.")
    return digits
