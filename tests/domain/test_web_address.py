"""Which texts are an address of another server."""

from __future__ import annotations

import pytest

from domain.refusals import Invalid
from domain.web_address import web_address

GOOD = ["https://mia.test", "http://127.0.0.1:8080/v1", "https://[::1]:443/a?b=c"]
BAD = ["", "mia.test", "ftp://mia.test", "https://", "https://mia.test:0", "https://mia.test:99999"]
BAD += ["https://me@mia.test", "https://me:secret@mia.test", "https://mia.test#part", "https://[::1"]


@pytest.mark.parametrize("text", GOOD)
def test_an_address_is_unchanged(text: str) -> None:
    assert web_address("url", text) == text


@pytest.mark.parametrize("text", BAD)
def test_anything_else_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(Invalid, match="url is an https address without a login"):
        web_address("url", text)


def test_a_query_is_refused_where_one_would_be_added_to() -> None:
    with pytest.raises(Invalid, match="without a query"):
        web_address("issuer", "https://mia.test/?tenant=1", may_query=False)
