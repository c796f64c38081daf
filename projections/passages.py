"""Passages: an article's body cut where a reader would pause, short enough to be quoted in a chat."""

from __future__ import annotations

import re
from collections.abc import Iterator

LENGTH = 600
"""Characters a passage is filled up to; a single sentence may be longer."""
LONGEST = 1_200

_PARAGRAPH = re.compile(r"\n\s*\n")
_SENTENCE = re.compile(r"(?<=[.!?…])\s+|\n")


def passages(body: str) -> list[str]:
    """Whole paragraphs together while they fit, long ones by sentences. Nothing is left out or said twice."""
    paragraphs = [part.strip() for part in _PARAGRAPH.split(body) if part.strip()]
    return _filled((piece for part in paragraphs for piece in _pieces(part)), "\n\n")


def _pieces(paragraph: str) -> list[str]:
    if len(paragraph) <= LENGTH:
        return [paragraph]
    sentences = (part.strip() for part in _SENTENCE.split(paragraph) if part.strip())
    return _filled((piece for sentence in sentences for piece in _cut(sentence)), " ")


def _cut(sentence: str) -> Iterator[str]:
    """What has no sentence's end is cut between words, or anywhere."""
    while len(sentence) > LONGEST:
        at = sentence.rfind(" ", 0, LONGEST)
        at = at if at > 0 else LONGEST
        yield sentence[:at].strip()
        sentence = sentence[at:].strip()
    if sentence:
        yield sentence


def _filled(pieces: Iterator[str], glue: str) -> list[str]:
    """Neighbours joined while the whole stays within LENGTH."""
    filled: list[str] = []
    for piece in pieces:
        if filled and len(filled[-1]) + len(glue) + len(piece) <= LENGTH:
            filled[-1] += glue + piece
        else:
            filled.append(piece)
    return filled
