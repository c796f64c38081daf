"""A colleague is asked for a word: mentioned in a note, told at once, joins in and leaves again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.test_first_conversation import log_in, transcript

if TYPE_CHECKING:
    from pathlib import Path

    from tests.journeys.conftest import RunningProduct, Screen

pytestmark = pytest.mark.timeout(600)

QUESTION = "Is the green blanket back next week?"


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=15_000)


@pytest.fixture
def colleague(browser: Browser, product: RunningProduct) -> Iterator[Page]:
    """A second agent's window."""
    context = browser.new_context(base_url=product.url, viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()


@pytest.fixture
def chat(product: RunningProduct, owner: httpx.Client) -> str:
    """A visitor waits in the queue; there is a team to be mentioned."""
    owner.post("/api/v1/teams", json={"name": "Stock room"}).raise_for_status()
    site = {"Authorization": f"Bearer {product.widget_token}"}
    body = {"text": QUESTION, "name": "Mira"}
    answer = owner.post("/api/v1/chat/conversations", json=body, headers=site).raise_for_status().json()
    return answer["conversation"]["id"]


def test_a_colleague_is_mentioned_by_keyboard_told_at_once_and_takes_part(
    product: RunningProduct, agent: Screen, colleague: Page, chat: str, tmp_path: Path
) -> None:
    ada, ben = product.users_of("agent")[:2]
    log_in(agent.page, ada)
    log_in(colleague, ben)
    mentions = colleague.get_by_role("button", name=re.compile("^Mentions"))
    expect(mentions).to_have_text("Mentions 0")

    agent.page.goto(f"/agent#{chat}")
    mention_by_keyboard(agent.page, tmp_path)
    note = transcript(agent.page).locator(".is-note .mention")
    expect(note).to_have_text(["@Ben Agent", "@Stock room"])
    taking_part = agent.page.get_by_role("list", name="Taking part")
    expect(taking_part).to_contain_text("Ben Agent")
    agent.page.screenshot(path=tmp_path / "noted.png")

    expect(mentions).to_have_text("Mentions 1 unread")
    mentions.click()
    colleague.screenshot(path=tmp_path / "told.png")
    colleague.get_by_role("list", name="Notes that mention you").get_by_role("link").click()
    expect(transcript(colleague).locator(".mention.is-me")).to_have_text("@Ben Agent")
    expect(mentions).to_have_text("Mentions 0")

    colleague.get_by_role("button", name="Leave this conversation").click()
    expect(taking_part).not_to_contain_text("Ben Agent")
    colleague.get_by_role("button", name="Join this conversation").click()
    expect(taking_part).to_contain_text("Ben Agent")
    colleague.screenshot(path=tmp_path / "joined.png")
    colleague.set_viewport_size({"width": 420, "height": 800})
    colleague.screenshot(path=tmp_path / "narrow.png")


def mention_by_keyboard(page: Page, pictures: Path) -> None:
    page.get_by_role("button", name="Private note").click()
    field = page.get_by_label("Your words")
    field.press_sequentially("@be")
    option = page.get_by_role("listbox", name="Agents and teams").get_by_role("option", selected=True)
    expect(option).to_contain_text("@Ben Agent")
    expect(field).to_have_attribute("aria-activedescendant", option.get_attribute("id") or "")
    page.screenshot(path=pictures / "picking.png")
    field.press("Enter")
    expect(field).to_have_value("@Ben Agent ")
    field.press_sequentially("and @st")
    field.press("ArrowDown")
    field.press("Tab")
    expect(field).to_have_value("@Ben Agent and @Stock room ")
    field.press_sequentially("do you know?")
    field.press("Enter")
