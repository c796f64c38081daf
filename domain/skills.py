"""Skills: what an agent can do, and what a conversation or a team's queue asks for. Words of the tenant's own.

A conversation asks by its labels: `skill:german` asks for `german`. So whatever labels, asks; and undoes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from domain.refusals import Invalid
from domain.values import required

SkillRule = Literal["prefer", "need"]
"""`prefer`: who has the skills comes first, but nobody waits for them. `need`: nobody else is assigned."""
LABEL = "skill:"
MOST_SKILLS = 50
SKILL_LENGTH = 44
"""With LABEL before it, it is a label."""


def skills_of(names: Iterable[str]) -> tuple[str, ...]:
    """Lower case, trimmed, 1 to 44 characters, each once, in order of the alphabet; 50 at most. Raises Invalid."""
    found = tuple(sorted({required("skill", name, SKILL_LENGTH).lower() for name in names}))
    if len(found) > MOST_SKILLS:
        raise Invalid(f"There are at most {MOST_SKILLS} skills.")
    return found


def asked_by(labels: Iterable[str]) -> tuple[str, ...]:
    """The skills that these labels ask for, in order of the alphabet."""
    named = {label.removeprefix(LABEL).strip() for label in labels if label.startswith(LABEL)}
    return tuple(sorted(named - {""}))
