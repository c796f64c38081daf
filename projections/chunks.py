"""Chunks: an article cut where a reader would pause, each short enough to be quoted in a chat."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from uuid import UUID, uuid5

import msgspec

LENGTH = 600
"""Characters a chunk is filled up to; a single sentence may be longer."""
LONGEST = 1_200
OVERLAP = 120
"""Characters of the sentence before, at most, that a chunk begins with."""

_HEADING = re.compile(r"(#{1,6})\s+(\S.*)")
_PARAGRAPH = re.compile(r"\n\s*\n")
_SENTENCE = re.compile(r"(?<=[.!?…。！？])\s+|\n")


class Chunk(msgspec.Struct, frozen=True):
    """`path`: the headings above it, the outermost first. The first `overlap` characters are the end of the
    chunk before. `hash` (SHA-256) is over what is looked for: title, path and text."""

    id: UUID
    part: int
    path: tuple[str, ...]
    text: str
    overlap: int
    hash: bytes


class Section(msgspec.Struct, frozen=True):
    """What stands below one heading, before the next one."""

    path: tuple[str, ...]
    text: str


def chunks(article_id: UUID, title: str, body: str) -> list[Chunk]:
    """In reading order, `part` from 1. The same text of the same article has the same id, wherever it stands."""
    made: list[Chunk] = []
    seen: dict[bytes, int] = {}
    for section in list(sections(body)) or [Section((), body)]:
        for text, overlap in _overlapping(passages(section.text)):
            digest = sha256("\0".join([title, *section.path, text]).encode()).digest()
            seen[digest] = seen.get(digest, 0) + 1
            id = uuid5(article_id, f"{digest.hex()}/{seen[digest]}")
            made.append(Chunk(id, len(made) + 1, section.path, text, overlap, digest))
    return made


def sections(body: str) -> Iterator[Section]:
    """A line of one to six `#` and words is a heading; a heading without text below it says nothing by itself."""
    above: list[tuple[int, str]] = []
    lines: list[str] = []
    for line in body.split("\n"):
        heading = _HEADING.fullmatch(line.strip())
        if heading is None:
            lines.append(line)
            continue
        yield from _section(above, lines)
        level = len(heading[1])
        above, lines = [*(one for one in above if one[0] < level), (level, heading[2])], []
    yield from _section(above, lines)


def passages(text: str) -> list[str]:
    """Whole paragraphs together while they fit, long ones by sentences. Nothing is left out or said twice."""
    paragraphs = [part.strip() for part in _PARAGRAPH.split(text) if part.strip()]
    return _filled((piece for part in paragraphs for piece in _pieces(part)), "\n\n")


def _section(above: Sequence[tuple[int, str]], lines: Sequence[str]) -> Iterator[Section]:
    text = "\n".join(lines).strip()
    if text:
        yield Section(tuple(words for _, words in above), text)


def _overlapping(texts: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Each with the last sentence of the one before it, where that is short."""
    last = ""
    for text in texts:
        yield (f"{last} {text}", len(last) + 1) if last else (text, 0)
        last = _SENTENCE.split(text)[-1].strip()
        last = last if len(last) <= OVERLAP and last != text else ""


def _pieces(paragraph: str) -> list[str]:
    if len(paragraph) <= LENGTH:
        return [paragraph]
    lines = "\n" in paragraph
    sentences = (part.strip() for part in _SENTENCE.split(paragraph) if part.strip())
    return _filled((piece for sentence in sentences for piece in _cut(sentence)), "\n" if lines else " ")


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
