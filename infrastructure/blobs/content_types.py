"""Content types: what a file is, by its first bytes. Whatever is not known for sure is not accepted."""

from __future__ import annotations

import re

HEAD = 4096
"""Bytes that `sniffed` wants to see."""

_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"OggS\x00", "audio/ogg"),
)
_MPEG_AUDIO = re.compile(rb"\xff[\xe2\xe3\xf2-\xf7\xfa-\xfd][\x10-\xeb]", re.DOTALL)
_AUDIO_BRANDS = (b"M4A ", b"M4B ")
_VIDEO_BRANDS = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"dash")
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r\f") + b"\x7f"
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<|#!)")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def sniffed(head: bytes, ending: str) -> str | None:
    """The content type of a file that begins with `head`, None for everything that is never accepted.

    Only text needs the name's `ending`: nothing in a table says that it is one.
    """
    for start, content_type in _STARTS:
        if head.startswith(start):
            return content_type
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        return _of_mp4(head[8:12])
    if _MPEG_AUDIO.match(head):
        return "audio/mpeg"
    if head and is_text(head) and not _MARKUP.match(head) and not head.startswith(_UTF_16):
        return "text/csv" if ending == "csv" else "text/plain"
    return None


def is_text(part: bytes) -> bool:
    """Without control characters: no program and no picture is."""
    return len(part.translate(None, _CONTROLS)) == len(part)


def _of_mp4(brand: bytes) -> str | None:
    if brand in _AUDIO_BRANDS:
        return "audio/mp4"
    return "video/mp4" if brand in _VIDEO_BRANDS else None
