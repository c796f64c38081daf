"""Commands about webhooks: each does it, refuses it, stays quiet."""

from __future__ import annotations

from uuid import UUID

import msgspec
import pytest

from application.actor import Actor, system
from application.api_key import IssueApiKey
from application.webhook import (
    AboutWebhook,
    ChangeWebhook,
    CreateWebhook,
    PauseWebhook,
    RedeliverWebhook,
    RemoveWebhook,
    ResumeWebhook,
    RewindWebhook,
    RotateWebhookSecret,
    SuspendWebhook,
    TryWebhook,
)
from domain.kernel import By
from domain.refusals import Forbidden, Invalid, NotFound, ScopeMissing
from domain.webhook import Subscription
from tests.support.house import ADMIN, TENANT, House, agent

NOWHERE = UUID(int=1)
CREATE = CreateWebhook(subscription=Subscription("https://shop.test/hook", ("message:new",)))
SYSTEM = system(TENANT)

QUIET: list[tuple[AboutWebhook, str]] = [
    (ChangeWebhook(webhook_id=NOWHERE, description="x"), "webhook.changed.1"),
    (PauseWebhook(webhook_id=NOWHERE), "webhook.paused.1"),
    (SuspendWebhook(webhook_id=NOWHERE, reason="gone"), "webhook.paused.1"),
    (RemoveWebhook(webhook_id=NOWHERE), "webhook.removed.1"),
]
"""Done twice they change nothing."""
ACTS: list[tuple[AboutWebhook, str]] = [
    (RotateWebhookSecret(webhook_id=NOWHERE, grace_seconds=60), "webhook.secret_rotated.1"),
    (RewindWebhook(webhook_id=NOWHERE, to_seq=1), "webhook.rewound.1"),
    (TryWebhook(webhook_id=NOWHERE), "webhook.test_requested.1"),
    (RedeliverWebhook(webhook_id=NOWHERE, delivery_id=NOWHERE), "webhook.redelivery_requested.1"),
]
"""Each time is another time; a repeat under one key is not."""


@pytest.fixture
def house() -> House:
    return House()


async def made(house: House) -> UUID:
    return (await house.do(ADMIN, CREATE)).events[0].originator_id


def about(command: AboutWebhook, webhook_id: UUID) -> AboutWebhook:
    return msgspec.structs.replace(command, webhook_id=webhook_id)


@pytest.mark.parametrize(("command", "type"), QUIET, ids=lambda one: type(one).__name__)
async def test_it_is_done_once(house: House, command: AboutWebhook, type: str) -> None:
    wanted = about(command, await made(house))
    assert [event.TYPE for event in (await house.do(SYSTEM, wanted)).events] == [type]
    assert (await house.do(SYSTEM, wanted)).events == ()


@pytest.mark.parametrize(("command", "type"), ACTS, ids=lambda one: type(one).__name__)
async def test_it_is_done_each_time_and_once_per_key(house: House, command: AboutWebhook, type: str) -> None:
    wanted = about(command, await made(house))
    for key in ("a", "b"):
        first, again = [await house.do(ADMIN, wanted, key) for _ in range(2)]
        assert [event.TYPE for event in first.events] == [type]
        assert (again.replayed, again.events) == (True, first.events)


async def test_resuming_what_runs_changes_nothing(house: House) -> None:
    webhook = await made(house)
    resume = ResumeWebhook(webhook_id=webhook)
    assert (await house.do(ADMIN, resume)).events == ()
    await house.do(ADMIN, PauseWebhook(webhook_id=webhook))
    assert [event.TYPE for event in (await house.do(ADMIN, resume)).events] == ["webhook.resumed.1"]


@pytest.mark.parametrize("command", [one for one, _ in (*QUIET, *ACTS)], ids=lambda one: type(one).__name__)
async def test_it_is_refused_to_strangers_and_for_what_is_not_there(house: House, command: AboutWebhook) -> None:
    with pytest.raises(NotFound):
        await house.do(SYSTEM, command)
    wanted = about(command, await made(house))
    with pytest.raises(NotFound):
        await house.do(system(TENANT + 1), wanted)
    for actor in (agent(), agent(role="supervisor")):
        with pytest.raises(Forbidden):
            await house.do(actor, wanted)
    if not isinstance(command, RemoveWebhook):
        await house.do(ADMIN, RemoveWebhook(webhook_id=wanted.webhook_id))
        with pytest.raises(NotFound):
            await house.do(SYSTEM, wanted)


@pytest.mark.parametrize("events", [("no:such",), ("message:new", "nothing.*"), ("conversation.ended.9",)])
async def test_names_that_nothing_has_are_refused(house: House, events: tuple[str, ...]) -> None:
    with pytest.raises(Invalid):
        await house.do(ADMIN, CreateWebhook(subscription=Subscription("https://shop.test", events)))


@pytest.mark.parametrize(
    ("scopes", "event", "is_let"),
    [
        (("webhooks:manage", "conversations:read"), "message:new", True),
        (("webhooks:manage", "events:read"), "conversation.*", True),
        (("webhooks:manage", "events:read"), "message:new", False),
        (("webhooks:manage", "conversations:read"), "*", False),
        (("conversations:read",), "message:new", False),
    ],
)
async def test_a_key_asks_for_what_it_may_read(
    house: House, scopes: tuple[str, ...], event: str, is_let: bool
) -> None:
    actor = Actor(TENANT, By("integration", UUID(int=2)), "admin", frozenset(scopes))
    command = CreateWebhook(subscription=Subscription("https://shop.test", (event,)))
    if is_let:
        assert (await house.do(actor, command)).events
        return
    with pytest.raises(ScopeMissing):
        await house.do(actor, command)


async def test_no_key_suspends_a_webhook(house: House) -> None:
    every = frozenset(["webhooks:manage", "events:read"])
    actor = Actor(TENANT, By("integration", UUID(int=2)), "admin", every)
    with pytest.raises(Forbidden):
        await house.do(actor, SuspendWebhook(webhook_id=await made(house), reason="gone"))
    with pytest.raises(ScopeMissing):
        await house.do(actor, IssueApiKey(name="x", scopes=("webhooks:manage",)))


@pytest.mark.parametrize("seconds", [-1, 7 * 24 * 3600 + 1])
async def test_a_grace_has_bounds(house: House, seconds: int) -> None:
    with pytest.raises(Invalid):
        await house.do(ADMIN, RotateWebhookSecret(webhook_id=await made(house), grace_seconds=seconds))
