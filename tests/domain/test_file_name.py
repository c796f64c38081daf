"""A stranger's file name is made harmless and says what the file is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.file import CONTENT_TYPES
from domain.file_name import ENDINGS, ending, plain_name, typed_name
from domain.refusals import UnsupportedFile
from domain.values import NAME_LENGTH, is_storable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.pdf", "a.pdf"),
        ("Rechnung März 🎉.pdf", "Rechnung März 🎉.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.pdf", "a.pdf"),
        ("/", "file"),
        ("..", "file"),
        ("", "file"),
        ("a\x00b\r\nX: y\x7f.pdf", "ab X_ y.pdf"),
        ("in\u202egnp.exe", "ingnp.exe"),
        ("a\u200b\ufeff\u2066b.pdf", "ab.pdf"),
        ("\ud800a.pdf", "a.pdf"),
        (' a  "b" <c>|?*.pdf . ', "a _b_ _c____.pdf"),
        ("x" * 4000 + ".pdf", "x" * 196 + ".pdf"),
        ("e\u0301.pdf", "\u00e9.pdf"),
    ],
)
def test_a_name_is_harmless(text: str, expected: str) -> None:
    assert plain_name(text) == expected


@given(st.text(max_size=400), st.sampled_from(CONTENT_TYPES))
def test_any_name_is_storable_short_and_without_a_path(text: str, content_type: str) -> None:
    try:
        name = typed_name(text, content_type)
    except UnsupportedFile:
        name = plain_name(text)
    assert 1 <= len(name) <= NAME_LENGTH
    assert is_storable(name)
    assert name == name.strip()
    assert not set(name) & set('/\\"\r\n\0\u202e')
    assert plain_name(name) == name


@pytest.mark.parametrize(
    ("text", "content_type", "expected"),
    [
        ("a.PDF", "application/pdf", "a.PDF"),
        ("image", "image/png", "image.png"),
        ("photo.jpeg", "image/jpeg", "photo.jpeg"),
        ("x" * 300, "text/plain", "x" * 190 + ".txt"),
        ("page.html.png", "image/png", "page.html.png"),
    ],
)
def test_a_name_says_what_the_file_is(text: str, content_type: str, expected: str) -> None:
    assert typed_name(text, content_type) == expected


@pytest.mark.parametrize(
    ("text", "content_type"),
    [("a.png.html", "image/png"), ("a.exe", "text/plain"), ("a.svg", "image/png"), ("a.jpg", "image/png")],
)
def test_a_name_that_says_something_else_is_refused(text: str, content_type: str) -> None:
    with pytest.raises(UnsupportedFile):
        typed_name(text, content_type)


def test_every_accepted_type_has_an_ending_and_no_two_share_one() -> None:
    assert set(ENDINGS) == set(CONTENT_TYPES)
    every = [one for endings in ENDINGS.values() for one in endings]
    assert len(every) == len(set(every))
    assert ending("A.CSV") == "csv"
    assert ending("none") == ""
