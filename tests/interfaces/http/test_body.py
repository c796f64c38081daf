"""What a JSON body may be."""

from __future__ import annotations

import msgspec
import pytest

from domain.refusals import Invalid
from interfaces.http.body import decoded, is_too_deep


class Note(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    some_text: str
    count: int = 0
    tags: tuple[str, ...] = ()


def refused(body: bytes) -> str:
    """The name of the field that is at fault, or "" for the body as a whole."""
    with pytest.raises(Invalid) as caught:
        decoded(body, Note)
    fields = caught.value.details.get("fields")
    return fields[0]["name"] if isinstance(fields, list) else ""


def test_a_good_body_becomes_the_struct() -> None:
    assert decoded(b'{"someText":"\\ud83d\\ude00 ok","count":9223372036854775807}', Note) == Note(
        "\U0001f600 ok", 2**63 - 1
    )


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"someText":"a\\u0000b"}', "someText"),
        (b'{"someText":"\\ud800 x y z"}', ""),
        (b'{"someText":"x","tags":["a","b\\u0000"]}', "tags"),
        (b'{"someText":"x","a\\u0000":1}', ""),
        (b'{"someText":"x","count":9223372036854775808}', "count"),
        (b'{"someText":"x","count":-9223372036854775809}', "count"),
        (b'{"someText":"x","count":123456789012345678901234567890}', "count"),
        (b'{"someText":"x","count":"3"}', "count"),
        (b'{"someText":"x","count":1.5}', "count"),
        (b'{"someText":"x","tags":["a",1]}', "tags[1]"),
        (b'{"someText":"x","role":"owner"}', "role"),
        (b"{}", "someText"),
        (b"[]", ""),
        (b"", ""),
        (b"null", ""),
        (b"{", ""),
        (b'{"someText":"x"} x', ""),
        (b'{"someText":"\xed\xa0\x80"}', ""),
        (b'{"someText":"\xff"}', ""),
        (b'{"someText":NaN}', ""),
        (b'{"someText":"x","count":1e999}', ""),
        ("\ufeff{}".encode(), ""),
        ('{"someText":"x"}'.encode("utf-16"), ""),
    ],
)
def test_a_bad_body_is_refused_by_the_name_of_its_field(body: bytes, name: str) -> None:
    assert refused(body) == name


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 33 + b"]" * 33, b'["' + b"[" * 99 + b'",' + b"[" * 40],
)
def test_a_deep_body_is_refused_before_it_is_decoded(body: bytes) -> None:
    assert is_too_deep(body)
    with pytest.raises(Invalid, match="nested deeper than 32"):
        decoded(body, Note)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 32 + b"]" * 32,
        b"[" + b"[]," * 1000 + b"[]]",
        b'{"a":"' + b"[{" * 1000 + b'"}',
        b'{"a":"\\"' + b"[{" * 1000 + b'\\\\"}',
        b'"' + b"[" * 1000,
    ],
)
def test_wide_is_not_deep_and_brackets_in_text_do_not_count(body: bytes) -> None:
    assert not is_too_deep(body)
