"""The docs say what the code does."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from infrastructure.settings import setting_descriptions
from interfaces.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]


def generated() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.documents()


@pytest.mark.parametrize("name", ["events.md", "events.schema.json", "settings.md"])
def test_generated_pages_are_up_to_date(name: str) -> None:
    assert (ROOT / "docs" / name).read_text() == generated()[name], "run `make docs`"


def test_every_setting_is_described() -> None:
    assert all(text.strip() for text in setting_descriptions().values())


def test_every_command_is_in_the_operations_page() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    assert not [name for name in COMMANDS if f"verbatim {name}" not in text]


def test_every_page_is_reached_from_the_readme_and_every_link_leads_somewhere() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    linked: set[Path] = set()
    for page in pages:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
            if not target.startswith(("http://", "https://", "mailto:")):
                file = (page.parent / target).resolve()
                assert file.exists(), f"{page.name} links to {target}"
                linked.add(file)
    assert not [page for page in pages[1:] if page.resolve() not in linked]
