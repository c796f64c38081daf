"""What a file is, by its first bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.file import CONTENT_TYPES
from infrastructure.blobs.content_types import is_text, sniffed
from tests.support.pictures import gif, jpeg, png, webp

MP4 = b"\0\0\0\x20ftyp"


@pytest.mark.parametrize(
    ("head", "ending", "expected"),
    [
        (png(), "", "image/png"),
        (jpeg(), "", "image/jpeg"),
        (gif(1), "", "image/gif"),
        (webp(), "", "image/webp"),
        (b"%PDF-1.4", "", "application/pdf"),
        (b"ID3\x04\0", "", "audio/mpeg"),
        (b"\xff\xfb\x90\x44", "", "audio/mpeg"),
        (b"OggS\0\2", "", "audio/ogg"),
        (MP4 + b"M4A ", "", "audio/mp4"),
        (MP4 + b"isom", "", "video/mp4"),
        (b"plain text", "txt", "text/plain"),
        ("Grüße\n".encode(), "", "text/plain"),
        ("Grüße\n".encode("cp1252"), "", "text/plain"),
        (b"a;b\n1;2\n", "csv", "text/csv"),
        (b"", "txt", None),
        (b"<html>", "txt", None),
        (b"\xef\xbb\xbf \n<svg", "txt", None),
        (b"#!/bin/sh", "txt", None),
        ("<html>".encode("utf-16"), "txt", None),
        (b"MZ\x90\0", "txt", None),
        (b"\x7fELF\2\1", "txt", None),
        (b"PK\3\4", "", None),
        (MP4 + b"qt  ", "", None),
        (MP4 + b"avif", "", None),
        (b"RIFF\0\0\0\0WAVE", "", None),
        (b"\x1f\x8b\x08", "", None),
    ],
)
def test_a_file_is_what_its_bytes_say(head: bytes, ending: str, expected: str | None) -> None:
    assert sniffed(head, ending) == expected


@given(st.binary(max_size=200), st.sampled_from(["txt", "html", "csv", ""]))
def test_nothing_else_is_ever_found(head: bytes, ending: str) -> None:
    found = sniffed(head, ending)
    assert found is None or found in CONTENT_TYPES
    if found is not None and found.startswith("text/"):
        assert is_text(head)
