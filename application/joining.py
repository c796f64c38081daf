"""Commands that join contacts: by a signed identity, or by an agent who knows better; and take it back."""

from __future__ import annotations

from uuid import UUID, uuid5

from application.command import Handlers
from application.contact import AboutContact, root
from application.work import Work
from domain.claims import Claims
from domain.contact import Contact
from domain.refusals import NotFound


class IdentifyContact(AboutContact, frozen=True, kw_only=True):
    """A visitor is who the tenant's server says: `contact_id` belongs to the external id (see `known_id`).

    `visitor_id` is the anonymous contact of the browser that brings it; its history joins the known one.
    """

    external_id: str
    visitor_id: UUID | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None


class MergeContact(AboutContact, frozen=True, kw_only=True):
    """`into_id` survives."""

    into_id: UUID


class UnmergeContact(AboutContact, frozen=True, kw_only=True):
    """Takes a link or a merge of this contact back."""


def known_id(first: UUID, erasures: int) -> UUID:
    """The contact of one external id: `first`, until it is erased; then somebody new, as often as it takes."""
    return first if erasures == 0 else uuid5(first, str(erasures))


async def identify_contact(work: Work, command: IdentifyContact) -> None:
    if command.visitor_id is not None and command.visitor_id != work.actor.by.id:
        raise NotFound
    known = await _known(work, command.contact_id)
    known.refuse_blocked(work.stamp.at)
    known.meet(work.stamp, work.actor.tenant_id)
    said = Claims(command.name, command.email, command.phone)
    known.verify(work.stamp, command.external_id, said)
    if command.visitor_id is not None:
        await _join(work, command.visitor_id, known)


async def merge_contact(work: Work, command: MergeContact) -> None:
    contact = await work.get(Contact, command.contact_id)
    survivor = await work.get(Contact, command.into_id)
    contact.merge_into(work.stamp, survivor)


async def unmerge_contact(work: Work, command: UnmergeContact) -> None:
    contact = await work.get(Contact, command.contact_id)
    if contact.merged_into is not None:
        contact.unmerge(work.stamp, await work.get(Contact, contact.merged_into))


async def speaks_for(work: Work, contact_id: UUID) -> bool:
    """True for a visitor's own contact, and for one that a signed identity joined with it.

    What an agent merged is not the visitor's to read: the agent may be wrong, and reading cannot be taken back.
    """
    if contact_id == work.actor.by.id:
        return True
    contact, _ = await work.history(contact_id)  # a link may have been made, or taken back, a moment ago
    return isinstance(contact, Contact) and contact.is_linked and contact.merged_into == work.actor.by.id


async def _known(work: Work, first: UUID) -> Contact:
    erasures = 0
    while (contact := await work.load(Contact, known_id(first, erasures))).is_erased:
        erasures += 1
    return contact


async def _join(work: Work, visitor_id: UUID, known: Contact) -> None:
    """A browser's anonymous contact becomes part of the known one; a known contact is nobody else's."""
    visitor = await work.load(Contact, visitor_id)
    visitor.refuse_blocked(work.stamp.at)
    if (
        not visitor.exists
        or visitor.is_verified
        or visitor.is_erased
        or (await root(work, known)).id == visitor.id
    ):
        return
    visitor.link_into(work.stamp, known)


HANDLERS: Handlers = {
    IdentifyContact: identify_contact,
    MergeContact: merge_contact,
    UnmergeContact: unmerge_contact,
}
