"""Webhook: an address of the tenant's own that is told what happens, signed, in order, at least once."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.kernel import NOWHERE, Aggregate, Event, Stamp
from domain.refusals import Invalid
from domain.values import bounded, required
from domain.web_address import web_address

URL_LENGTH = 2_000
MOST_PATTERNS = 50
DESCRIPTION_LENGTH = 500
FRAMES = (
    "conversation:new",
    "conversation:updated",
    "conversation:qualified",
    "message:new",
    "campaign:progress",
)
"""The names of the tenant socket's durable frames; names with a dot are types of docs/events.md."""

PauseReason = Literal["asked", "failing", "gone"]
"""By somebody; by us, after days without success; by the address itself, which answered 410."""


class Subscription(msgspec.Struct, frozen=True):
    """What is sent where. `events`: names, or beginnings of names with `*` behind.

    Without `private_notes` no note of the team leaves; without `personal_data` what people said and are is null.
    """

    url: str
    events: tuple[str, ...]
    description: str = ""
    private_notes: bool = False
    personal_data: bool = True

    def wants(self, name: str) -> bool:
        return any(covers(pattern, name) for pattern in self.events)


class SigningSecret(msgspec.Struct, frozen=True, omit_defaults=True):
    """The secret itself is elsewhere, sealed. `until`: when it stops to sign; None for the current one."""

    secret_id: UUID
    until: datetime | None = None


class WebhookState(msgspec.Struct, frozen=True, omit_defaults=True):
    """`rewound_to`: the first seq to be delivered since the rewind that is version `rewound_at`."""

    subscription: Subscription
    secrets: tuple[SigningSecret, ...]
    paused: PauseReason | None = None
    rewound_to: int = 0
    rewound_at: int = 0
    is_removed: bool = False

    @property
    def is_active(self) -> bool:
        return self.paused is None and not self.is_removed

    def signing_at(self, at: datetime) -> tuple[UUID, ...]:
        """The secrets that sign at this time, the current one first."""
        return tuple(one.secret_id for one in self.secrets if one.until is None or one.until > at)


class WebhookCreated(Event, frozen=True, kw_only=True):
    TYPE = "webhook.created.1"

    tenant_id: int
    subscription: Subscription
    secret_id: UUID

    def create(self) -> Aggregate:
        return Webhook(self.originator_id)

    def apply(self, aggregate: Webhook) -> None:
        aggregate.state = WebhookState(self.subscription, (SigningSecret(self.secret_id),))


class WebhookChanged(Event, frozen=True, kw_only=True):
    TYPE = "webhook.changed.1"

    subscription: Subscription

    def apply(self, aggregate: Webhook) -> None:
        aggregate.become(subscription=self.subscription)


class WebhookPaused(Event, frozen=True, kw_only=True):
    """What happens from here on waits in the log until the webhook is resumed."""

    TYPE = "webhook.paused.1"

    reason: PauseReason

    def apply(self, aggregate: Webhook) -> None:
        aggregate.become(paused=self.reason)


class WebhookResumed(Event, frozen=True, kw_only=True):
    TYPE = "webhook.resumed.1"

    def apply(self, aggregate: Webhook) -> None:
        aggregate.become(paused=None)


class WebhookSecretRotated(Event, frozen=True, kw_only=True):
    """Until `previous_until` both sign."""

    TYPE = "webhook.secret_rotated.1"

    secret_id: UUID
    previous_until: datetime

    def apply(self, aggregate: Webhook) -> None:
        previous = SigningSecret(aggregate.state.secrets[0].secret_id, self.previous_until)
        aggregate.become(secrets=(SigningSecret(self.secret_id), previous))


class WebhookRewound(Event, frozen=True, kw_only=True):
    """What is delivered next is the tenant's first event with this seq or a higher one."""

    TYPE = "webhook.rewound.1"

    to_seq: int

    def apply(self, aggregate: Webhook) -> None:
        aggregate.become(rewound_to=self.to_seq, rewound_at=self.originator_version)


class WebhookTestRequested(Event, frozen=True, kw_only=True):
    TYPE = "webhook.test_requested.1"

    delivery_id: UUID


class RedeliveryRequested(Event, frozen=True, kw_only=True):
    TYPE = "webhook.redelivery_requested.1"

    delivery_id: UUID


class WebhookRemoved(Event, frozen=True, kw_only=True):
    TYPE = "webhook.removed.1"

    def apply(self, aggregate: Webhook) -> None:
        aggregate.become(is_removed=True)


class Webhook(Aggregate):
    KIND = "webhook"

    state = WebhookState(Subscription("", ()), (SigningSecret(NOWHERE),))

    def become(self, **changes: object) -> None:
        self.state = msgspec.structs.replace(self.state, **changes)

    def open(self, stamp: Stamp, tenant_id: int, subscription: Subscription, secret_id: UUID) -> None:
        """Everything that happens after this is delivered. Raises Invalid."""
        valid = subscription_content(subscription)
        self.record(WebhookCreated, stamp, tenant_id=tenant_id, subscription=valid, secret_id=secret_id)

    def change(self, stamp: Stamp, subscription: Subscription) -> None:
        """From the next delivery on; the same again changes nothing. Raises Invalid."""
        valid = subscription_content(subscription)
        if valid != self.state.subscription:
            self.record(WebhookChanged, stamp, subscription=valid)

    def pause(self, stamp: Stamp, reason: PauseReason) -> None:
        if self.state.paused is None:
            self.record(WebhookPaused, stamp, reason=reason)

    def resume(self, stamp: Stamp) -> None:
        if self.state.paused is not None:
            self.record(WebhookResumed, stamp)

    def rotate_secret(self, stamp: Stamp, secret_id: UUID, previous_until: datetime) -> None:
        """Two at most are in force: the one before the previous one goes at once."""
        self.record(WebhookSecretRotated, stamp, secret_id=secret_id, previous_until=previous_until)

    def rewind(self, stamp: Stamp, to_seq: int) -> None:
        """Raises Invalid."""
        if to_seq < 1:
            raise Invalid("from is a seq: 1 or more.")
        self.record(WebhookRewound, stamp, to_seq=to_seq)

    def ask_for_test(self, stamp: Stamp, delivery_id: UUID) -> None:
        self.record(WebhookTestRequested, stamp, delivery_id=delivery_id)

    def ask_for_redelivery(self, stamp: Stamp, delivery_id: UUID) -> None:
        self.record(RedeliveryRequested, stamp, delivery_id=delivery_id)

    def remove(self, stamp: Stamp) -> None:
        """Removing twice changes nothing."""
        if not self.state.is_removed:
            self.record(WebhookRemoved, stamp)


def covers(pattern: str, name: str) -> bool:
    """`*` stands at the end only; alone it covers every type of the log, but no socket name."""
    if not pattern.endswith("*"):
        return pattern == name
    return name.startswith(pattern[:-1]) and (":" in pattern or ":" not in name)


def subscription_content(wanted: Subscription) -> Subscription:
    """The same, trimmed and in order. Raises Invalid."""
    if not 1 <= len(wanted.events) <= MOST_PATTERNS:
        raise Invalid(f"events names 1 to {MOST_PATTERNS} events.")
    names = tuple(sorted({required("events", one) for one in wanted.events}))
    if any("*" in name[:-1] for name in names):
        raise Invalid("In a name of an event * stands at its end.")
    return msgspec.structs.replace(
        wanted,
        url=_address(required("url", wanted.url, URL_LENGTH)),
        events=names,
        description=bounded("description", wanted.description, DESCRIPTION_LENGTH).strip(),
    )


def _address(text: str) -> str:
    if not text.isascii() or " " in text:
        raise Invalid("url is an https address without a login.")
    return web_address("url", text)


EVENTS: tuple[type[Event], ...] = (
    WebhookCreated,
    WebhookChanged,
    WebhookPaused,
    WebhookResumed,
    WebhookSecretRotated,
    WebhookRewound,
    WebhookTestRequested,
    RedeliveryRequested,
    WebhookRemoved,
)
