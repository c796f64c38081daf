"""Chunks: cut where a reader would pause, the same every time, with their headings and a hash."""

from __future__ import annotations

from uuid import UUID

import pytest

from projections.chunks import LENGTH, LONGEST, OVERLAP, chunks, passages

ID = UUID(int=1)
BODY = """Intro.

# Returns

Within 30 days.

## By mail

Print the label.

# Refunds
We pay back."""


@pytest.mark.parametrize(
    "body",
    [
        "One.",
        "One.\n\nTwo.",
        "Word " * 2_000,
        "x" * 5_000,
        "A sentence. " * 500,
        "Line\n" * 400,
        " \n\n a \n\n\n b",
    ],
)
def test_passages_lose_no_word_and_are_short_enough_to_quote(body: str) -> None:
    cut = passages(body)
    assert "".join(cut).replace(" ", "").replace("\n", "") == body.replace(" ", "").replace("\n", "")
    assert all(0 < len(passage) <= LONGEST for passage in cut)


def test_short_paragraphs_stay_together() -> None:
    assert passages("One.\n\nTwo.") == ["One.\n\nTwo."]


def test_a_chunk_knows_the_headings_above_it() -> None:
    found = [(chunk.path, chunk.text) for chunk in chunks(ID, "Help", BODY)]
    assert found == [
        ((), "Intro."),
        (("Returns",), "Within 30 days."),
        (("Returns", "By mail"), "Print the label."),
        (("Refunds",), "We pay back."),
    ]


def test_the_same_body_makes_the_same_chunks() -> None:
    assert chunks(ID, "Help", BODY) == chunks(ID, "Help", BODY)


def test_what_is_put_before_a_text_changes_neither_its_id_nor_its_hash() -> None:
    before = {chunk.text: (chunk.id, chunk.hash) for chunk in chunks(ID, "Help", BODY)}
    after = {chunk.text: (chunk.id, chunk.hash) for chunk in chunks(ID, "Help", "# News\n\nNone.\n\n" + BODY[8:])}
    assert after["We pay back."] == before["We pay back."]


def test_a_text_that_stands_twice_has_two_ids_and_one_hash() -> None:
    first, second = chunks(ID, "Help", "# A\n\nSame.\n\n# A\n\nSame.")
    assert first.id != second.id
    assert first.hash == second.hash


def test_another_title_is_another_hash() -> None:
    assert chunks(ID, "Help", "One.")[0].hash != chunks(ID, "Hilfe", "One.")[0].hash


def test_a_chunk_begins_with_the_last_sentence_of_the_one_before() -> None:
    body = " ".join(f"This is sentence number {number}." for number in range(60))
    first, second, *_ = chunks(ID, "Help", body)
    assert second.text[: second.overlap].strip() == first.text.rsplit(". ", 1)[1]
    assert all(len(chunk.text) <= LENGTH + OVERLAP + 1 for chunk in chunks(ID, "Help", body))


def test_headings_alone_are_a_text_too() -> None:
    assert [chunk.text for chunk in chunks(ID, "Help", "# Call us")] == ["# Call us"]
