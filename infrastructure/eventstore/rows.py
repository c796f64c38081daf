"""StoredRow: one event as it lies in the table and travels over NATS, personal fields still sealed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

COLUMNS = "pos, tpos, tenant_id, stream_id, version, type, at, payload, meta, hash"
"""The columns of es.event in the order of `StoredRow`'s fields."""


class StoredRow(msgspec.Struct, frozen=True, array_like=True):
    """`pos` counts all events, `tpos` (the `seq` on the wire) the tenant's; both gapless from 1."""

    pos: int
    tpos: int
    tenant_id: int
    stream_id: UUID
    version: int
    type: str
    at: datetime
    payload: bytes
    meta: bytes
    hash: bytes

    @property
    def kind(self) -> str:
        """The noun of the event's type: `conversation` of `conversation.started.1`."""
        return self.type.partition(".")[0]


def stored_rows(records: Sequence[tuple[Any, ...]]) -> list[StoredRow]:
    """Rows of a `SELECT {COLUMNS}`."""
    return [StoredRow(*record) for record in records]


def encode_row(row: StoredRow) -> bytes:
    """The body of a JetStream message: a msgpack array of the ten fields, UUIDs as 16 bytes."""
    return _ENCODER.encode(row)


def decode_row(body: bytes) -> StoredRow:
    """The other way round. Raises msgspec.DecodeError, msgspec.ValidationError."""
    return _DECODER.decode(body)


_ENCODER = msgspec.msgpack.Encoder(uuid_format="bytes")
_DECODER = msgspec.msgpack.Decoder(StoredRow)
