"""Cursor: where the next page begins. Opaque to clients, valid for the order it was made for."""

from __future__ import annotations

import base64
import binascii

import msgspec

from domain.refusals import Invalid

PAGE_LIMIT = 200


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """The last row of a page: its order, its sort key as text, and its id or version as text."""

    order: str
    key: str
    last: str


def encode_cursor(cursor: Cursor) -> str:
    """URL-safe text."""
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def decode_cursor(text: str, order: str) -> Cursor:
    """The cursor behind `text`. Raises Invalid for another order's or anything we did not make."""
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        cursor = msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True), type=Cursor)
    except (UnicodeEncodeError, binascii.Error, msgspec.MsgspecError) as unreadable:
        raise Invalid("cursor is not one of ours.") from unreadable
    if cursor.order != order:
        raise Invalid("cursor belongs to another order of this list.")
    return cursor


def page_limit(limit: int) -> int:
    """Rows a page may have: 1 to 200."""
    return min(max(limit, 1), PAGE_LIMIT)
