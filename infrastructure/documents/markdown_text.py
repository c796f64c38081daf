"""Markdown as plain text, by its token stream: headings stay marked with `#`, lists with `-` or their number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token


def markdown_text(markdown: str) -> str:
    """CommonMark with tables. Raw HTML in it is left out; addresses of links are kept."""
    return "\n\n".join(_paragraphs(MarkdownIt("commonmark").enable("table").parse(markdown)))


def _paragraphs(tokens: Sequence[Token]) -> Iterator[str]:
    mark, row = "", None
    for token in tokens:
        if token.type == "heading_open":
            mark = "#" * int(token.tag[1]) + " "
        elif token.type == "list_item_open":
            mark = f"{token.info}. " if token.info else "- "
        elif token.type == "tr_open":
            row = list[str]()
        elif token.type == "tr_close" and row is not None:
            yield " | ".join(row)
            row = None
        elif token.type == "inline" and row is not None:
            row.append(_said(token))
        elif token.type == "inline":
            text = _said(token)
            if text:
                yield mark + text
            mark = ""
        elif token.type in ("fence", "code_block") and token.content.strip():
            yield token.content.strip("\n")


def _said(inline: Token) -> str:
    """What a reader sees of one run of text."""
    words: list[str] = []
    link = ""
    for token in inline.children or ():
        if token.type in ("text", "code_inline", "image"):
            words.append(token.content)
        elif token.type in ("softbreak", "hardbreak"):
            words.append(" " if token.type == "softbreak" else "\n")
        elif token.type == "link_open":
            link = str(token.attrGet("href") or "")
        elif token.type == "link_close" and link.startswith(("http://", "https://")):
            words.append("" if link in "".join(words) else f" ({link})")
    return "".join(words).strip()
