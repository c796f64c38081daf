"""The shared support guidelines, and what customers might ask about them."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from infrastructure.documents.json_pages import json_pages
from infrastructure.documents.pages import Page

SHARED = Path(os.environ.get("VERBATIM_TEST_SHARED", Path(__file__).parents[2].parent / "shared"))
"""Where what is shared between projects lies; none of it is in this repository."""
FILE = SHARED / "data" / "support-guidelines.json"
QUESTIONS = Path(__file__).parents[1] / "projections" / "knowledge_questions.json"


class Asked(msgspec.Struct, frozen=True):
    """`questions`: what is asked, and the subflow that answers it."""

    about: str
    questions: tuple[tuple[str, str], ...]


def read_guidelines() -> list[Page]:
    """One page per subflow, titled `Flow: Subflow`."""
    return json_pages(FILE.name, FILE.read_text())


def read_questions() -> tuple[tuple[str, str], ...]:
    return msgspec.json.decode(QUESTIONS.read_bytes(), type=Asked).questions
