"""Command: what somebody asks for. Frozen, complete, without generated ids: its bytes are its fingerprint."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import msgspec

from application.actor import Actor
from application.work import Work


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """Named verb and noun. `turn` is the stream it is about, None where it creates one."""

    @property
    def turn(self) -> UUID | None:
        return None


Handler = Callable[[Work, Any], Awaitable[None]]
Handlers = Mapping[type[Command], Handler]


def fingerprint(actor: Actor, command: Command) -> bytes:
    """SHA-256 over who asks and what: the same key with another fingerprint is another request."""
    body = msgspec.json.encode((type(command).__name__, actor.by.id, command))
    return hashlib.sha256(body).digest()
