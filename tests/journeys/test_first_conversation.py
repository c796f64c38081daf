"""The first conversation, as two people live it: one in the shop, one at the agents' desk."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import FrameLocator, Locator, Page, Route, expect

if TYPE_CHECKING:
    from tests.journeys.conftest import RunningProduct, Screen, User

Picture = Callable[[Page, str], object]

QUESTION = "How do I wash a wool blanket?"
GREETING = "Good morning, this is Ada. Which blanket is it?"
ORDER = "The green one, order LL-20417."
NOTE = "Bought last winter, still under warranty."

KNOWN = "() => Object.values({...localStorage}).some((kept) => kept.includes('vt_'))"
"""The browser knows who its visitor is."""

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=15_000)


@pytest.fixture
def picture(tmp_path: Path) -> Picture:
    """Keeps what a page looks like, to look at when the journey fails."""
    return lambda page, name: page.screenshot(path=tmp_path / f"{name}.png")


def test_a_visitor_is_answered_by_the_assistant_then_by_an_agent_and_a_reload_loses_nothing(
    product: RunningProduct, visitor: Screen, agent: Screen, picture: Picture
) -> None:
    chat = open_chat(visitor.page)
    write(chat, QUESTION)
    answer = chat.locator("#log .from-assistant .bubble")
    expect(answer).to_contain_text("wool")
    expect(chat.locator("#log .from-assistant")).to_contain_text("Based on")
    picture(visitor.page, "assistant-answered")

    log_in(agent.page, product.users_of("agent")[0])
    chat.get_by_role("button", name="Talk to a human").click()
    expect(chat.get_by_text("Waiting for a person")).to_be_visible()
    take(agent.page, answer.inner_text())
    expect(chat.get_by_text("joined")).to_be_visible()
    picture(agent.page, "accepted")

    reply(agent.page, GREETING)
    expect(chat.locator(".from-agent .bubble")).to_have_text(GREETING)
    write(chat, ORDER)
    expect(transcript(agent.page).locator(".from-visitor .bubble").last).to_have_text(ORDER)
    picture(agent.page, "answered")

    said = [QUESTION, answer.inner_text(), GREETING, ORDER]
    visitor.page.reload()
    agent.page.reload()
    expect(open_chat(visitor.page, load=False).locator("#log .bubble")).to_have_text(said)
    expect(transcript(agent.page).locator(".bubble")).to_have_text(said)
    picture(visitor.page, "visitor-reloaded")
    picture(agent.page, "agent-reloaded")


def test_a_note_stays_with_the_team_and_an_end_is_seen_by_both(
    product: RunningProduct, visitor: Screen, agent: Screen, picture: Picture
) -> None:
    chat = handed_over(product, visitor, agent)

    agent.page.get_by_role("button", name="Private note").click()
    reply(agent.page, NOTE)
    expect(transcript(agent.page).locator(".is-note .bubble")).to_have_text(NOTE)
    agent.page.get_by_role("button", name="Reply", exact=True).click()
    reply(agent.page, "/bye")
    expect(chat.locator(".from-agent .bubble")).to_contain_text("Glad I could help")
    agent.page.get_by_role("button", name="End", exact=True).click()

    expect(transcript(agent.page)).to_contain_text("Conversation ended")
    expect(chat.locator("#log")).to_contain_text("Conversation ended")
    expect(chat.get_by_role("button", name="Start a new conversation")).to_be_visible()
    expect(chat.get_by_text(NOTE)).to_have_count(0)
    picture(agent.page, "ended")


def test_what_the_agent_who_has_it_looks_at_is_read_on_every_screen(
    product: RunningProduct, visitor: Screen, agent: Screen
) -> None:
    chat = handed_over(product, visitor, agent)
    write(chat, ORDER)
    expect(transcript(agent.page).locator(".bubble").last).to_have_text(ORDER)
    row = agent.page.locator(".row[aria-current=true]")
    expect(row).to_contain_text(ORDER)
    expect(row.locator(".badge")).to_have_count(0)
    agent.page.reload()
    expect(row).to_contain_text(ORDER)
    expect(row.locator(".badge")).to_have_count(0)


def test_a_message_that_cannot_leave_is_kept_and_sent_once_on_retry(visitor: Screen, picture: Picture) -> None:
    chat = open_chat(visitor.page)
    write(chat, QUESTION)
    expect(chat.locator("#log .from-assistant")).to_be_visible()
    visitor.page.context.set_offline(True)
    write(chat, ORDER)
    expect(chat.get_by_text(re.compile("Not sent"))).to_be_visible()
    picture(visitor.page, "not-sent")

    visitor.page.context.set_offline(False)
    chat.get_by_role("button", name="Try again").click()
    expect(chat.get_by_text(re.compile("Not sent"))).to_have_count(0)
    expect(chat.locator(".from-visitor .bubble")).to_have_text([QUESTION, ORDER])


def test_a_first_answer_lost_on_the_way_is_found_again_after_a_reload(visitor: Screen, picture: Picture) -> None:
    visitor.page.route("**/api/widgets/*/chat", lose_the_answer)
    chat = open_chat(visitor.page)
    write(chat, QUESTION)
    expect(chat.get_by_text(re.compile("Not sent"))).to_be_visible()

    visitor.page.unroute("**/api/widgets/*/chat")
    visitor.page.reload()
    chat = open_chat(visitor.page, load=False)
    expect(chat.locator("#log .from-assistant .bubble")).to_contain_text("wool")
    expect(chat.locator(".from-visitor .bubble")).to_have_text([QUESTION])
    expect(chat.locator("#log .from-assistant")).to_have_count(1)
    picture(visitor.page, "found-again")


def test_who_only_looked_around_before_sees_their_first_words_and_the_answer(visitor: Screen) -> None:
    """Their socket is there before their conversation is: all of it comes by frames."""
    visitor.page.goto("/demo")
    visitor.page.wait_for_function(KNOWN)
    with visitor.page.expect_websocket(lambda socket: "/api/ws/chat" in socket.url) as opened:
        visitor.page.reload()
    opened.value.wait_for_event("framereceived", predicate=lambda frame: "checkpoint" in str(frame))
    chat = open_chat(visitor.page, load=False)
    write(chat, QUESTION)
    expect(chat.locator("#log .from-assistant .bubble")).to_contain_text("wool")
    expect(chat.locator(".from-visitor .bubble")).to_have_text([QUESTION])


def test_a_first_answer_lost_is_found_again_though_the_visit_was_reported_meanwhile(
    product: RunningProduct, visitor: Screen, agent: Screen, owner: httpx.Client, picture: Picture
) -> None:
    """What reported the page became somebody else than the one whose first words the server has."""
    begun = started(owner)
    visitor.page.route("**/api/widgets/*/track", lambda route: route.abort())
    visitor.page.route("**/api/widgets/*/chat", lose_the_answer)
    chat = open_chat(visitor.page)
    write(chat, QUESTION)
    expect(chat.get_by_text(re.compile("Not sent"))).to_be_visible()
    visitor.page.unroute("**/api/widgets/*/track")
    visitor.page.wait_for_function(KNOWN)

    visitor.page.unroute("**/api/widgets/*/chat")
    visitor.page.reload()
    chat = open_chat(visitor.page, load=False)
    answer = chat.locator("#log .from-assistant .bubble")
    expect(answer).to_contain_text("wool")
    expect(chat.locator(".from-visitor .bubble")).to_have_text([QUESTION])
    picture(visitor.page, "found-again-by-another")
    assert started(owner) == begun + 1

    log_in(agent.page, product.users_of("agent")[0])
    chat.get_by_role("button", name="Talk to a human").click()
    take(agent.page, answer.inner_text())
    reply(agent.page, GREETING)
    expect(chat.locator(".from-agent .bubble")).to_have_text(GREETING)


def test_only_people_who_answer_get_to_the_desk(product: RunningProduct, agent: Screen) -> None:
    page = agent.page
    page.goto("/agent")
    auditor, agent_of_it = product.users_of("auditor")[0], product.users_of("agent")[0]
    fill_door(page, auditor.email, auditor.password)
    expect(page.get_by_text("This page is for people who answer")).to_be_visible()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    fill_door(page, agent_of_it.email, "wrong")
    expect(page.get_by_role("alert").filter(has_text="password is wrong")).to_be_visible()


def started(owner: httpx.Client) -> int:
    """How many conversations began ever."""
    number, after, is_more = 0, 0, True
    while is_more:
        page = owner.get("/api/v1/events", params={"after": after, "limit": 500}).json()
        number += sum(event["type"].startswith("conversation.started") for event in page["data"])
        after, is_more = page["next"], bool(page["data"])
    return number


def lose_the_answer(route: Route) -> None:
    """The server does what it is asked; the browser never hears of it."""
    route.fetch()
    route.abort()


def open_chat(page: Page, *, load: bool = True) -> FrameLocator:
    if load:
        page.goto("/demo")
    page.get_by_role("button", name="Chat").click()
    chat = page.frame_locator("iframe[title=Chat]")
    expect(chat.get_by_label("Your message")).to_be_focused()
    return chat


def handed_over(product: RunningProduct, visitor: Screen, agent: Screen) -> FrameLocator:
    """The assistant answered, the visitor asked for a human, and an agent took it."""
    chat = open_chat(visitor.page)
    write(chat, QUESTION)
    expect(chat.locator("#log .from-assistant")).to_be_visible()
    log_in(agent.page, product.users_of("agent")[0])
    chat.get_by_role("button", name="Talk to a human").click()
    take(agent.page, chat.locator("#log .from-assistant .bubble").inner_text())
    return chat


def write(chat: FrameLocator, text: str) -> None:
    field = chat.get_by_label("Your message")
    field.fill(text)
    field.press("Enter")


def log_in(page: Page, user: User) -> None:
    page.goto("/agent")
    fill_door(page, user.email, user.password)
    expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()


def fill_door(page: Page, email: str, password: str) -> None:
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def take(page: Page, words: str) -> None:
    """Accepts the queued conversation whose last words these are."""
    start = " ".join(words.split())[:40]
    page.get_by_role("link").filter(has_text="In the queue").filter(has_text=start).first.click()
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_role("button", name=re.compile("^Mine"))).to_have_attribute("aria-pressed", "true")


def reply(page: Page, text: str) -> None:
    """A text that begins with a slash picks the first canned response it finds."""
    field = page.get_by_label("Your words")
    field.fill(text)
    if text.startswith("/"):
        page.get_by_role("option").filter(has_text=text).click()
    field.press("Enter")


def transcript(page: Page) -> Locator:
    return page.get_by_role("log", name="Messages")
