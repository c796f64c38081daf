"""A campaign on a page: a bubble beside the closed chat, by mouse and by keyboard, and what is answered to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

if TYPE_CHECKING:
    from tests.journeys.conftest import RunningProduct

pytestmark = pytest.mark.timeout(600)
WORDS = "Unsure about the size? We answer within a minute."


@pytest.fixture
def visitor(product: RunningProduct, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="en-GB", viewport={"width": 1100, "height": 760})
    yield context.new_page()
    context.close()


def launched(owner: httpx.Client, **facts: Any) -> str:
    body = {
        "name": "Size",
        "kind": "ongoing",
        "texts": {"en": WORDS},
        "showing": {"pages": ["/demo*"], "seconds": 1},
    }
    id = owner.post("/api/v1/campaigns", json=body | facts).json()["id"]
    answer = owner.post(f"/api/v1/campaigns/{id}/launch")
    assert answer.status_code == 200, answer.text
    owner.get(f"/api/v1/campaigns/{id}", headers={"X-Min-Position": answer.headers["X-Event-Position"]})
    return id


def progress(owner: httpx.Client, id: str) -> dict[str, Any]:
    return owner.get(f"/api/v1/campaigns/{id}/progress").json()


def test_a_visitor_is_shown_it_takes_it_up_by_keyboard_and_answers(
    product: RunningProduct, owner: httpx.Client, visitor: Page, tmp_path: Path
) -> None:
    id = launched(owner)
    visitor.goto(f"{product.url}/demo")
    frame = visitor.frame_locator("verbatim-chat iframe")
    bubble = frame.get_by_role("status").filter(has_text="Unsure")
    expect(bubble).to_be_visible()
    expect(frame.locator(".chat")).to_be_hidden()
    visitor.wait_for_function("document.querySelector('verbatim-chat').style.getPropertyValue('--peek') > '6px'")
    visitor.screenshot(path=tmp_path / "bubble.png")
    box = visitor.locator("verbatim-chat iframe").bounding_box()
    assert box is not None
    assert box["height"] < 160
    frame.get_by_role("button", name=WORDS).focus()
    visitor.keyboard.press("Enter")
    expect(frame.locator(".chat")).to_be_visible()
    expect(frame.locator("#greeting")).to_have_text(WORDS)
    visitor.screenshot(path=tmp_path / "taken.png")
    frame.get_by_label("Your message").fill("I wear 42.")
    visitor.keyboard.press("Enter")
    expect(frame.locator("#log")).to_contain_text("I wear 42.")
    expect(frame.locator("#log")).to_contain_text(WORDS)
    visitor.screenshot(path=tmp_path / "answered.png")
    now = progress(owner, id)
    assert (now["shown"], now["seen"], now["conversations"]) == (1, 1, 1)
    owner.post(f"/api/v1/campaigns/{id}/cancel")


def test_whoever_closes_it_is_not_shown_it_again(
    product: RunningProduct, owner: httpx.Client, visitor: Page
) -> None:
    id = launched(owner)
    visitor.goto(f"{product.url}/demo")
    frame = visitor.frame_locator("verbatim-chat iframe")
    bubble = frame.get_by_role("status").filter(has_text="Unsure")
    expect(bubble).to_be_visible()
    frame.locator(".peek-close").press("Enter")
    expect(visitor.locator("verbatim-chat iframe")).to_be_hidden()
    with visitor.expect_response(
        lambda answer: "/api/widgets" in answer.url and "/campaigns" in answer.url
    ) as asked:
        visitor.reload()
    assert asked.value.json()["campaigns"] == []
    owner.post(f"/api/v1/campaigns/{id}/cancel")
