"""Commands about a contact."""

from __future__ import annotations

from uuid import UUID

from application.command import Command, Handlers
from application.work import Work
from domain.contact import Contact
from domain.refusals import NotFound


class IntroduceContact(Command, frozen=True, kw_only=True):
    """What a visitor says of themselves; unverified."""

    contact_id: UUID
    name: str | None = None
    email: str | None = None

    @property
    def turn(self) -> UUID:
        return self.contact_id


class EraseContact(Command, frozen=True, kw_only=True):
    """The caller destroys the contact's key once this is durable."""

    contact_id: UUID
    reason: str

    @property
    def turn(self) -> UUID:
        return self.contact_id


async def introduce_contact(work: Work, command: IntroduceContact) -> None:
    if work.actor.role == "visitor" and command.contact_id != work.actor.by.id:
        raise NotFound
    contact = await work.load(Contact, command.contact_id)
    contact.meet(work.stamp, work.actor.tenant_id)
    contact.introduce(work.stamp, command.name, command.email)


async def erase_contact(work: Work, command: EraseContact) -> None:
    contact = await work.get(Contact, command.contact_id)
    contact.erase(work.stamp, command.reason)


HANDLERS: Handlers = {IntroduceContact: introduce_contact, EraseContact: erase_contact}
