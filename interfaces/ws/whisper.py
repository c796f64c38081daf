"""Whisper: what is told to others but never stored, on its way between processes."""

from __future__ import annotations

from uuid import UUID

import msgspec

from interfaces.ws.frames import VisitorHere


class Whisper(msgspec.Struct, frozen=True, array_like=True):
    """An encoded ephemeral frame for all members, and for the visitor `contact_id` where one is named.

    Without `members` for the visitor alone. `origin` is the socket it came from, which does not hear itself.
    `visitors` are no frame yet: each process tells its members of them once a second.
    """

    origin: str
    contact_id: UUID | None
    frame: bytes
    members: bool = True
    visitors: tuple[VisitorHere, ...] = ()


def encode_whisper(whisper: Whisper) -> bytes:
    return _ENCODER.encode(whisper)


def decode_whisper(body: bytes) -> Whisper:
    """Raises msgspec.DecodeError, msgspec.ValidationError."""
    return _DECODER.decode(body)


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Whisper)
