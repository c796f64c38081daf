"""Erasure of a person: all contacts that were joined into one, by one command, and what is left to be done."""

from __future__ import annotations

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody

from application.contact import EraseContact
from domain.contact import ContactErased
from domain.ids import parse
from interfaces.erasure_body import ErasureBody, erasure_of
from interfaces.http.audience import Asker, may
from interfaces.http.body import JsonRequest
from interfaces.http.first_contact import order_of
from interfaces.http.headers import answer, answer_to_command
from interfaces.http.parts import Parts
from interfaces.http.position import reached

ERASURES = "/api/v1/privacy/erasures"


class ErasureRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """`reason` is for the audit; it is kept, so nothing personal belongs in it."""

    contact_id: str
    reason: str


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
    body = await erasure_of(parts.database, actor.tenant_id, command.contact_id, erased)
    return answer_to_command(ErasureAnswer(body), receipt, 202)


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
    return answer(ErasureAnswer(await erasure_of(parts.database, caller.tenant_id, id)), seq=seq)


ROUTES = (erase_person, get_erasure)
