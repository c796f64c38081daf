"""Values are valid once made."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from domain.refusals import Invalid, MissingMessage
from domain.values import bounded, color, email_address, message_text, required

UNSTORABLE = ["a\x00b", "\ud800", "\udfff"]


@given(some.text(min_size=1).filter(str.strip).filter(lambda text: "\x00" not in text))
def test_a_message_is_never_changed(text: str) -> None:
    assert message_text(text) == text


@pytest.mark.parametrize("text", ["", " ", "\n\t\u3000"])
def test_a_message_needs_something_to_read(text: str) -> None:
    with pytest.raises(MissingMessage):
        message_text(text)


def test_a_message_has_at_most_ten_thousand_characters() -> None:
    assert message_text("😀" * 10_000)
    with pytest.raises(Invalid):
        message_text("x" * 10_001)


@pytest.mark.parametrize("text", UNSTORABLE)
def test_what_no_column_holds_is_refused(text: str) -> None:
    for make in (message_text, lambda text: bounded("x", text), lambda text: required("x", text)):
        with pytest.raises(Invalid):
            make(text)


def test_a_length_is_counted_as_given_and_named_in_the_refusal() -> None:
    assert bounded("title", "x" * 5, 5) == "xxxxx"
    with pytest.raises(Invalid, match="title is longer than 5 characters"):
        bounded("title", "x" * 6, 5)


def test_what_is_required_is_trimmed_and_not_empty() -> None:
    assert required("name", " Shop\n") == "Shop"
    with pytest.raises(Invalid, match="name is needed"):
        required("name", " \n")


def test_an_address_is_written_small() -> None:
    assert email_address(" Mia@Example.ORG ") == "mia@example.org"


@pytest.mark.parametrize(
    "text", ["", "mia", "@", "a@", "@b", "a b@c", "a@b@c", "x" * 65 + "@b", "a\x00@b", "a@b\nc"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        email_address(text)


@pytest.mark.parametrize("text", ["#3B82F6", "#000000", "#abcdef"])
def test_a_colour_is_six_hex_digits(text: str) -> None:
    assert color(text) == text


@pytest.mark.parametrize("text", ["", "red", "#fff", "3B82F6", "#3B82F6;", "#GGGGGG", "#3B82F6\n"])
def test_any_other_colour_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        color(text)
