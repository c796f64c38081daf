"""Commands about webhooks: where a tenant is told what happens, and what of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from application.actor import Actor
from application.command import Command, Handlers
from application.work import Work
from domain.catalog import EVENT_TYPES
from domain.refusals import Conflict, Invalid, NotFound, ScopeMissing
from domain.webhook import FRAMES, Subscription, Webhook, covers

LONGEST_GRACE = 7 * 24 * 3600
"""Seconds that a secret may still sign beside its successor."""
MOST_WEBHOOKS = 50
"""Of a tenant; each has its own connections and its own place in the log."""


class TooManyWebhooks(Conflict):
    """Details: `limit`."""

    code = "too_many_webhooks"
    sentence = "There are as many webhooks as there may be. Remove one that is no longer needed."


class CreateWebhook(Command, frozen=True, kw_only=True):
    subscription: Subscription


class AboutWebhook(Command, frozen=True, kw_only=True):
    webhook_id: UUID

    @property
    def turn(self) -> UUID:
        return self.webhook_id


class ChangeWebhook(AboutWebhook, frozen=True, kw_only=True):
    """What is left out stays. `expected_version`: refuse if somebody else has changed it."""

    url: str | UnsetType = UNSET
    events: tuple[str, ...] | UnsetType = UNSET
    description: str | UnsetType = UNSET
    private_notes: bool | UnsetType = UNSET
    personal_data: bool | UnsetType = UNSET
    expected_version: int | None = None


class PauseWebhook(AboutWebhook, frozen=True, kw_only=True):
    pass


class SuspendWebhook(AboutWebhook, frozen=True, kw_only=True):
    """The product's own: the address has failed for days, or answered that it is gone."""

    reason: Literal["failing", "gone"]


class ResumeWebhook(AboutWebhook, frozen=True, kw_only=True):
    pass


class RotateWebhookSecret(AboutWebhook, frozen=True, kw_only=True):
    """`grace_seconds`: how long the secret before it signs too."""

    grace_seconds: int


class RewindWebhook(AboutWebhook, frozen=True, kw_only=True):
    """Deliver from this seq of the tenant on: what was before it again, or not what lies in between."""

    to_seq: int


class TryWebhook(AboutWebhook, frozen=True, kw_only=True):
    """Send something harmless, once, also where it is paused."""


class RedeliverWebhook(AboutWebhook, frozen=True, kw_only=True):
    delivery_id: UUID


class RemoveWebhook(AboutWebhook, frozen=True, kw_only=True):
    pass


async def create_webhook(work: Work, command: CreateWebhook) -> None:
    _expect_known(work.actor, command.subscription)
    webhook = work.create(Webhook)
    webhook.open(work.stamp, work.actor.tenant_id, command.subscription, work.new_id())


async def change_webhook(work: Work, command: ChangeWebhook) -> None:
    webhook = await _theirs(work, command)
    if command.expected_version not in (None, webhook.version):
        raise Conflict(expected=command.expected_version, version=webhook.version)
    given = {name: getattr(command, name) for name in Subscription.__struct_fields__}
    changes = {name: value for name, value in given.items() if value is not UNSET}
    wanted = msgspec.structs.replace(webhook.state.subscription, **changes)
    _expect_known(work.actor, wanted)
    webhook.change(work.stamp, wanted)


async def pause_webhook(work: Work, command: PauseWebhook) -> None:
    (await _theirs(work, command)).pause(work.stamp, "asked")


async def suspend_webhook(work: Work, command: SuspendWebhook) -> None:
    (await _theirs(work, command)).pause(work.stamp, command.reason)


async def resume_webhook(work: Work, command: ResumeWebhook) -> None:
    (await _theirs(work, command)).resume(work.stamp)


async def rotate_webhook_secret(work: Work, command: RotateWebhookSecret) -> None:
    webhook = await _theirs(work, command)
    if not 0 <= command.grace_seconds <= LONGEST_GRACE:
        raise Invalid(f"graceSeconds is 0 to {LONGEST_GRACE}.")
    until = work.stamp.at + timedelta(seconds=command.grace_seconds)
    webhook.rotate_secret(work.stamp, work.new_id(), until)


async def rewind_webhook(work: Work, command: RewindWebhook) -> None:
    (await _theirs(work, command)).rewind(work.stamp, command.to_seq)


async def try_webhook(work: Work, command: TryWebhook) -> None:
    (await _theirs(work, command)).ask_for_test(work.stamp, work.new_id())


async def redeliver_webhook(work: Work, command: RedeliverWebhook) -> None:
    (await _theirs(work, command)).ask_for_redelivery(work.stamp, command.delivery_id)


async def remove_webhook(work: Work, command: RemoveWebhook) -> None:
    (await work.get(Webhook, command.webhook_id)).remove(work.stamp)


async def _theirs(work: Work, command: AboutWebhook) -> Webhook:
    webhook = await work.get(Webhook, command.webhook_id)
    if webhook.state.is_removed:
        raise NotFound
    return webhook


def _expect_known(actor: Actor, wanted: Subscription) -> None:
    """Raises Invalid for names that nothing has, ScopeMissing where a key may not read itself what it asks for."""
    names = (*FRAMES, *EVENT_TYPES)
    for pattern in wanted.events:
        if not any(covers(pattern.strip(), name) for name in names):
            raise Invalid(f"There are no events called {pattern[:100]}.")
        needed = "conversations:read" if ":" in pattern else "events:read"
        if actor.scopes is not None and needed not in actor.scopes:
            raise ScopeMissing(scope=needed)


HANDLERS: Handlers = {
    CreateWebhook: create_webhook,
    ChangeWebhook: change_webhook,
    PauseWebhook: pause_webhook,
    SuspendWebhook: suspend_webhook,
    ResumeWebhook: resume_webhook,
    RotateWebhookSecret: rotate_webhook_secret,
    RewindWebhook: rewind_webhook,
    TryWebhook: try_webhook,
    RedeliverWebhook: redeliver_webhook,
    RemoveWebhook: remove_webhook,
}
