"""The people a tenant talks to: found, described, joined and taken apart again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter

from application.contact import ChangeContact, NoteContact
from application.joining import MergeContact, UnmergeContact
from domain.attributes import AttributeValue
from domain.claims import NAMES
from domain.contact import ContactNoted
from domain.ids import parse, wire
from domain.personal import readable
from domain.refusals import NotFound
from interfaces.http.audience import STAFF, Asker, may
from interfaces.http.body import JsonRequest
from interfaces.http.contact_body import (
    ContactAnswer,
    ListedContact,
    carry_out_on_contact,
    contact_of_view,
)
from interfaces.http.first_contact import order_of
from interfaces.http.headers import answer, answer_to_command
from interfaces.http.parts import Parts
from interfaces.http.position import reached
from interfaces.http.transcript import Limit, PageCursor
from interfaces.wire import author_wire
from projections.contacts import read_contact, read_contact_notes, read_contacts

CONTACT = "/api/v1/contacts/{contact_id:str}"
Search = Annotated[str | None, QueryParameter(name="q", description="The beginning of a name, e-mail or phone.")]
Text = str | None | msgspec.UnsetType


class ContactList(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[ListedContact, ...]
    next_cursor: str | None = None


class ChangeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays; null takes a claim back, and an attribute away."""

    name: Text = msgspec.UNSET
    email: Text = msgspec.UNSET
    phone: Text = msgspec.UNSET
    attributes: dict[str, AttributeValue] | msgspec.UnsetType = msgspec.UNSET


class NoteRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: str


class MergeRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """`intoId` survives."""

    into_id: str


class NoteBody(msgspec.Struct, frozen=True, rename="camel"):
    """An agent's note on the person; `text` is null once erased. `authorId` is null for an integration."""

    id: str
    author_id: str | None
    text: str | None
    created_at: datetime


class NoteAnswer(msgspec.Struct, frozen=True):
    note: NoteBody


class NoteList(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[NoteBody, ...]
    next_cursor: str | None = None


@get(
    "/api/v1/contacts",
    opt={"audience": "member", "roles": STAFF},
    summary="List contacts",
    operation_id="listContacts",
    tags=["contacts"],
)
async def list_contacts(
    request: JsonRequest,
    caller: Asker,
    parts: Parts,
    q: Search = None,
    limit: Limit = 50,
    cursor: PageCursor = None,
) -> Response[ContactList]:
    """Newest activity first. Who is part of another contact is not listed beside them."""
    seq = await reached(parts, request, caller.tenant_id, "contacts")
    async with parts.database.tenant(caller.tenant_id) as connection:
        page = await read_contacts(connection, caller.tenant_id, q, limit, cursor)
    return answer(ContactList(tuple(contact_of_view(one) for one in page.contacts), page.next_cursor), seq=seq)


@get(
    CONTACT,
    opt={"audience": "member", "roles": STAFF},
    summary="Get a contact",
    operation_id="getContact",
    tags=["contacts"],
)
async def get_contact(
    request: JsonRequest, contact_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[ListedContact]:
    """What is verified of them stands beside what was only claimed."""
    id = parse("contact", contact_id)
    seq = await reached(parts, request, caller.tenant_id, "contacts")
    async with parts.database.tenant(caller.tenant_id) as connection:
        view = await read_contact(connection, caller.tenant_id, id)
    if view is None:
        raise NotFound
    return answer(contact_of_view(view), seq=seq, version=view.version)


@patch(
    CONTACT,
    status_code=200,
    opt={"audience": "member", "roles": may(ChangeContact)},
    summary="Change a contact",
    operation_id="changeContact",
    tags=["contacts"],
)
async def change_contact(
    request: JsonRequest, contact_id: FromPath[str], data: JSONBody[ChangeRequest], caller: Asker, parts: Parts
) -> Response[ContactAnswer]:
    """Claims, like a visitor's own: what is verified stays in front of them."""
    given = {name: getattr(data, name) for name in NAMES}
    command = ChangeContact(
        contact_id=parse("contact", contact_id),
        **{name: text for name, text in given.items() if isinstance(text, str)},
        withdrawn=tuple(name for name in NAMES if given[name] is None or given[name] == ""),
        attributes=None if data.attributes is msgspec.UNSET else msgspec.json.encode(data.attributes).decode(),
    )
    return await carry_out_on_contact(request, parts, caller.actor(), command)


@get(
    CONTACT + "/notes",
    opt={"audience": "member", "roles": STAFF},
    summary="List the notes on a contact",
    operation_id="listContactNotes",
    tags=["contacts"],
)
async def list_contact_notes(
    request: JsonRequest,
    contact_id: FromPath[str],
    caller: Asker,
    parts: Parts,
    limit: Limit = 50,
    cursor: PageCursor = None,
) -> Response[NoteList]:
    """Newest first."""
    id = parse("contact", contact_id)
    seq = await reached(parts, request, caller.tenant_id, "contacts")
    async with parts.database.tenant(caller.tenant_id) as connection:
        if await read_contact(connection, caller.tenant_id, id) is None:
            raise NotFound
        page = await read_contact_notes(connection, caller.tenant_id, id, limit, cursor)
    notes = tuple(
        NoteBody(wire("note", one.note_id), author_wire(one.author_kind, one.author_id), one.text, one.at)
        for one in page.notes
    )
    return answer(NoteList(notes, page.next_cursor), seq=seq)


@post(
    CONTACT + "/notes",
    status_code=201,
    opt={"audience": "member", "roles": may(NoteContact)},
    summary="Note something on a contact",
    operation_id="noteContact",
    tags=["contacts"],
)
async def note_contact(
    request: JsonRequest, contact_id: FromPath[str], data: JSONBody[NoteRequest], caller: Asker, parts: Parts
) -> Response[NoteAnswer]:
    """For agents; no visitor reads it. Card numbers and secrets in it are masked."""
    command, actor = NoteContact(contact_id=parse("contact", contact_id), text=data.text), caller.actor()
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    noted = next(one for one in receipt.events if isinstance(one, ContactNoted))
    author = author_wire(noted.by.kind, noted.by.id)
    note = NoteBody(wire("note", noted.note_id), author, readable(noted.text), noted.at)
    return answer_to_command(NoteAnswer(note), receipt, 201)


@post(
    CONTACT + "/merge",
    status_code=200,
    opt={"audience": "member", "roles": may(MergeContact)},
    summary="Merge a contact into another",
    operation_id="mergeContact",
    tags=["contacts"],
)
async def merge_contact(
    request: JsonRequest, contact_id: FromPath[str], data: JSONBody[MergeRequest], caller: Asker, parts: Parts
) -> Response[ContactAnswer]:
    """They are one person: everything of both is listed under the other one. It can be taken back.

    409 `contact_merged` where either is part of somebody already, 409 `contact_erased`, 400 into itself.
    """
    command = MergeContact(contact_id=parse("contact", contact_id), into_id=parse("contact", data.into_id))
    return await carry_out_on_contact(request, parts, caller.actor(), command)


@post(
    CONTACT + "/unmerge",
    status_code=200,
    opt={"audience": "member", "roles": may(UnmergeContact)},
    summary="Take a merge back",
    operation_id="unmergeContact",
    tags=["contacts"],
)
async def unmerge_contact(
    request: JsonRequest, contact_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[ContactAnswer]:
    """Of the contact that was merged, or that a signed identity linked; nothing to do for any other."""
    command = UnmergeContact(contact_id=parse("contact", contact_id))
    return await carry_out_on_contact(request, parts, caller.actor(), command)


ROUTES = (
    list_contacts,
    get_contact,
    change_contact,
    list_contact_notes,
    note_contact,
    merge_contact,
    unmerge_contact,
)
