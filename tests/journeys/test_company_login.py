"""A company login in a browser: from the administrator's link to the desk, by keyboard; what is said if not."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.support.openid_provider import CLIENT, SECRET, OpenIdProvider, openid_provider

if TYPE_CHECKING:
    from tests.journeys.conftest import RunningProduct, Screen

pytestmark = pytest.mark.timeout(600)
BUTTON = "Sign in with your company account"


@pytest.fixture(scope="module")
def product_settings() -> dict[str, str]:
    """The provider of this test is on this machine, without TLS."""
    return {"VERBATIM_PRIVATE_ISSUERS": "true"}


@pytest.fixture
def provider() -> Iterator[OpenIdProvider]:
    """In a thread of its own: this one belongs to the browser."""
    loop, stop, begun = asyncio.new_event_loop(), asyncio.Event(), threading.Event()
    serving: list[OpenIdProvider] = []

    async def serve() -> None:
        async with openid_provider() as opened:
            serving.append(opened)
            begun.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert begun.wait(10)
        yield serving[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


def test_somebody_comes_in_by_the_link_and_the_keyboard(
    product: RunningProduct,
    browser: Browser,
    owner: httpx.Client,
    agent: Screen,
    provider: OpenIdProvider,
    tmp_path: Path,
) -> None:
    terms = {
        "issuer": provider.issuer,
        "clientId": CLIENT,
        "clientSecret": SECRET,
        "domains": ["shop.test"],
        "newcomers": {"role": "agent"},
    }
    answer = owner.put("/api/v1/auth/oidc", json=terms)
    assert answer.status_code == 200, answer.text
    page = agent.page
    page.goto(answer.json()["loginUrl"])
    way_in = page.get_by_role("button", name=BUTTON)
    expect(way_in).to_be_focused()
    page.screenshot(path=tmp_path / "door.png")
    page.keyboard.press("Enter")
    expect(page.locator("#me")).to_have_text("Anna Müller · agent")
    assert page.url == f"{product.url}/agent"
    assert page.evaluate("document.cookie") == ""
    page.screenshot(path=tmp_path / "desk.png")
    page.get_by_role("button", name="Log out").click()
    provider.changes = {"email": "anna@elsewhere.test"}
    way_in.click()
    expect(page.locator("#company-trouble")).to_have_text("This e-mail address may not log in here.")
    page.screenshot(path=tmp_path / "refused.png")


def test_without_a_link_the_workspace_is_asked_for(agent: Screen, product: RunningProduct, tmp_path: Path) -> None:
    page = agent.page
    page.goto("/agent")
    way_in = page.get_by_role("button", name=BUTTON)
    way_in.click()
    expect(page.get_by_label("Workspace")).to_be_focused()
    page.keyboard.type("tnt_12345")
    page.screenshot(path=tmp_path / "workspace.png")
    page.keyboard.press("Enter")
    expect(page.locator("#company-trouble")).to_have_text("There is no company login for this workspace.")
    expect(page.get_by_label("Workspace")).to_have_value("tnt_12345")
    page.set_viewport_size({"width": 360, "height": 640})
    page.screenshot(path=tmp_path / "narrow.png")
    box = way_in.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 360
