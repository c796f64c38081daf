"""Commands about a contact; joining two of them has a file of its own."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from application.command import Command, Handlers
from application.masking import masked, masked_values
from application.work import Work
from domain.attributes import AttributeValue
from domain.claims import Claim
from domain.contact import Contact
from domain.refusals import Invalid, NotFound


class AboutContact(Command, frozen=True, kw_only=True):
    """Its turn is the contact's."""

    contact_id: UUID

    @property
    def turn(self) -> UUID:
        return self.contact_id


class IntroduceContact(AboutContact, frozen=True, kw_only=True):
    """What a visitor says of themselves; unverified."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None


class ChangeContact(AboutContact, frozen=True, kw_only=True):
    """What an agent knows of somebody: claims, unverified like a visitor's; `withdrawn` no longer stand.

    `attributes`: a JSON object, null removes one.
    """

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    withdrawn: tuple[Claim, ...] = ()
    attributes: str | None = None


class NoteContact(AboutContact, frozen=True, kw_only=True):
    """A note on the person, for agents."""

    text: str


class BlockContact(AboutContact, frozen=True, kw_only=True):
    """`until` None: for good. Whoever is joined with them is blocked too."""

    reason: str
    until: datetime | None = None


class UnblockContact(AboutContact, frozen=True, kw_only=True):
    pass


class EraseContact(AboutContact, frozen=True, kw_only=True):
    """The caller destroys the keys of all that `ContactErased` names, once this is durable.

    A person who was joined out of several contacts has a key for each: what was said before a merge is sealed
    under the older one. So all of them are erased, whichever of them is named.
    """

    reason: str


async def introduce_contact(work: Work, command: IntroduceContact) -> None:
    if work.actor.role == "visitor" and command.contact_id != work.actor.by.id:
        raise NotFound
    contact = await work.load(Contact, command.contact_id)
    if work.actor.role == "visitor":
        contact.refuse_blocked(work.stamp.at)
    contact.meet(work.stamp, work.actor.tenant_id)
    contact.introduce(work.stamp, command.name, command.email, command.phone)


async def change_contact(work: Work, command: ChangeContact) -> None:
    contact = await _whole(work, command.contact_id)
    contact.introduce(work.stamp, command.name, command.email, command.phone, command.withdrawn)
    if command.attributes is not None:
        contact.set_attributes(work.stamp, await masked_values(work, _attributes(command.attributes)))


async def note_contact(work: Work, command: NoteContact) -> None:
    contact = await _whole(work, command.contact_id)
    contact.note(work.stamp, work.new_id(), await masked(work, command.text))


async def block_contact(work: Work, command: BlockContact) -> None:
    for contact in await family(work, command.contact_id):
        contact.refuse_erased()
        contact.block(work.stamp, command.reason, command.until)


async def unblock_contact(work: Work, command: UnblockContact) -> None:
    for contact in await family(work, command.contact_id):
        contact.unblock(work.stamp)


async def erase_contact(work: Work, command: EraseContact) -> None:
    for contact in await family(work, command.contact_id):
        contact.erase(work.stamp, command.reason)


async def refuse_blocked(work: Work) -> None:
    """A visitor who is blocked does nothing; everybody else passes. Raises VisitorBlocked.

    The contact is looked up in this process's cache, so a busy conversation asks the log once in 5 s at most.
    """
    if work.actor.role != "visitor":
        return
    try:
        contact = await work.look_up(Contact, work.actor.by.id)
    except NotFound:  # nobody has met them yet, so nobody has blocked them
        return
    contact.refuse_blocked(work.stamp.at)


async def family(work: Work, contact_id: UUID) -> list[Contact]:
    """Every contact that is this person, the one that survives first. Raises NotFound."""
    first = await root(work, await work.get(Contact, contact_id))
    found, waiting = [first], sorted(first.absorbed)
    while waiting:
        contact = await work.get(Contact, waiting.pop())
        found.append(contact)
        waiting.extend(sorted(contact.absorbed))
    return found


async def root(work: Work, contact: Contact) -> Contact:
    """The contact that survives of all that were joined with this one."""
    while contact.merged_into is not None:
        contact = await work.get(Contact, contact.merged_into)
    return contact


async def _whole(work: Work, contact_id: UUID) -> Contact:
    """A contact that stands for itself. Raises NotFound, ContactIsMerged, ContactIsErased."""
    contact = await work.get(Contact, contact_id)
    contact.refuse_erased()
    contact.refuse_merged()
    return contact


def _attributes(text: str) -> dict[str, AttributeValue]:
    try:
        return msgspec.json.decode(text, type=dict[str, AttributeValue])
    except msgspec.MsgspecError:
        raise Invalid("attributes is an object of plain values.") from None


HANDLERS: Handlers = {
    IntroduceContact: introduce_contact,
    ChangeContact: change_contact,
    NoteContact: note_contact,
    BlockContact: block_contact,
    UnblockContact: unblock_contact,
    EraseContact: erase_contact,
}
