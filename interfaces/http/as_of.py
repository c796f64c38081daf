"""As of: what a read would have answered at an earlier time or position, out of the log itself.

Erased people stay erased in the past too: their words can no longer be opened.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, TypeVar
from uuid import UUID

import msgspec
from litestar import Response
from litestar.params import QueryParameter

from application.log import Recorded
from domain.contact import Contact
from domain.kernel import Aggregate
from domain.personal import readable
from domain.refusals import Invalid, NotFound
from domain.widget import Widget
from infrastructure.clock import now
from infrastructure.eventstore.past import seq_at, streams_until
from interfaces.http.audience import Caller
from interfaces.http.headers import answer
from interfaces.http.parts import HttpParts
from interfaces.http.told import placed_stream, view_of
from interfaces.http.widget_view import widget_view
from projections.directory import WidgetView
from projections.transcript import ConversationView, MessagePage, messages_in

AS_OF = "X-As-Of-Position"
LONGEST = 50_000
"""Events that one as-of read folds at most."""

AsOf = Annotated[
    str | None,
    QueryParameter(name="asOf", description="A time with its zone, or a seq: answers as it was then."),
]
T = TypeVar("T")


class Instant(msgspec.Struct, frozen=True):
    """`seq` is where the reader stands, `head` where the tenant's log ends; `time` where one was asked for."""

    seq: int
    head: int
    time: datetime | None = None


async def instant(parts: HttpParts, tenant_id: int, text: str) -> Instant:
    """Where the log was then. Raises Invalid for what is neither a time nor a seq, or lies in the future."""
    head, time = (await parts.reader.tenant_heads([tenant_id]))[tenant_id], None
    if text.isascii() and text.isdigit() and len(text) <= 18:
        seq = int(text)
    else:
        time = _time(text)
        seq = await seq_at(parts.database, tenant_id, time)
    if seq > head:
        raise Invalid("asOf lies in the future.")
    return Instant(seq, head, time)


def answer_as_of(body: T, at: Instant, version: int | None = None) -> Response[T]:
    """Says at which position it is so."""
    response = answer(body, seq=at.head, version=version)
    response.headers[AS_OF] = str(at.seq)
    return response


async def past_stream(
    parts: HttpParts, tenant_id: int, stream_ids: Collection[UUID], at: Instant
) -> list[Recorded]:
    """Raises Invalid where more than LONGEST events would have to be folded."""
    recorded = await streams_until(parts.database, parts.reader, tenant_id, stream_ids, at.seq, LONGEST + 1)
    if len(recorded) > LONGEST:
        raise Invalid(f"asOf would have to fold more than {LONGEST} events here. Ask for a later time.")
    return recorded


class PastPerson(msgspec.Struct, frozen=True):
    """A contact as it was called; by the one that a signed identity had joined it with, where one had."""

    name: str | None
    email: str | None
    is_verified: bool


async def past_conversation(
    parts: HttpParts, caller: Caller, conversation_id: UUID, at: Instant, limit: int, cursor: str | None
) -> tuple[ConversationView, MessagePage]:
    """What it was, for whoever may see it today. Raises NotFound where it had not begun, Invalid."""
    recorded = await past_stream(parts, caller.tenant_id, [conversation_id], at)
    view = view_of(placed_stream(recorded))
    person = (await past_people(parts, caller.tenant_id, [view.contact_id], at)).get(view.contact_id)
    if person is not None:
        view.contact_name, view.contact_email = person.name, person.email
        view.contact_verified = person.is_verified
    if caller.side == "visitor":
        await _refuse_strangers(parts, caller, view, at)
    page = messages_in(recorded, include_private=caller.side == "agent", limit=limit, cursor=cursor)
    return view, page


async def past_people(
    parts: HttpParts, tenant_id: int, contact_ids: Collection[UUID], at: Instant
) -> dict[UUID, PastPerson]:
    """Those that were there, called what they were called; two queries, however many."""
    contacts = await _contacts(parts, tenant_id, contact_ids, at)
    joined = {one.merged_into for one in contacts.values() if one.is_linked and one.merged_into is not None}
    known = await _contacts(parts, tenant_id, joined, at)
    return {
        id: _person(one, known.get(one.merged_into) if one.is_linked and one.merged_into else None)
        for id, one in contacts.items()
    }


async def past_widget(parts: HttpParts, tenant_id: int, widget_id: UUID, at: Instant) -> WidgetView:
    """Raises NotFound where it was not installed yet."""
    return widget_view(await widget_at(parts, tenant_id, widget_id, at))


async def widget_at(parts: HttpParts, tenant_id: int, widget_id: UUID, at: Instant) -> Widget:
    """Likewise."""
    widget: Aggregate | None = None
    for one in await past_stream(parts, tenant_id, [widget_id], at):
        widget = one.event.mutate(widget)
    if not isinstance(widget, Widget):
        raise NotFound
    return widget


async def _refuse_strangers(parts: HttpParts, caller: Caller, view: ConversationView, at: Instant) -> None:
    """By today's joins, as every other read. Raises NotFound."""
    today = await _contacts(parts, caller.tenant_id, [view.contact_id], Instant(at.head, at.head))
    contact = today.get(view.contact_id)
    if contact is not None and contact.is_linked:
        view.contact_known_as = contact.merged_into
    if not view.is_of(caller.contact_id):
        raise NotFound


async def _contacts(
    parts: HttpParts, tenant_id: int, contact_ids: Collection[UUID], at: Instant
) -> dict[UUID, Contact]:
    contacts: dict[UUID, Aggregate | None] = {}
    for one in await past_stream(parts, tenant_id, contact_ids, at):
        contacts[one.stream_id] = one.event.mutate(contacts.get(one.stream_id))
    return {id: contact for id, contact in contacts.items() if isinstance(contact, Contact)}


def _person(contact: Contact, known: Contact | None) -> PastPerson:
    shown = known or contact
    return PastPerson(
        name=readable(shown.name) or readable(contact.name),
        email=readable(shown.email) or readable(contact.email),
        is_verified=shown.is_verified,
    )


def _time(text: str) -> datetime:
    """A + of the zone arrives as a space where it was not encoded. Raises Invalid."""
    try:
        at = datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text.strip())
    except ValueError:
        raise Invalid("asOf is a time with its zone, or a seq.") from None
    if at.tzinfo is None:
        raise Invalid("asOf needs a zone: 2030-01-02T03:04:05Z.")
    if at > now():
        raise Invalid("asOf lies in the future.")
    return at
