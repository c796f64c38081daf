"""HTML as plain text: what a reader sees of the page, its headings marked with `#`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

_UNREAD = """
script style nav footer aside template noscript iframe object svg canvas head form button select textarea
dialog audio video
"""
_BLOCKS = """
address article blockquote body center dd details div dl dt fieldset figcaption figure header hr li main ol
p pre section summary table tbody thead tr ul h1 h2 h3 h4 h5 h6
"""
UNREAD = frozenset(_UNREAD.split())
"""What stands in these is not the page's text."""
BLOCKS = frozenset(_BLOCKS.split())
_HEADING = re.compile(r"h([1-6])")
_SPACE = re.compile(r"\s+")
_LINK = re.compile(r"https?://\S+")

_Step = tuple[LexborNode, bool]
"""A node, and whether it is left (True) or entered."""


def html_text(html: str) -> str:
    """Of `<main>` or the only `<article>`, else of the body; under the page's title where it has no `<h1>`."""
    page = LexborHTMLParser(html)
    root = _root(page)
    if root is None:
        return ""
    text = "\n\n".join(_paragraphs(root))
    title = page.css_first("title")
    if title is not None and not text.startswith("# ") and "\n# " not in text:
        return f"# {_tidy(title.text())}\n\n{text}"
    return text


def _root(page: LexborHTMLParser) -> LexborNode | None:
    mains, articles = page.css("main"), page.css("article")
    if len(mains) == 1:
        return mains[0]
    return articles[0] if len(articles) == 1 else page.body


def _paragraphs(root: LexborNode) -> Iterator[str]:
    """Runs of text between the edges of blocks."""
    mark, words = "", list[str]()
    for node, is_left in _walk(root):
        name = node.tag or ""
        if node.is_text_node:
            words.append(node.text_content or "")
        elif name == "a" and is_left:
            words.append(_address(node, "".join(words)))
        elif name == "br":
            words.append("\n")
        elif name in ("td", "th") and is_left:
            words.append(" | ")
        elif name in BLOCKS:
            said = _paragraph(mark, words)
            yield from said
            mark, words = "" if is_left else _mark(name, "" if said else mark), []
    yield from _paragraph(mark, words)


def _walk(root: LexborNode) -> Iterator[_Step]:
    """Depth first, without recursion: no page is too deep for it."""
    waiting: list[_Step] = [(root, False)]
    while waiting:
        node, is_left = waiting.pop()
        yield node, is_left
        if is_left or node.is_text_node:
            continue
        waiting.append((node, True))
        children = [one for one in node.iter(include_text=True) if _is_read(one)]
        waiting.extend((child, False) for child in reversed(children))


def _is_read(node: LexborNode) -> bool:
    if node.is_text_node:
        return True
    if not node.is_element_node or node.tag in UNREAD:
        return False
    given = node.attributes
    return "hidden" not in given and given.get("aria-hidden") != "true"


def _mark(name: str, outer: str) -> str:
    """What a block's text begins with; `outer` is the mark of the block that it opens."""
    heading = _HEADING.fullmatch(name)
    if heading:
        return "#" * int(heading[1]) + " "
    return "- " if name in ("li", "dd") else outer


def _paragraph(mark: str, words: list[str]) -> list[str]:
    """The text between two edges, nothing where there is none."""
    lines = [_tidy(line) for line in "".join(words).split("\n" if "\n" in words else "\0")]
    text = "\n".join(line for line in lines if line)
    return [mark + (text.replace("\n", " ") if mark else text)] if text else []


def _tidy(text: str) -> str:
    return _SPACE.sub(" ", text).strip(" |")


def _address(link: LexborNode, said: str) -> str:
    """Where a link leads, unless the text says it already."""
    found = _LINK.fullmatch((link.attributes.get("href") or "").strip())
    return f" ({found[0]})" if found and found[0] not in said else ""
