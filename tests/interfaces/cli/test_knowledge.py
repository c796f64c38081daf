"""`verbatim knowledge import`: files become articles, once."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tests.interfaces.cli.conftest import Command
from tests.interfaces.cli.shops import opened


def test_files_are_imported_once_and_a_changed_one_again(command: Command, installed: str, tmp_path: Path) -> None:
    opened(installed)
    faq, hours = tmp_path / "faq.md", tmp_path / "hours.txt"
    faq.write_text("# One\n\n1\n\n# Two\n\n2")
    hours.write_text("We open at nine.")
    first = command("knowledge", "import", str(faq), str(hours))
    assert first.out == "3 articles created, 0 changed, 0 were there\n"
    hours.write_text("We open at ten.")
    again = command("knowledge", "import", str(faq), str(hours), "--json")
    assert msgspec.json.decode(again.out) == {"files": 2, "created": 0, "changed": 1, "unchanged": 2}


def test_a_file_that_cannot_be_read_is_named_and_nothing_is_imported(
    command: Command, installed: str, tmp_path: Path
) -> None:
    opened(installed)
    good, bad = tmp_path / "good.txt", tmp_path / "bad.txt"
    good.write_text("Fine.")
    bad.write_bytes(b"\xff\xfe")
    outcome = command("knowledge", "import", str(good), str(bad))
    assert (outcome.code, outcome.out) == (2, "")
    assert "bad.txt: The file is not text in UTF-8." in outcome.err
    bad.write_text("Fine too.")
    told = command("knowledge", "import", str(good), str(bad), "--json")
    assert msgspec.json.decode(told.out)["created"] == 2
