"""Contact: a person who talks to the tenant, at first unknown. The data subject of what they say."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from uuid import UUID

import msgspec

from domain import blocking, joining
from domain.attributes import AttributeValue, attributes_in, changed_by, changes
from domain.blocking import Blocked
from domain.claims import NAMES, Claim, Claims, claims
from domain.joining import Joined
from domain.kernel import Aggregate, Event, PersonalEvent, Stamp
from domain.personal import ERASED, Personal
from domain.values import message_text, required


class ContactMet(Event, frozen=True, kw_only=True):
    TYPE = "contact.met.1"

    tenant_id: int

    def create(self) -> Aggregate:
        return Contact(self.originator_id)


class ContactIntroduced(PersonalEvent, frozen=True, kw_only=True):
    """What a visitor says of themselves, or an agent of them: a claim, not verified.

    `withdrawn` are claims that no longer stand.
    """

    TYPE = "contact.introduced.1"

    name: Personal | None = None
    email: Personal | None = None
    phone: Personal | None = None
    withdrawn: tuple[Claim, ...] = ()

    def apply(self, aggregate: Contact) -> None:
        said = Claims(self.name, self.email, self.phone)
        aggregate.claimed = said.completed(aggregate.claimed.without(self.withdrawn))


class ContactVerified(PersonalEvent, frozen=True, kw_only=True):
    """What the tenant's own server signed of them. It stands beside their claims, and before them."""

    TYPE = "contact.verified.1"

    external_id: Personal
    name: Personal | None = None
    email: Personal | None = None
    phone: Personal | None = None

    def apply(self, aggregate: Contact) -> None:
        aggregate.external_id = self.external_id
        aggregate.verified = Claims(self.name, self.email, self.phone).completed(aggregate.verified)


class ContactAttributesChanged(PersonalEvent, frozen=True, kw_only=True):
    """`values`: a JSON object of the named attributes, null where one was removed."""

    TYPE = "contact.attributes_changed.1"

    names: tuple[str, ...]
    values: Personal

    def apply(self, aggregate: Contact) -> None:
        aggregate.attributes = changed_by(aggregate.attributes, attributes_in(self.names, self.values))


class ContactNoted(PersonalEvent, frozen=True, kw_only=True):
    """An agent's note on the person, not on one conversation; no visitor reads it."""

    TYPE = "contact.noted.1"

    note_id: UUID
    text: Personal


class ContactErased(Event, frozen=True, kw_only=True):
    """The key of this person is destroyed; nothing they said or were can be read again."""

    TYPE = "contact.erased.1"

    reason: str

    def apply(self, aggregate: Contact) -> None:
        aggregate.is_erased = True
        aggregate.claimed = aggregate.verified = Claims()
        aggregate.external_id = ERASED if aggregate.is_verified else None
        aggregate.attributes = MappingProxyType({})


class Contact(Joined, Blocked):
    """What is said of the person, verified or not; what it inherits joins and blocks them."""

    KIND = "contact"

    claimed = Claims()
    verified = Claims()
    external_id: Personal | None = None
    attributes: Mapping[str, AttributeValue] = MappingProxyType({})

    @property
    def name(self) -> Personal | None:
        """Verified, where it is; else as claimed."""
        return self.known.name

    @property
    def email(self) -> Personal | None:
        return self.known.email

    @property
    def known(self) -> Claims:
        """Verified claims, completed by the others."""
        return self.verified.completed(self.claimed)

    @property
    def is_verified(self) -> bool:
        """The tenant's server has signed who this is."""
        return self.external_id is not None

    def meet(self, stamp: Stamp, tenant_id: int) -> None:
        """First contact; meeting again changes nothing."""
        if not self.exists:
            self.record(ContactMet, stamp, tenant_id=tenant_id)

    def introduce(
        self,
        stamp: Stamp,
        name: str | None = None,
        email: str | None = None,
        phone: str | None = None,
        withdrawn: tuple[Claim, ...] = (),
    ) -> None:
        """Unverified claims, beside verified ones; repeating them changes nothing. Raises Invalid."""
        said = claims(name, email, phone)
        gone = self._claimed_among(withdrawn, said)
        if said.completed(self.claimed.without(gone)) == self.claimed:
            return
        self.record(ContactIntroduced, stamp, subject_id=self.id, withdrawn=gone, **msgspec.structs.asdict(said))

    def verify(self, stamp: Stamp, external_id: str, said: Claims) -> None:
        """`said` is what a signed identity says; what it leaves out stays verified. Raises Invalid."""
        known_as = required("sub", external_id)
        proven = claims(_text(said.name), _text(said.email), _text(said.phone))
        if self.external_id == known_as and proven.completed(self.verified) == self.verified:
            return
        facts = msgspec.structs.asdict(proven)
        self.record(ContactVerified, stamp, subject_id=self.id, external_id=known_as, **facts)

    def set_attributes(self, stamp: Stamp, values: Mapping[str, AttributeValue]) -> None:
        """Only what differs is recorded; None removes. Raises Invalid."""
        changed = changes(self.attributes, values)
        if changed:
            text = msgspec.json.encode(changed).decode()
            names = tuple(sorted(changed))
            self.record(ContactAttributesChanged, stamp, subject_id=self.id, names=names, values=text)

    def note(self, stamp: Stamp, note_id: UUID, text: str) -> None:
        """Raises Invalid."""
        self.record(ContactNoted, stamp, subject_id=self.id, note_id=note_id, text=message_text(text))

    def erase(self, stamp: Stamp, reason: str) -> None:
        """Erasing twice changes nothing. Whoever commits this destroys the key right after."""
        if self.exists and not self.is_erased:
            self.record(ContactErased, stamp, reason=required("reason", reason))

    def _claimed_among(self, names: tuple[Claim, ...], said: Claims) -> tuple[Claim, ...]:
        """Those of `names` that are claimed now and not said anew."""
        known = {one for one in NAMES if getattr(self.claimed, one) is not None and getattr(said, one) is None}
        return tuple(one for one in NAMES if one in names and one in known)


def _text(text: Personal | None) -> str | None:
    return text if isinstance(text, str) else None


EVENTS: tuple[type[Event], ...] = (
    ContactMet,
    ContactIntroduced,
    ContactVerified,
    ContactAttributesChanged,
    ContactNoted,
    ContactErased,
    *joining.EVENTS,
    *blocking.EVENTS,
)
