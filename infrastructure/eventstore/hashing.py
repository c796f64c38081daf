"""The three hash chains. All of them run over ciphertext, so erasure breaks none.

event   sha256(stream's previous hash | tenant int4 | stream 16 | version int4 | at int8 microseconds since 1970 |
        len(type) int2 | type | sha256(payload) | sha256(meta)), big-endian; no previous hash for version 1
batch   root = sha256(the events' hashes in pos order); chain = sha256(previous chain | first pos int8 | root)
tenant  the same over the batch's events of one tenant in tpos order, with the first tpos
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from infrastructure.eventstore.rows import StoredRow

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def event_hash(
    previous: bytes,
    tenant_id: int,
    stream_id: UUID,
    version: int,
    type: str,
    at: datetime,
    payload: bytes,
    meta: bytes,
) -> bytes:
    """32 bytes; `previous` is b"" for the first event of a stream."""
    name = type.encode()
    place = struct.pack(">i16siqh", tenant_id, stream_id.bytes, version, (at - _EPOCH) // _MICROSECOND, len(name))
    content = hashlib.sha256(payload).digest() + hashlib.sha256(meta).digest()
    return hashlib.sha256(previous + place + name + content).digest()


def row_hash(previous: bytes, row: StoredRow) -> bytes:
    """What `row.hash` must be after `previous`."""
    return event_hash(previous, row.tenant_id, row.stream_id, row.version, row.type, row.at, row.payload, row.meta)


def root(hashes: Iterable[bytes]) -> bytes:
    return hashlib.sha256(b"".join(hashes)).digest()


def chain(previous: bytes, first: int, root: bytes) -> bytes:
    """The chain after a batch that begins at position `first`."""
    return hashlib.sha256(previous + struct.pack(">q", first) + root).digest()
