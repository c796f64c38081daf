"""Erasure of a person: all contacts that were joined into one, by one command, and what is left to be done."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody

from application.contact import EraseContact
from domain.contact import ContactErased
from domain.ids import parse, wire
from domain.refusals import NotFound
from interfaces.http.audience import Asker, may
from interfaces.http.body import JsonRequest
from interfaces.http.first_contact import order_of
from interfaces.http.headers import answer, answer_to_command
from interfaces.http.parts import HttpParts, Parts
from interfaces.http.position import reached
from projections.remains import ErasedContact, read_family, read_models_behind, read_remains

ERASURES = "/api/v1/privacy/erasures"


class ErasureRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """`reason` is for the audit; it is kept, so nothing personal belongs in it."""

    contact_id: str
    reason: str


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


class ErasureAnswer(msgspec.Struct, frozen=True):
    erasure: ErasureBody


@post(
    ERASURES,
    status_code=202,
    opt={"audience": "member", "roles": may(EraseContact)},
    summary="Erase a person",
    operation_id="erasePerson",
    tags=["privacy"],
)
async def erase_person(
    request: JsonRequest, data: JSONBody[ErasureRequest], caller: Asker, parts: Parts
) -> Response[ErasureAnswer]:
    """Whoever was merged or linked with this contact is erased with it; it cannot be taken back.

    202: from now on it is done in the background, over a crash too; ask again until `done`. Texts, names, file
    names, drafts, what was tracked and the files' bytes are gone then; counts stay. Again changes nothing.
    """
    command = EraseContact(contact_id=parse("contact", data.contact_id), reason=data.reason)
    actor = caller.actor()
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    erased = [one.originator_id for one in receipt.events if isinstance(one, ContactErased)]
    body = await _erasure(parts, actor.tenant_id, command.contact_id, erased)
    return answer_to_command(body, receipt, 202)


@get(
    ERASURES + "/{contact_id:str}",
    opt={"audience": "member", "roles": may(EraseContact)},
    summary="Get how far an erasure is",
    operation_id="getErasure",
    tags=["privacy"],
)
async def get_erasure(
    request: JsonRequest, contact_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[ErasureAnswer]:
    """By any contact of the person; counted where the things lie, not noted by who should have deleted them."""
    id = parse("contact", contact_id)
    seq = await reached(parts, request, caller.tenant_id, "contacts")
    return answer(await _erasure(parts, caller.tenant_id, id, ()), seq=seq)


async def _erasure(parts: HttpParts, tenant_id: int, contact_id: UUID, erased: Collection[UUID]) -> ErasureAnswer:
    """`erased`: who is known to be, where the read model may not know yet. Raises NotFound."""
    async with parts.database.tenant(tenant_id) as connection:
        family = erased or await read_family(connection, tenant_id, contact_id)
        contacts = await read_remains(connection, tenant_id, {contact_id, *family})
        if not contacts:
            raise NotFound
        behind = await read_models_behind(connection, tenant_id, max(one.seq for one in contacts))
    done = not behind and all(one.is_gone for one in contacts)
    reason = next((one.reason for one in contacts if one.contact_id == contact_id), contacts[0].reason)
    told = tuple(_told(one) for one in contacts)
    return ErasureAnswer(ErasureBody(wire("contact", contact_id), reason, done, told, behind))


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


ROUTES = (erase_person, get_erasure)
