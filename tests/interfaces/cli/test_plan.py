"""`verbatim tenant plan`: shown and changed, one limit at a time."""

from __future__ import annotations

import msgspec

from tests.interfaces.cli.conftest import Command, Dev


def test_a_plan_is_shown_and_changed_one_limit_at_a_time(command: Command, dev: Dev) -> None:
    arguments = ("tenant", "plan", "--data-dir", str(dev.data_dir), "--json")

    def limits(*more: str) -> dict[str, int | None]:
        return {one["meter"]: one["limit"] for one in msgspec.json.decode(command(*arguments, *more).out)}

    unlimited = dict.fromkeys(("messages", "tokens", "voice_seconds", "storage_bytes", "campaigns"))
    assert limits() == unlimited
    assert limits("--messages", "100000", "--voice-seconds", "0")["messages"] == 100000
    assert limits("--tokens", "5") == unlimited | {"messages": 100000, "voice_seconds": 0, "tokens": 5}
    given = [part for name in ("messages", "tokens", "voice-seconds") for part in (f"--{name}", "unlimited")]
    assert limits(*given) == unlimited
    assert "messages" in command(*arguments[:-1]).out
    assert command(*arguments, "--messages", "-3").code == 2
