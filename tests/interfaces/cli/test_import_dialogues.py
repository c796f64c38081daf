"""`verbatim import-dialogues` beside a running product; what an import leaves is tests/journeys' matter."""

from __future__ import annotations

import gzip
from pathlib import Path

import httpx
import msgspec
import pytest

from tests.interfaces.cli.conftest import Command, Dev
from tests.interfaces.cli.shops import opened
from tests.support.processes import ROOT, access_token

SAMPLE = ROOT / "tests" / "journeys" / "dialogues_sample.jsonl"


def test_the_demo_gets_the_dialogues_and_its_assistant_keeps_out_of_them(command: Command, dev: Dev) -> None:
    place = ("--data-dir", str(dev.data_dir))
    assert (
        command("import-dialogues", str(SAMPLE), *place).out == "5 conversations, 18 turns, 0 of them were there\n"
    )
    answer = httpx.get(
        f"{dev.demo.url}/api/v1/events?limit=1000",
        headers={"Authorization": f"Bearer {access_token(dev.demo)}"},
        timeout=10,
    )
    events = answer.json()["data"]
    imported = {one["stream"] for one in events if str(one["data"].get("session_id")).startswith("dialogue-")}
    types = [one["type"] for one in events if one["stream"] in imported]
    assert len(imported) == 5
    assert types.count("conversation.message_posted.1") == 18
    assert not [one for one in types if "assistant" in one or "handed_over" in one]
    again = command("import-dialogues", str(SAMPLE), "--json", *place)
    assert msgspec.json.decode(again.out) == {"conversations": 5, "turns": 18, "replayed": 18}


def test_a_packed_file_and_a_limit(command: Command, installed: str, tmp_path: Path) -> None:
    opened(installed)
    packed = tmp_path / "dialogues.jsonl.gz"
    packed.write_bytes(gzip.compress(SAMPLE.read_bytes()))
    outcome = command("import-dialogues", str(packed), "--limit", "2", "--json")
    assert msgspec.json.decode(outcome.out) == {"conversations": 2, "turns": 9, "replayed": 0}


@pytest.mark.parametrize(
    "content", [b"{}", b"not json", b'{"id": "1", "turns": [["bot", "Hi"]]}', gzip.compress(b"{}", mtime=0)[:-4]]
)
def test_what_is_no_file_of_dialogues_is_refused(
    command: Command, installed: str, tmp_path: Path, content: bytes
) -> None:
    opened(installed)
    file = tmp_path / ("x.jsonl.gz" if content[:2] == b"\x1f\x8b" else "x.jsonl")
    file.write_bytes(content)
    outcome = command("import-dialogues", str(file))
    assert (outcome.code, outcome.out) == (2, "")
    assert "is not a file of dialogues" in outcome.err
