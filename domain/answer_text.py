"""Answer text: what of a model's words may be shown. What it reads leads it, so its words are not trusted."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlsplit

REMOVED = "[link removed]"
MOST_PASSES = 10

_SOURCE_MARK = re.compile(r"\s*\[sources? (\d{1,2}(?:\s*(?:,|and)\s*(?:source )?\d{1,2})*)\]", re.IGNORECASE)
_TAG = re.compile(r"<[A-Za-z/!?][^<>]*(?:>|\Z)")
_IMAGE = re.compile(r"!\[([^\[\]]*)\](?:\([^()]*\)|\[[^\[\]]*\])")
_LINK = re.compile(r"\[([^\[\]]*)\]\(\s*([^()\s]*)[^()]*\)")
_ADDRESS = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,30}:[/\\]{2}|(?<![\w/])[/\\]{2}(?=[\w.-]+\.)|www\.|(?:javascript|data|mailto|vbscript):)"
    r"[^\s<>\"'\]]*",
    re.IGNORECASE,
)
_INVISIBLE = re.compile("[\u200b\u202a-\u202e\u2060-\u2064\ufeff\U000e0000-\U000e007f]")
_SPACES = re.compile(r"\s+")
_STRIDE = 80


def safe_words(text: str, link_hosts: Collection[str] = ()) -> str:
    """Plain text: no HTML, no pictures, nothing invisible, and no address but an https one of `link_hosts`."""
    shown = _INVISIBLE.sub("", text)
    for _ in range(MOST_PASSES):
        before = shown
        shown = _TAG.sub("", shown)
        shown = _IMAGE.sub(r"\1", shown)
        shown = _LINK.sub(lambda match: _link(match, link_hosts), shown)
        shown = _ADDRESS.sub(lambda match: _address(match[0], link_hosts), shown)
        if shown == before:
            return shown
    return REMOVED  # it grows new addresses as fast as old ones go: nobody writes so by accident


def without_marks(text: str) -> str:
    """Without `[source 1]`, which is for us and not for the visitor."""
    return _SOURCE_MARK.sub("", text)


def marked_sources(text: str) -> list[int]:
    """The numbers of the sources that are named, in order."""
    return [int(number) for mark in _SOURCE_MARK.findall(text) for number in re.findall(r"\d+", mark)]


def settled_part(text: str) -> str:
    """The beginning that words to come will hardly change: whole words, without a bracket that is still open."""
    end = max(text.rfind(" "), text.rfind("\n"))
    part = text[: end + 1] if end >= 0 else ""
    for opening, closing in (("[", "]"), ("(", ")"), ("<", ">")):
        at = part.rfind(opening, max(0, len(part) - 500))
        if at >= 0 and closing not in part[at:]:
            part = part[: part.rfind("[", 0, at) if part[:at].endswith("]") else at]
    return part.removesuffix("!")


def repeats(text: str, rules: str, instructions: str) -> bool:
    """Whether the words give away what the model was told: a line of the rules, or 160 characters in one piece."""
    said, told = _folded(text), _folded(instructions)
    lines = [_folded(line) for line in rules.splitlines()]
    pieces = [told[at : at + 2 * _STRIDE] for at in range(0, max(0, len(told) - 2 * _STRIDE) + 1, _STRIDE)]
    return any(len(line) >= _STRIDE // 2 and line in said for line in lines) or any(
        len(piece) == 2 * _STRIDE and piece in said for piece in pieces
    )


def _link(match: re.Match[str], link_hosts: Collection[str]) -> str:
    label, target = match[1], match[2]
    if not _is_allowed(target, link_hosts):
        return label
    return f"{label} {target}" if label and label != target else target


def _address(text: str, link_hosts: Collection[str]) -> str:
    address = text.rstrip(".,;:!?)")
    if _is_allowed(address, link_hosts):
        return text
    return REMOVED + text[len(address) :]


def _is_allowed(address: str, link_hosts: Collection[str]) -> bool:
    try:
        url = urlsplit(address)
        host, login = (url.hostname or "").lower(), url.username
    except ValueError:
        return False
    return url.scheme.lower() == "https" and host in link_hosts and login is None and "\\" not in address


def _folded(text: str) -> str:
    return _SPACES.sub(" ", text).strip().casefold()
