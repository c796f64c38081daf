"""What a widget may know of itself."""

from __future__ import annotations

import pytest

from domain.ids import wire
from interfaces.http.headers import POSITION
from tests.interfaces.http.desk import Desk, Shop

B = "/api/v1/chat/widget/config"


async def test_the_config_is_as_the_seed_prints(desk: Desk, shop: Shop) -> None:
    await desk.fold()
    answer = await desk.http.get(f"/api/widgets/{shop.widget}/config", headers=shop.site)
    assert answer.status_code == 200
    assert shop.assistant_id is not None
    assert answer.json() == {
        "success": True,
        "config": {
            "name": "Your Company",
            "assistantId": wire("assistant", shop.assistant_id),
            "widget": {
                "primaryColor": "#3B82F6",
                "position": "bottom-right",
                "greeting": "Hello! How can we help?",
            },
            "branding": {"logo": "https://shop.test/logo.png"},
        },
    }
    assert answer.headers[POSITION] == str(await shop.head())
    for path in (f"/api/widgets/{shop.tenant}/config", B, f"{B}?widgetId={shop.widget}"):
        assert (await desk.http.get(path, headers=shop.site)).json() == answer.json()


async def test_what_a_browser_has_is_not_sent_again(desk: Desk, shop: Shop) -> None:
    await desk.fold()
    first = await desk.http.get(B, headers=shop.site)
    again = await desk.http.get(B, headers=shop.site | {"If-None-Match": f'W/"x", {first.headers["ETag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    other = await desk.http.get(B, headers=shop.site | {"If-None-Match": '"x"'})
    assert other.status_code == 200


async def test_a_site_that_the_widget_does_not_name_is_refused(desk: Desk) -> None:
    shop = await desk.shop(origins=("https://shop.test",))
    await desk.fold()
    for origin, status in (
        ("https://shop.test", 200),
        ("http://verbatim.test", 200),
        ("https://evil.test", 401),
        ("null", 401),
    ):
        assert (await desk.http.get(B, headers=shop.site | {"Origin": origin})).status_code == status
    assert (await desk.http.get(B, headers=shop.site)).status_code == 200


@pytest.mark.parametrize("path", ["wid_" + "0" * 32, "tnt_999", "nonsense", "tnt_", "wid_"])
async def test_another_widgets_path_is_not_found(desk: Desk, shop: Shop, path: str) -> None:
    answer = await desk.http.get(f"/api/widgets/{path}/config", headers=shop.site)
    assert (answer.status_code, answer.json()["success"]) == (404, False)
