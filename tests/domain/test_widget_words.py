"""Every language we speak says everything."""

from __future__ import annotations

import pytest

from domain.widget_words import BUILT_IN, ENGLISH


@pytest.mark.parametrize("locale", BUILT_IN)
def test_a_built_in_language_has_every_text(locale: str) -> None:
    assert set(ENGLISH) - set(BUILT_IN[locale]) <= {"launcher", "openChat"}  # a sign, and Chat in all four
    assert set(BUILT_IN[locale]) <= set(ENGLISH)
