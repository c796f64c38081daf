"""Links: addresses under which one person may fetch one file for a while. Whoever holds one needs nothing else."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import UTC, datetime
from urllib.parse import quote
from uuid import UUID

import msgspec

from domain.ids import wire
from domain.kernel import By
from domain.refusals import NotFound
from infrastructure.access.keys import derived

LIFETIME = 3600
STEP = 300
"""Seconds. Expiry is rounded down to whole steps, so that a browser meets the same address again and caches."""
LONGEST = 400


class Link(msgspec.Struct, frozen=True):
    """`path` begins with /api/v1/chat/files/."""

    path: str
    expires_at: datetime


class Holder(msgspec.Struct, frozen=True):
    """Whom a link was made for."""

    tenant_id: int
    by: By
    expires_at: datetime


class _Ticket(msgspec.Struct, frozen=True, array_like=True):
    tenant_id: int
    by: By
    expires: int


class Links:
    """Makes links and reads them again; `secrets` is the installation's master secret."""

    def __init__(self, secrets: bytes) -> None:
        self._key = derived(secrets, "file links")

    def link(self, tenant_id: int, file_id: UUID, by: By, now: datetime) -> Link:
        """Good for 55 to 60 minutes, for this person."""
        expires = (int(now.timestamp()) + LIFETIME) // STEP * STEP
        ticket = msgspec.json.encode(_Ticket(tenant_id, by, expires))
        signature = f"{_text(ticket)}.{_text(self._mac(file_id, ticket))}"
        path = f"/api/v1/chat/files/{wire('file', file_id)}?signature={quote(signature, safe='.-_')}"
        return Link(path, datetime.fromtimestamp(expires, UTC))

    def holder(self, file_id: UUID, signature: str, now: datetime) -> Holder:
        """Raises NotFound: a link that is none, or no longer, does not even say that there is such a file."""
        try:
            ticket_text, mac = signature[:LONGEST].split(".")
            ticket, given = _octets(ticket_text), _octets(mac)
        except ValueError:
            raise NotFound from None
        if not hmac.compare_digest(self._mac(file_id, ticket), given):
            raise NotFound
        read = msgspec.json.decode(ticket, type=_Ticket)
        if read.expires <= now.timestamp():
            raise NotFound
        return Holder(read.tenant_id, read.by, datetime.fromtimestamp(read.expires, UTC))

    def _mac(self, file_id: UUID, ticket: bytes) -> bytes:
        return hmac.new(self._key, file_id.bytes + ticket, hashlib.sha256).digest()


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def _octets(text: str) -> bytes:
    """Raises ValueError (binascii.Error is one)."""
    if not text.isascii():
        raise binascii.Error("not ASCII")
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
