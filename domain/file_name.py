"""File names: what a stranger called a file, made harmless, with an ending that says what it is."""

from __future__ import annotations

import re
import unicodedata

from domain.refusals import UnsupportedFile
from domain.values import NAME_LENGTH, is_storable

ENDINGS: dict[str, tuple[str, ...]] = {
    "image/png": ("png",),
    "image/jpeg": ("jpg", "jpeg", "jpe", "jfif"),
    "image/gif": ("gif",),
    "image/webp": ("webp",),
    "application/pdf": ("pdf",),
    "text/plain": ("txt", "log", "md"),
    "text/csv": ("csv",),
    "audio/mpeg": ("mp3",),
    "audio/ogg": ("ogg", "oga", "opus"),
    "audio/mp4": ("m4a",),
    "video/mp4": ("mp4", "m4v"),
}
"""Content type -> the endings it may have; the first is given to a name that has none."""

LONGEST_ENDING = 10
_FORBIDDEN = re.compile(r'[<>:"|?*\\/]')
_ENDING = re.compile(r"\.([A-Za-z0-9]{1,10})$")
_SPACES = re.compile(r"\s+")


def plain_name(text: str) -> str:
    """The last part of a path without characters that deceive: controls, text direction, invisible ones."""
    last = text.replace("\\", "/").rpartition("/")[2]
    kept = "".join(one for one in unicodedata.normalize("NFC", last) if _is_plain(one))
    name = _SPACES.sub(" ", _FORBIDDEN.sub("_", kept)).strip(" .")
    return _shortened(name) if is_storable(name) and name else "file"


def typed_name(text: str, content_type: str) -> str:
    """`plain_name`, whose ending says its content. Raises UnsupportedFile where the two say different things."""
    name = plain_name(text)
    endings = ENDINGS[content_type]
    found = _ENDING.search(name)
    if found is None:
        return f"{name[: NAME_LENGTH - LONGEST_ENDING]}.{endings[0]}"
    if found[1].lower() not in endings:
        raise UnsupportedFile("The file's name does not say what is in it.")
    return name


def ending(text: str) -> str:
    """Lower case, without its dot; empty where there is none."""
    found = _ENDING.search(plain_name(text))
    return "" if found is None else found[1].lower()


def _is_plain(character: str) -> bool:
    """No control (Cc), format (Cf: direction, joiners, zero width), surrogate, private or unassigned character."""
    return character in "\t\n" or not unicodedata.category(character).startswith("C")


def _shortened(name: str) -> str:
    if len(name) <= NAME_LENGTH:
        return name
    found = _ENDING.search(name)
    tail = "" if found is None else found[0]
    return name[: NAME_LENGTH - len(tail)].rstrip(" .") + tail
