"""What is held about one person, as a file: the answer to somebody who asks what a tenant knows of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from litestar import get
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from application.scopes import expect_scope
from domain.ids import parse, wire
from domain.refusals import NotFound
from infrastructure.clock import now
from interfaces.export_formats import ExportFormat, ExportHead, ExportWriting, export_writing
from interfaces.http.audience import Asker
from interfaces.http.body import JsonRequest
from interfaces.http.contact_export_entries import HeldPerson
from interfaces.http.headers import POSITION
from interfaces.http.parts import Parts
from interfaces.http.position import reached
from projections.remains import read_family

READERS = frozenset(["owner", "admin", "supervisor"])
"""Who may take all of a person out at once; agents read them where they work, conversation by conversation."""

Format = Annotated[ExportFormat, QueryParameter(name="format", description="One document, or an object a line.")]


@get(
    "/api/v1/contacts/{contact_id:str}/export",
    opt={"audience": "member", "roles": READERS},
    media_type="application/octet-stream",
    summary="Export all that is held about a person",
    operation_id="exportContact",
    tags=["contacts"],
)
async def export_contact(
    request: JsonRequest, contact_id: FromPath[str], caller: Asker, parts: Parts, format: Format = "json"
) -> Stream:
    """Of everybody who is one person with this contact, private notes included, written as it is read.

    Sections: contacts, notes, conversations with their messages, files (links are for the caller, for an hour),
    visits, campaigns, and the events of the log that speak of them. An API key needs `conversations:read` too.
    Of somebody erased it holds what is left: times and counts. A file without its end was cut off.
    """
    id = parse("contact", contact_id)
    if caller.agent.scopes is not None:
        expect_scope(caller.agent.scopes, "conversations:read")
    models = ("contacts", "transcript", "files", "campaigns")
    seq = min([await reached(parts, request, caller.tenant_id, model) for model in models])
    async with parts.database.tenant(caller.tenant_id) as connection:
        family = await read_family(connection, caller.tenant_id, id)
    if not family:
        raise NotFound
    written = export_writing(format)
    head = ExportHead(wire("contact", id), tuple(wire("contact", one) for one in family), now(), seq)
    headers = {
        "Content-Type": written.media_type,  # the route's own media type would win over the answer's
        POSITION: str(seq),
        "Content-Disposition": f'attachment; filename="contact-{wire("contact", id)}.{format}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, no-store",
    }
    held = HeldPerson(parts, caller.tenant_id, caller.actor().by, family)
    return Stream(_pieces(held, head, written), headers=headers)


async def _pieces(held: HeldPerson, head: ExportHead, written: ExportWriting) -> AsyncIterator[bytes]:
    """Where a batch cannot be read the download breaks off."""
    yield written.opening(head)
    async for entries in held.entries():
        yield written.entries(entries)
    yield written.closing()
