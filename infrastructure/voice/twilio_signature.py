"""Twilio's request signature: HMAC-SHA1 with the account's token over the address and the form, in base64."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Sequence

Form = Sequence[tuple[str, str]]


def signature(token: str, url: str, form: Form) -> str:
    """As `X-Twilio-Signature` carries it. `url` with its query; the form's fields by name, each value once."""
    text = url + "".join(name + value for name, value in sorted(set(form)))
    # SHA-1 is Twilio's choice; as an HMAC it is not broken.
    return b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def is_signed(token: str, url: str, form: Form, given: str) -> bool:
    """In constant time."""
    return hmac.compare_digest(signature(token, url, form).encode(), given.encode())
