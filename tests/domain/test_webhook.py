"""A webhook's decisions: what is valid, what is quiet, which secrets sign."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from domain.refusals import Invalid
from domain.webhook import FRAMES, Subscription, Webhook, covers, subscription_content
from interfaces.ws.frames import DURABLE
from tests.support.stamps import NEW_YEAR, stamp, types

ONE, TWO, THREE = (UUID(int=number) for number in (1, 2, 3))
WANTED = Subscription("https://shop.test/hook", ("message:new",))


def webhook() -> Webhook:
    made = Webhook(UUID(int=9))
    made.open(stamp(), 7, WANTED, ONE)
    made.collect_events()
    return made


def test_each_change_is_recorded_once() -> None:
    made = webhook()
    for _ in range(2):
        made.change(stamp(), Subscription("https://shop.test/other", ("message:new",)))
        made.pause(stamp(), "failing")
        made.pause(stamp(), "asked")
    assert made.state.paused == "failing"
    for _ in range(2):
        made.resume(stamp())
        made.remove(stamp())
    assert types(made) == ["webhook.changed.1", "webhook.paused.1", "webhook.resumed.1", "webhook.removed.1"]


def test_two_secrets_sign_until_the_grace_is_over_and_a_third_pushes_the_oldest_out() -> None:
    made = webhook()
    made.rotate_secret(stamp(), TWO, NEW_YEAR + timedelta(hours=1))
    assert made.state.signing_at(NEW_YEAR) == (TWO, ONE)
    assert made.state.signing_at(NEW_YEAR + timedelta(hours=1)) == (TWO,)
    made.rotate_secret(stamp(), THREE, NEW_YEAR + timedelta(hours=1))
    assert made.state.signing_at(NEW_YEAR) == (THREE, TWO)


def test_a_rewind_knows_the_version_that_asked_for_it() -> None:
    made = webhook()
    made.rewind(stamp(), 5)
    assert (made.state.rewound_to, made.state.rewound_at) == (5, 2)
    with pytest.raises(Invalid):
        made.rewind(stamp(), 0)


@pytest.mark.parametrize(
    ("pattern", "name", "is_covered"),
    [
        ("message:new", "message:new", True),
        ("conversation:*", "conversation:new", True),
        ("conversation.*", "conversation.ended.1", True),
        ("conversation.*", "conversation:new", False),
        ("conversation*", "conversation:new", False),
        ("*", "contact.erased.1", True),
        ("*", "message:new", False),
        ("message", "message:new", False),
    ],
)
def test_a_pattern_covers_names_of_its_own_kind(pattern: str, name: str, is_covered: bool) -> None:
    assert covers(pattern, name) is is_covered


def test_every_durable_frame_can_be_asked_for() -> None:
    assert {frame.__struct_config__.tag for frame in DURABLE} <= set(FRAMES)


@pytest.mark.parametrize(
    "url",
    ["", "shop.test", "ftp://shop.test", "https://", "https://a:b@shop.test", "https://shop.test/#x",
     "https://shop.test:0/", "https://shop.test:99999/", "https://[::1/", "https://shöp.test/", "https://a b/"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        subscription_content(Subscription(url, ("message:new",)))


@pytest.mark.parametrize("events", [(), ("a*b",), ("x",) * 51, (" ",)])
def test_names_that_cannot_be_are_refused(events: tuple[str, ...]) -> None:
    with pytest.raises(Invalid):
        subscription_content(Subscription("https://shop.test", events))
