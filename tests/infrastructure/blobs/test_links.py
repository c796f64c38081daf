"""Links: for one file, one tenant, one person, one hour."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel import By
from domain.refusals import NotFound
from infrastructure.blobs.links import Links

FILE, OTHER = UUID(int=1), UUID(int=2)
VISITOR = By("visitor", UUID(int=3))
AT = datetime(2030, 1, 1, 12, 2, tzinfo=UTC)
LINKS = Links(b"s" * 32)


def signature(path: str) -> str:
    return parse_qs(urlsplit(path).query)["signature"][0]


def test_it_names_whom_it_was_made_for() -> None:
    link = LINKS.link(7, FILE, VISITOR, AT)
    assert link.path.startswith(f"/api/v1/chat/files/fil_{FILE.hex}?signature=")
    holder = LINKS.holder(FILE, signature(link.path), AT)
    assert (holder.tenant_id, holder.by, holder.expires_at) == (7, VISITOR, link.expires_at)


def test_it_expires_within_the_hour_and_stays_the_same_for_some_minutes() -> None:
    link = LINKS.link(7, FILE, VISITOR, AT)
    assert link.expires_at == datetime(2030, 1, 1, 13, 0, tzinfo=UTC)
    assert LINKS.link(7, FILE, VISITOR, AT + timedelta(minutes=2)) == link
    LINKS.holder(FILE, signature(link.path), link.expires_at - timedelta(seconds=1))
    with pytest.raises(NotFound):
        LINKS.holder(FILE, signature(link.path), link.expires_at)


def test_it_opens_no_other_file_and_no_other_installation() -> None:
    text = signature(LINKS.link(7, FILE, VISITOR, AT).path)
    with pytest.raises(NotFound):
        LINKS.holder(OTHER, text, AT)
    with pytest.raises(NotFound):
        Links(b"t" * 32).holder(FILE, text, AT)


def test_nobody_puts_another_name_or_time_into_it() -> None:
    ticket, mac = signature(LINKS.link(7, FILE, VISITOR, AT).path).split(".")
    told = base64.urlsafe_b64decode(ticket + "=" * (-len(ticket) % 4))
    for old, new in ((b"[7,", b"[8,"), (b"visitor", b"agent"), (b"1893502800", b"2893502800")):
        assert old in told
        forged = base64.urlsafe_b64encode(told.replace(old, new)).decode().rstrip("=")
        with pytest.raises(NotFound):
            LINKS.holder(FILE, f"{forged}.{mac}", AT)


@given(st.one_of(st.text(), st.text("abcXYZ019_-.=", max_size=200)))
def test_anything_else_is_no_link(text: str) -> None:
    with pytest.raises(NotFound):
        LINKS.holder(FILE, text, AT)
