"""A slow assistant's words are seen while it writes them; its message takes their place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import FrameLocator, expect

from tests.support.slow_speaker import SlowSpeaker, running_slow_speaker

if TYPE_CHECKING:
    from tests.journeys.conftest import Screen

pytestmark = pytest.mark.timeout(300)
PIECES = ("You can return ", "it within 30 days 🙂, ", "unworn.")
WHOLE = "".join(PIECES)


@pytest.fixture(scope="module")
def speaker() -> Iterator[SlowSpeaker]:
    with running_slow_speaker(*PIECES) as running:
        yield running


@pytest.fixture(scope="module")
def product_settings(speaker: SlowSpeaker) -> dict[str, str]:
    return {
        "VERBATIM_MODEL_URL": speaker.url,
        "VERBATIM_MODEL_KEY": "a key",
        "VERBATIM_MODEL_NAME": "slow",
    }


def test_words_are_shown_as_they_come_and_the_message_replaces_them(
    visitor: Screen, speaker: SlowSpeaker, tmp_path: Path
) -> None:
    expect.set_options(timeout=15_000)
    visitor.page.emulate_media(reduced_motion="reduce")
    visitor.page.goto("/demo")
    visitor.page.get_by_role("button", name="Chat").click()
    chat = visitor.page.frame_locator("iframe[title=Chat]")
    for number in (1, 2):  # the first answer comes by the request itself, the second by the socket
        ask(chat, f"How do I return a blanket, part {number}?")
        speaker.go_on()
        draft = chat.locator("#draft")
        expect(draft).to_have_text(PIECES[0].strip())
        speaker.go_on()
        expect(draft).to_have_text("".join(PIECES[:2]).strip())
        visitor.page.screenshot(path=tmp_path / f"words-{number}.png")
        heard_is_not_seen(chat, answers=number - 1)
        speaker.go_on()
        expect(chat.locator("#log .from-assistant .bubble")).to_have_text([WHOLE] * number)
        expect(draft).to_be_hidden()
        expect(chat.locator("#log .from-assistant").last).to_have_class("message from-assistant starts was-draft")
    visitor.page.screenshot(path=tmp_path / "answered.png")


def ask(chat: FrameLocator, text: str) -> None:
    field = chat.get_by_label("Your message")
    field.fill(text)
    field.press("Enter")


def heard_is_not_seen(chat: FrameLocator, answers: int) -> None:
    """A screen reader hears that somebody is thinking, and no half sentence."""
    expect(chat.locator("#draft")).to_have_attribute("aria-hidden", "true")
    expect(chat.get_by_role("status").filter(has_text="thinking")).to_have_count(1)
    expect(chat.get_by_role("log").locator(".from-assistant")).to_have_count(answers)
