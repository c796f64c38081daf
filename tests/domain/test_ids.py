"""Ids: their wire form, and that whatever else is written names nothing."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some

from domain.ids import PREFIXES, event_wire, natural_key, parse, parse_event, parse_tenant, tenant_wire, wire
from domain.refusals import NotFound

ID = UUID("0192f0c1-2345-7abc-8def-0123456789ab")


@given(noun=some.sampled_from(sorted(PREFIXES)), id=some.uuids())
def test_an_id_survives_the_wire(noun: str, id: UUID) -> None:
    assert parse(noun, wire(noun, id)) == id


def test_the_prefix_says_what_it_names() -> None:
    assert wire("conversation", ID) == "cnv_0192f0c123457abc8def0123456789ab"
    with pytest.raises(NotFound):
        parse("message", wire("conversation", ID))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cnv",
        "cnv_",
        "cnv_123",
        str(ID),
        f"cnv_{ID}",
        f"cnv_{ID.hex.upper()}",
        f"cnv_{ID.hex} ",
        f" cnv_{ID.hex}",
        f"cnv_{ID.hex}\n",
        "cnv_" + "g" * 32,
        "cnv_" + "٣" * 32,
    ],
)
def test_a_malformed_id_names_nothing(text: str) -> None:
    with pytest.raises(NotFound):
        parse("conversation", text)


@given(some.text())
def test_no_text_makes_parsing_fail_otherwise(text: str) -> None:
    for read in (lambda: parse("message", text), lambda: parse_tenant(text), lambda: parse_event(text)):
        with pytest.raises(NotFound):
            read()


@given(some.integers(min_value=1, max_value=2**31 - 1))
def test_a_tenants_number_survives_the_wire(tenant_id: int) -> None:
    assert parse_tenant(tenant_wire(tenant_id)) == tenant_id


@pytest.mark.parametrize("text", ["tnt_", "tnt_-1", "tnt_1.0", "tnt_12345678901", "tnt_٣", "wid_1", "7"])
def test_a_malformed_tenant_names_nothing(text: str) -> None:
    with pytest.raises(NotFound):
        parse_tenant(text)


@given(stream_id=some.uuids(), version=some.integers(min_value=1, max_value=2**31 - 1))
def test_an_events_id_says_where_it_stands(stream_id: UUID, version: int) -> None:
    assert parse_event(event_wire(stream_id, version)) == (stream_id, version)


def test_one_name_of_one_tenant_is_one_id() -> None:
    assert natural_key(7, "tenant") == natural_key(7, "tenant")
    assert len({natural_key(7, "tenant"), natural_key(8, "tenant"), natural_key(7, "widget")}) == 3
