"""The chat as its tenant set it up: look, language, the form before it, the rating after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

if TYPE_CHECKING:
    from tests.journeys.conftest import RunningProduct

Picture = Callable[[Page, str], object]
Change = Callable[..., None]

FORM = {
    "enabled": True,
    "intro": {"en": "So that we can answer you.", "de": "Damit wir antworten können."},
    "fields": [
        {"name": "email", "type": "email", "label": {"en": "E-mail", "de": "E-Mail"}, "required": True},
        {
            "name": "topic",
            "type": "select",
            "label": {"en": "Topic", "de": "Thema"},
            "options": [
                {"value": "order", "label": {"en": "My order", "de": "Meine Bestellung"}},
                {"value": "other"},
            ],
        },
        {"name": "terms", "type": "checkbox", "label": {"en": "I agree", "de": "Einverstanden"}, "required": True},
    ],
}

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def picture(tmp_path: Path) -> Picture:
    """Keeps what a page looks like, to look at when the journey fails."""
    return lambda page, name: page.screenshot(path=tmp_path / f"{name}.png")


@pytest.fixture
def change(product: RunningProduct, owner: httpx.Client) -> Change:
    def changed(**facts: Any) -> None:
        answer = owner.patch(f"/api/v1/widgets/{product.widget_id}", json=facts)
        assert answer.status_code == 200, answer.text
        seen = {"X-Min-Position": answer.headers["X-Event-Position"]}
        assert owner.get(f"/api/v1/widgets/{product.widget_id}", headers=seen).status_code == 200

    return changed


@pytest.fixture
def german(browser: Browser, product: RunningProduct) -> Iterator[Page]:
    context = browser.new_context(base_url=product.url, locale="de-DE", viewport={"width": 1100, "height": 800})
    context.set_default_timeout(15_000)
    page, errors = context.new_page(), list[str]()
    page.on("pageerror", lambda error: errors.append(error.stack or error.message))
    yield page
    context.close()
    assert errors == []


def test_a_german_visitor_fills_in_the_form_is_answered_and_rates(
    german: Page, change: Change, owner: httpx.Client, picture: Picture
) -> None:
    change(preChat=FORM, theme="dark", launcher="wave", texts={"de": {"greeting": "Moin!", "launcher": "Fragen?"}})
    chat = opened(german, "Chat")
    expect(chat.get_by_text("Moin!")).to_be_visible()
    expect(chat.get_by_role("heading", name="Bevor wir beginnen")).to_be_visible()
    expect(chat.get_by_label("Ihre Nachricht")).to_be_hidden()
    picture(german, "form")
    chat.get_by_label("E-Mail").fill("nobody")
    chat.get_by_role("button", name="Gespräch beginnen").click()
    expect(chat.get_by_label("E-Mail")).to_be_focused()
    expect(chat.get_by_text("Das wird gebraucht.")).to_be_visible()
    picture(german, "form-refused")
    chat.get_by_label("E-Mail").fill("mia@example.org")
    chat.get_by_label("Thema").select_option("order")
    chat.get_by_label("Einverstanden").check()
    chat.get_by_role("button", name="Gespräch beginnen").click()
    field = chat.get_by_label("Ihre Nachricht")
    expect(field).to_be_focused()
    field.fill("How do I wash a wool blanket?")
    field.press("Enter")
    expect(chat.locator("#log .from-assistant .bubble")).to_contain_text("wool")
    picture(german, "answered")

    row = owner.get("/api/v1/chat/agent/conversations").json()["data"][0]
    shown = owner.get(f"/api/v1/chat/conversations/{row['id']}").json()
    assert shown["attributes"] == {"email": "mia@example.org", "topic": "order", "terms": True}
    owner.post(f"/api/v1/chat/conversations/{row['id']}/end")
    chat.get_by_text("4", exact=True).click()
    chat.get_by_label("Möchten Sie etwas hinzufügen?").fill("Schnell.")
    picture(german, "rating")
    chat.get_by_role("button", name="Bewertung senden").click()
    expect(chat.get_by_text("Danke für Ihre Bewertung.")).to_be_visible()
    picture(german, "rated")
    assert owner.get(f"/api/v1/chat/conversations/{row['id']}").json()["rating"]["score"] == 4
    chat.get_by_role("button", name="Neues Gespräch beginnen").click()
    expect(chat.get_by_role("heading", name="Bevor wir beginnen")).to_be_visible()


def test_while_nobody_is_there_a_message_is_left(german: Page, change: Change, picture: Picture) -> None:
    offline = {"enabled": True, "fields": [FORM["fields"][0]]}  # pyright: ignore[reportIndexIssue]
    closed = {"timeZone": "UTC", "openings": []}
    change(preChat={"enabled": False}, offline=offline, hours=closed, theme="light", position="bottom-left")
    chat = opened(german, "Chat")
    expect(chat.get_by_text("Wir sind nicht da")).to_be_visible()
    expect(chat.get_by_role("heading", name="Schreiben Sie uns")).to_be_visible()
    picture(german, "offline")


def opened(page: Page, name: str) -> FrameLocator:
    page.goto("/demo")
    expect(page.locator("verbatim-chat[data-side]")).to_be_attached()
    page.get_by_role("button", name=name).click()
    return page.frame_locator("iframe[title=Chat]")
