"""A visitor looks around the shop: the agents see them there, unless they said that they do not want it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import msgspec
import pytest
from playwright.sync_api import Browser, Page

from tests.journeys.conftest import EXPECT_MILLISECONDS

if TYPE_CHECKING:
    from tests.journeys.conftest import RunningProduct, Screen

pytestmark = pytest.mark.timeout(300)
REFUSAL = "Object.defineProperty(navigator, 'doNotTrack', { value: '1' })"


def test_agents_see_where_a_visitor_is_and_whoever_refuses_is_only_counted(
    product: RunningProduct, visitor: Screen, browser: Browser
) -> None:
    refusing = browser.new_context(base_url=product.url)
    refusing.add_init_script(REFUSAL)
    bodies = [reported(page) for page in (refusing.new_page(), visitor.page)]
    refusing.close()
    assert [body["consent"] for body in bodies] == [False, True]
    assert set(bodies[0]["events"][0]) == {"event", "eventId", "timestamp"}
    with httpx.Client(base_url=product.url, headers=member(product), timeout=5) as http:
        here = http.get("/api/v1/chat/visitors/online").json()
        assert here["total"] == 1
        assert here["data"][0]["page"]["url"] == f"{product.url}/demo"
        with visitor.page.expect_response("**/track") as told:
            visitor.page.get_by_role("button", name="Chat").click()
        assert told.value.json() == {"success": True}
        trail = http.get(f"/api/v1/chat/visitors/{here['data'][0]['id']}/timeline").json()["data"]
    assert [one.get("event", one["type"]) for one in trail] == ["widget_opened", "page"]


def reported(page: Page) -> dict[str, Any]:
    """What the widget says when the shop is opened, once it was taken."""
    with page.expect_response("**/track", timeout=EXPECT_MILLISECONDS) as told:
        page.goto("/demo")
    assert told.value.ok
    return msgspec.json.decode(told.value.request.post_data or "")


def member(product: RunningProduct) -> dict[str, str]:
    user = product.users_of("agent")[0]
    login = {"email": user.email, "password": user.password}
    answer = httpx.post(f"{product.url}/api/v1/auth/login", json=login, timeout=5)
    return {"Authorization": f"Bearer {answer.json()['accessToken']}"}
