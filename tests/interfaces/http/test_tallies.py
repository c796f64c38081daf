"""What was counted without consent is shown by day and name, to the tenant it is of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.interfaces.http.desk import Desk, Shop

TALLIES = "/api/v1/tracking/tallies"


async def report(desk: Desk, shop: Shop, *events: str, consent: bool = False) -> None:
    body = {"sessionId": "s", "events": [{"event": one} for one in events], "consent": consent}
    answer = await desk.http.post(f"/api/widgets/{shop.widget}/track", json=body, headers=shop.site)
    assert answer.status_code == 200, answer.text


async def listed(desk: Desk, headers: dict[str, str], **query: Any) -> dict[str, Any]:
    answer = await desk.http.get(TALLIES, params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_names_are_counted_by_day_over_all_reports_and_turned_page_by_page(desk: Desk, shop: Shop) -> None:
    analyst, other = await shop.member("analyst"), await desk.shop(2)
    await report(desk, shop, "page_view", "widget_opened", "page_view")
    await report(desk, shop, "page_view")
    await report(desk, shop, "bought", consent=True)
    await report(desk, other, "page_view")
    today = datetime.now(UTC).date().isoformat()
    page_view = {"day": today, "event": "page_view", "count": 3}
    opened = {"day": today, "event": "widget_opened", "count": 1}
    assert await listed(desk, analyst) == {"data": [page_view, opened], "nextCursor": None}
    first = await listed(desk, analyst, limit=1)
    assert first["data"] == [page_view]
    rest = await listed(desk, analyst, limit=1, cursor=first["nextCursor"])
    assert rest == {"data": [opened], "nextCursor": None}
    assert (await listed(desk, await other.member()))["data"] == [page_view | {"count": 1}]


async def test_a_key_for_reports_may_read_it_and_another_may_not(desk: Desk, shop: Shop) -> None:
    admin = await shop.member("admin")
    for scope, status in (("reports:read", 200), ("contacts:read", 403)):
        made = await desk.http.post("/api/v1/api-keys", json={"name": "k", "scopes": [scope]}, headers=admin)
        answer = await desk.http.get(TALLIES, headers={"Authorization": f"Bearer {made.json()['key']}"})
        assert answer.status_code == status, answer.text


async def test_days_bound_it(desk: Desk, shop: Shop) -> None:
    agent = await shop.member()
    await report(desk, shop, "page_view")
    today = datetime.now(UTC).date()
    day = timedelta(days=1)
    for query, count in (
        ({"since": today - day, "until": today + day}, 1),
        ({"since": today + 2 * day}, 0),
        ({"until": today - 2 * day}, 0),
    ):
        assert len((await listed(desk, agent, **query))["data"]) == count


@pytest.mark.parametrize("query", [{"since": "yesterday"}, {"cursor": "x"}, {"limit": "0"}])
async def test_what_is_no_question_is_refused(desk: Desk, shop: Shop, query: dict[str, str]) -> None:
    assert (await desk.http.get(TALLIES, params=query, headers=await shop.member())).status_code == 400
