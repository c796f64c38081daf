"""Contact: a person who talks to the tenant, at first unknown. The data subject of what they say."""

from __future__ import annotations

from domain.kernel import Aggregate, Event, PersonalEvent, Stamp
from domain.personal import Personal
from domain.values import email_address, required


class ContactMet(Event, frozen=True, kw_only=True):
    TYPE = "contact.met.1"

    tenant_id: int

    def create(self) -> Aggregate:
        return Contact(self.originator_id)


class ContactIntroduced(PersonalEvent, frozen=True, kw_only=True):
    """What a visitor says of themselves: a claim, not verified."""

    TYPE = "contact.introduced.1"

    name: Personal | None = None
    email: Personal | None = None

    def apply(self, aggregate: Contact) -> None:
        aggregate.name = self.name if self.name is not None else aggregate.name
        aggregate.email = self.email if self.email is not None else aggregate.email


class ContactErased(Event, frozen=True, kw_only=True):
    """The key of this person is destroyed; nothing they said or were can be read again."""

    TYPE = "contact.erased.1"

    reason: str

    def apply(self, aggregate: Contact) -> None:
        aggregate.is_erased = True
        aggregate.name = aggregate.email = None


class Contact(Aggregate):
    KIND = "contact"

    name: Personal | None = None
    email: Personal | None = None
    is_erased = False

    def meet(self, stamp: Stamp, tenant_id: int) -> None:
        """First contact; meeting again changes nothing."""
        if not self.exists:
            self.record(ContactMet, stamp, tenant_id=tenant_id)

    def introduce(self, stamp: Stamp, name: str | None = None, email: str | None = None) -> None:
        """Unverified name and e-mail address; repeating what is known changes nothing. Raises Invalid."""
        new_name = required("name", name) if name else None
        new_email = email_address(email) if email else None
        if new_name in (None, self.name) and new_email in (None, self.email):
            return
        self.record(ContactIntroduced, stamp, subject_id=self.id, name=new_name, email=new_email)

    def erase(self, stamp: Stamp, reason: str) -> None:
        """Erasing twice changes nothing. Whoever commits this destroys the key right after."""
        if self.exists and not self.is_erased:
            self.record(ContactErased, stamp, reason=required("reason", reason))


EVENTS: tuple[type[Event], ...] = (ContactMet, ContactIntroduced, ContactErased)
