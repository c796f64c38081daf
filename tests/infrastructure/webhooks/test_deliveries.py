"""The delivery log is kept for thirty days; what still waits is kept for as long as it waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from infrastructure.webhooks import deliveries
from infrastructure.webhooks.deliveries import Deliveries
from tests.infrastructure.webhooks.scene import Scene

NOW = datetime(2026, 11, 21, tzinfo=UTC)
WEBHOOK = UUID(int=7)
DAY = timedelta(days=1)


async def log(scene: Scene, number: int, status: str, age: timedelta) -> None:
    async with scene.store.database.worker() as connection:
        await connection.execute(
            "INSERT INTO webhooks.delivery (tenant_id, webhook_id, delivery_id, seq, type, event_id, status, "
            "attempts, created_at) VALUES (1, %s, %s, %s, 'message:new', 'e', %s, 1, %s)",
            (WEBHOOK, UUID(int=number), number, status, NOW - age),
        )


async def left(scene: Scene) -> set[int]:
    page = await Deliveries(scene.store.database).page(1, WEBHOOK, None, 100)
    return {one.seq for one in page}


async def test_what_was_settled_thirty_days_ago_is_swept_and_what_waits_is_not(scene: Scene) -> None:
    for number, (status, age) in enumerate(
        [
            ("delivered", 31 * DAY),
            ("failed", 30 * DAY + timedelta(seconds=1)),
            ("waiting", 400 * DAY),
            ("delivered", 30 * DAY - timedelta(seconds=1)),
            ("failed", DAY),
        ],
        1,
    ):
        await log(scene, number, status, age)
    swept = Deliveries(scene.store.database)
    assert await swept.sweep(NOW) == 2
    assert await left(scene) == {3, 4, 5}
    assert await swept.sweep(NOW) == 0


async def test_many_are_swept_in_parts(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "SWEPT_AT_ONCE", 2)
    for number in range(1, 6):
        await log(scene, number, "failed", 31 * DAY)
    assert await Deliveries(scene.store.database).sweep(NOW) == 5
    assert await left(scene) == set()
