"""The tools that hold the laws: lint, form, types, imports. Each is a test, so `make test` is the whole gate."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent

TOOLS = {
    "ruff check": ("ruff", "check", "."),
    "ruff format": ("ruff", "format", "--check", "."),
    "import-linter": ("lint-imports", "--no-logo", "--no-cache"),
    "pyright": ("basedpyright", "--level", "error"),
}


LONGEST = 420
"""Seconds; the types of everything take two minutes beside the other tests of a small machine."""


@pytest.mark.timeout(LONGEST + 30)
@pytest.mark.parametrize("name", TOOLS)
def test_the_tool_has_nothing_to_say(name: str) -> None:
    program, *arguments = TOOLS[name]
    run = subprocess.run(
        [BIN / program, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=LONGEST, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
