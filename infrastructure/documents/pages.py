"""Pages: what one file of knowledge holds, whatever its format, as titles and plain text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

import msgspec

from domain.article import BODY_LENGTH
from domain.refusals import Invalid
from domain.values import NAME_LENGTH

MOST_PAGES = 1_000
"""Articles in one file at most."""
_TITLE_LINE = re.compile(r"\s*(\S[^\n]{0,119})\n\s*\n")
_TOP = re.compile(r"^# +(\S.*)$", re.MULTILINE)


class Page(msgspec.Struct, frozen=True):
    """`source` is the same when the file is imported again: the file's name, and the part of it behind a `#`."""

    title: str
    body: str
    source: str


def checked(pages: Sequence[Page]) -> list[Page]:
    """As an article may be. Raises Invalid, which names the page that is too long, empty or there twice."""
    if not pages:
        raise Invalid("The file holds no text.")
    if len(pages) > MOST_PAGES:
        raise Invalid(f"The file holds more than {MOST_PAGES} articles.")
    wrong = [*_wrong(pages)]
    if wrong:
        raise Invalid("Not every article of the file can be imported.", fields=wrong[:20])
    return [Page(one.title.strip(), one.body.strip(), one.source) for one in pages]


def file_name(sent: str) -> str:
    """What a client calls the file, without the folders it lies in. Raises Invalid."""
    name = unicodedata.normalize("NFC", PurePosixPath(sent.replace("\\", "/")).name)
    if not 1 <= len(name) <= NAME_LENGTH or not name.isprintable():
        raise Invalid(f"A file's name has 1 to {NAME_LENGTH} printable characters.")
    return name


def text_page(name: str, text: str) -> list[Page]:
    """One page. Its title is a short first line with nothing below it, else the file's name."""
    first = _TITLE_LINE.match(text)
    if first is None:
        return [Page(_stem(name), text, name)]
    return [Page(first[1].strip(), text[first.end() :], name)]


def marked_pages(name: str, text: str) -> list[Page]:
    """Text with headings: one page, or one for each of several headings of the first level."""
    heads = list(_TOP.finditer(text))
    if not heads:
        return text_page(name, text) if text.strip() else []
    before = text[: heads[0].start()].strip()
    if len(heads) == 1:
        body = f"{before}\n\n{text[heads[0].end() :]}"
        return [Page(heads[0][1].strip(), body, name)]
    ends = [*(head.start() for head in heads[1:]), len(text)]
    pages = [
        Page(head[1].strip(), text[head.end() : end], f"{name}#{head[1].strip()}")
        for head, end in zip(heads, ends, strict=True)
    ]
    return [Page(_stem(name), before, name), *pages] if before else pages


def _wrong(pages: Sequence[Page]) -> Iterator[dict[str, str]]:
    seen: set[str] = set()
    for page in pages:
        name = page.title[:NAME_LENGTH].strip()
        if page.source in seen:
            yield {"name": name, "reason": "stands there twice; give them different titles, or ids"}
        if not name or len(page.title.strip()) > NAME_LENGTH:
            yield {"name": name, "reason": f"a title has 1 to {NAME_LENGTH} characters"}
        if not page.body.strip() or len(page.body) > BODY_LENGTH:
            yield {"name": name, "reason": f"a body has 1 to {BODY_LENGTH} characters"}
        seen.add(page.source)


def _stem(name: str) -> str:
    return PurePosixPath(name).stem.replace("_", " ").replace("-", " ").strip() or name
