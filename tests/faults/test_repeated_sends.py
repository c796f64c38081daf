"""Ten client processes send the same messages through two api processes: each is stored once, all are told alike.

`python -m benchmarks.repeats` does it with a thousand keys.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.repeats import send_repeatedly
from infrastructure.embedded.nats import NatsServer
from tests.support.two_apis import two_apis

PROCESSES, KEYS = 10, 60


@pytest.mark.timeout(120)
async def test_what_ten_processes_send_under_the_same_keys_is_stored_once(
    built_url: str, nats_server: NatsServer, tmp_path: Path
) -> None:
    async with two_apis(built_url, nats_server.url, tmp_path, visitor_rate="off") as apis:
        sends = await send_repeatedly(apis, built_url, PROCESSES, KEYS)
    print(sends)
    assert (sends.answers, sends.stored, sends.alike) == (PROCESSES * KEYS, KEYS, KEYS)
    assert sends.first == KEYS
