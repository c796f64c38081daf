"""The JSON of an erasure: who was erased, and what is left of them, counted where it lies."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec

from domain.ids import wire
from domain.refusals import NotFound
from infrastructure.postgres import Database
from projections.remains import ErasedContact, read_family, read_models_behind, read_remains


class ErasedContactBody(msgspec.Struct, frozen=True, rename="camel"):
    """What is left of one contact: all of it is 0, and the key destroyed, once the erasure is done."""

    id: str
    erased_at: datetime
    key_destroyed: bool
    files_left: int
    tokens_left: int
    drafts_left: int
    tracked_left: int


class ErasureBody(msgspec.Struct, frozen=True, rename="camel"):
    """`contacts`: everybody who was this person. `behind`: read models that do not know of it yet."""

    contact_id: str
    reason: str
    done: bool
    contacts: tuple[ErasedContactBody, ...]
    behind: tuple[str, ...]


async def erasure_of(
    database: Database, tenant_id: int, contact_id: UUID, erased: Collection[UUID] = ()
) -> ErasureBody:
    """`erased`: who is known to be, where the read model may not know yet. Raises NotFound."""
    async with database.tenant(tenant_id) as connection:
        family = erased or await read_family(connection, tenant_id, contact_id)
        contacts = await read_remains(connection, tenant_id, {contact_id, *family})
        if not contacts:
            raise NotFound
        behind = await read_models_behind(connection, tenant_id, max(one.seq for one in contacts))
    done = not behind and all(one.is_gone for one in contacts)
    reason = next((one.reason for one in contacts if one.contact_id == contact_id), contacts[0].reason)
    return ErasureBody(wire("contact", contact_id), reason, done, tuple(_told(one) for one in contacts), behind)


def _told(one: ErasedContact) -> ErasedContactBody:
    return ErasedContactBody(
        id=wire("contact", one.contact_id),
        erased_at=one.at,
        key_destroyed=not one.has_key,
        files_left=one.files,
        tokens_left=one.tokens,
        drafts_left=one.drafts,
        tracked_left=one.tracked,
    )
