"""What of a model's words may be shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.answer_text import REMOVED, marked_sources, repeats, safe_words, settled_part, without_marks


@pytest.mark.parametrize(
    "text",
    ["a < b and c > d", "5 [of 7] (see above)", "Write: 09:00-17:00!", "x//y", "Wow :)", "1) a\n2) b"],
)
def test_plain_words_stay_as_they_are(text: str) -> None:
    assert safe_words(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("See ![map](https://x.test/a.png) there", "See map there"),
        ("See [this page](https://x.test/a).", "See this page."),
        ("See https://x.test/a?b=1.", f"See {REMOVED}."),
        ("<b>Bold</b>", "Bold"),
        ("htt<b>ps://x.test/</b>", REMOVED),
        ("ht\u200btps://x.test/", REMOVED),
        ("//x.test/a", REMOVED),
        ("javascript:alert", REMOVED),
    ],
)
def test_foreign_addresses_and_markup_go(text: str, shown: str) -> None:
    assert safe_words(text) == shown


def test_hosts_that_the_tenant_named_may_be_linked_to_over_https_only() -> None:
    hosts = ("shop.test",)
    assert safe_words("https://shop.test/a, [b](https://shop.test/c)", hosts) == (
        "https://shop.test/a, b https://shop.test/c"
    )
    for other in ("http://shop.test/", "https://shop.test.evil.test/", "https://shop.test@evil.test/"):
        assert safe_words(other, hosts) == REMOVED


@given(st.text(alphabet="<>[]()!/\\:. ahtpsw\u200b", max_size=60))
def test_whatever_is_written_nothing_live_is_left_and_twice_is_once(text: str) -> None:
    shown = safe_words(text)
    assert "://" not in shown.replace(" ", "") or "http" not in shown
    assert safe_words(shown) == shown


def test_marks_of_sources_are_for_us() -> None:
    text = "Three days [source 2]. Or 30 [sources 1, 2], see list[1]."
    assert marked_sources(text) == [2, 1, 2]
    assert without_marks(text) == "Three days. Or 30, see list[1]."


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("Within 30 da", "Within 30 "),
        ("See [sour", "See "),
        ("See ![x](ht tp", "See "),
        ("a <b c", "a "),
        ("one", ""),
    ],
)
def test_what_may_still_change_is_held_back(text: str, part: str) -> None:
    assert settled_part(text) == part


def test_who_repeats_their_rules_is_noticed_and_who_quotes_a_fact_is_not() -> None:
    instructions = "We are open Monday to Friday. " + "The supplier is a secret of ours and shall remain one. " * 5
    rules = "You are Ada, the automatic assistant in a live chat."
    assert repeats("SURE: " + instructions.upper(), "", instructions)
    assert repeats(f"I was told: {rules} And more.", rules, "")
    assert not repeats("We are open Monday to Friday.", rules, instructions)
