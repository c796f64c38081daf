"""A contact on the wire: as the read model tells, or after a write as the log does."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Response

from application.actor import Actor
from application.contact import AboutContact
from domain.attributes import AttributeValue
from domain.claims import NAMES, Claims
from domain.contact import Contact
from domain.ids import wire
from domain.kernel import Aggregate
from domain.personal import readable
from domain.refusals import NotFound
from interfaces.http.first_contact import order_of
from interfaces.http.headers import Connection, answer_to_command
from interfaces.http.parts import HttpParts
from interfaces.wire import maybe_wire
from projections.contacts import ContactView
from projections.contacts_fold import Known


class ClaimsBody(msgspec.Struct, frozen=True):
    """What was said of somebody; null where it was not, or is erased."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None


class BlockBody(msgspec.Struct, frozen=True):
    """`until` null: until it is taken back."""

    reason: str | None
    until: datetime | None


class ContactDetails(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`name`, `email`, `phone` are verified where `verifiedClaims` says so, else as `claims` has them.

    `verified`: the tenant's own server signed who this is. `mergedInto`: they are part of that contact.
    """

    id: str
    name: str | None
    email: str | None
    phone: str | None
    verified: bool
    verified_claims: ClaimsBody
    claims: ClaimsBody
    external_id: str | None
    attributes: dict[str, AttributeValue]
    merged_into: str | None
    block: BlockBody | None
    erased: bool
    version: int


class ListedContact(ContactDetails, frozen=True, kw_only=True, rename="camel"):
    """`conversations` counts those of everybody who is part of them, `lastSeenAt` tells of all of them."""

    first_seen_at: datetime
    last_seen_at: datetime
    conversations: int


class ContactAnswer(msgspec.Struct, frozen=True):
    contact: ContactDetails


def contact_of_view(view: ContactView) -> ListedContact:
    return ListedContact(
        id=wire("contact", view.contact_id),
        name=view.name,
        email=view.email,
        phone=view.phone,
        verified=view.is_verified,
        verified_claims=_known(view.verified),
        claims=_known(view.claimed),
        external_id=view.external_id,
        attributes=view.attributes,
        merged_into=maybe_wire("contact", view.merged_into),
        block=BlockBody(view.block_reason, view.blocked_until) if view.is_blocked else None,
        erased=view.is_erased,
        version=view.version,
        first_seen_at=view.met_at,
        last_seen_at=view.last_at,
        conversations=view.conversations,
    )


def contact_of_log(contact: Contact) -> ContactDetails:
    """As it stands in the log at this moment."""
    known, block = _claims(contact.known), contact.blocked
    return ContactDetails(
        id=wire("contact", contact.id),
        name=known.name,
        email=known.email,
        phone=known.phone,
        verified=contact.is_verified,
        verified_claims=_claims(contact.verified),
        claims=_claims(contact.claimed),
        external_id=readable(contact.external_id),
        attributes=dict(contact.attributes),
        merged_into=maybe_wire("contact", contact.merged_into),
        block=None if block is None else BlockBody(readable(block.reason), block.until),
        erased=contact.is_erased,
        version=contact.version,
    )


async def contact_in_log(parts: HttpParts, tenant_id: int, contact_id: UUID) -> Contact | None:
    """None where this tenant has no such contact."""
    aggregate: Aggregate | None = None
    for one in await parts.reader.stream(tenant_id, contact_id):
        aggregate = one.event.mutate(aggregate)
    return aggregate if isinstance(aggregate, Contact) else None


async def carry_out_on_contact(
    request: Connection, parts: HttpParts, actor: Actor, command: AboutContact, status: int = 200
) -> Response[ContactAnswer]:
    """Answered out of the log itself, so the answer holds what was just done. Raises a Refusal."""
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    contact = await contact_in_log(parts, actor.tenant_id, command.contact_id)
    if contact is None:
        raise NotFound
    return answer_to_command(ContactAnswer(contact_of_log(contact)), receipt, status, contact.version)


def _known(known: Known) -> ClaimsBody:
    return ClaimsBody(known.name, known.email, known.phone)


def _claims(claims: Claims) -> ClaimsBody:
    return ClaimsBody(*(readable(getattr(claims, name)) for name in NAMES))
