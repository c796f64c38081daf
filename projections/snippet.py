"""Snippets: the part of a text around what was searched for, with offsets instead of markup."""

from __future__ import annotations

from collections.abc import Sequence

OPEN, CLOSE = "\x02", "\x03"
"""What PostgreSQL puts around a match. A text that holds them is highlighted nowhere."""
LENGTH = 240
"""Characters of a snippet, ellipses not counted."""
LEAD = 60
"""Characters before the first match, where the text is longer than a snippet."""

Span = tuple[int, int]
"""Start, and end behind the last character. Counted in Unicode code points."""


def spans_of(marked: str, text: str) -> tuple[Span, ...]:
    """Where `text` is marked, given it with marks; empty where `marked` is not the same length without them."""
    if len(marked) - marked.count(OPEN) - marked.count(CLOSE) != len(text):
        return ()
    spans: list[Span] = []
    at = 0
    for place, piece in enumerate(marked.split(OPEN)):
        match, closed, rest = piece.partition(CLOSE)
        if place and closed:
            spans.append((at, at + len(match)))
        at += len(match) + len(rest)
    return tuple(spans)


def snippet(text: str, spans: Sequence[Span]) -> tuple[str, tuple[Span, ...]]:
    """A short text whole; of a longer one what is around the first match, with … where it is cut."""
    if len(text) <= LENGTH:
        return text, tuple(spans)
    start = max(0, min((spans[0][0] if spans else 0) - LEAD, len(text) - LENGTH))
    start = _after_space(text, start)
    end = min(len(text), start + LENGTH)
    before, after = "…" if start else "", "…" if end < len(text) else ""
    inside = [(begin, stop) for begin, stop in spans if begin >= start and stop <= end]
    shift = len(before) - start
    return before + text[start:end] + after, tuple((begin + shift, stop + shift) for begin, stop in inside)


def _after_space(text: str, start: int) -> int:
    """The next beginning of a word, if one is near."""
    if start == 0 or text[start - 1].isspace():
        return start
    space = text.find(" ", start, start + LEAD // 2)
    return start if space < 0 else space + 1
