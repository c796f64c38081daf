"""API keys: issued with scopes, revoked for good."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from domain.api_key import ApiKey, ApiKeyIssued
from domain.refusals import Invalid
from tests.support.stamps import NEW_YEAR, refolded, stamp, types


def issued() -> ApiKey:
    key = ApiKey(UUID(int=1))
    key.issue(stamp(), 7, " CRM ", ("events:read", "contacts:read", "events:read"), None)
    return key


def test_a_key_has_a_name_and_each_scope_once() -> None:
    [event] = issued().collect_events()
    assert isinstance(event, ApiKeyIssued)
    assert (event.name, event.scopes) == ("CRM", ("contacts:read", "events:read"))


def test_issuing_twice_changes_nothing() -> None:
    key = issued()
    key.issue(stamp(), 7, "Other", ("events:read",), None)
    assert types(key) == ["api_key.issued.1"]


def test_a_key_without_scope_or_name_is_refused() -> None:
    for name, scopes in (("CRM", ()), (" ", ("events:read",))):
        with pytest.raises(Invalid):
            ApiKey(UUID(int=1)).issue(stamp(), 7, name, scopes, None)


@pytest.mark.parametrize("expires_at", [NEW_YEAR, NEW_YEAR - timedelta(days=1), NEW_YEAR.replace(tzinfo=None)])
def test_a_key_expires_in_the_future_or_never(expires_at: object) -> None:
    with pytest.raises(Invalid):
        ApiKey(UUID(int=1)).issue(stamp(), 7, "CRM", ("events:read",), expires_at)  # pyright: ignore[reportArgumentType]


def test_revoking_twice_changes_nothing() -> None:
    key = issued()
    key.revoke(stamp())
    key.revoke(stamp())
    events = list(key.collect_events())
    assert [event.TYPE for event in events] == ["api_key.issued.1", "api_key.revoked.1"]
    again = refolded(events)
    assert isinstance(again, ApiKey)
    assert again.is_revoked
