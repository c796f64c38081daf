"""Keys of issuers: read seldom, turned over when they change, kept while the issuer is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from domain.refusals import Unavailable
from infrastructure.access.jwks import FRESH, PAUSE, STALE, KeySets
from infrastructure.egress import Egress
from tests.support.identity_provider import IdentityProvider, identity_provider


class Watch:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def provider() -> AsyncIterator[IdentityProvider]:
    async with identity_provider() as serving:
        yield serving


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def key_sets(watch: Watch) -> KeySets:
    return KeySets(Egress(allow_private=True), watch)


async def test_many_tokens_at_once_cost_one_reading(key_sets: KeySets, provider: IdentityProvider) -> None:
    found = await asyncio.gather(*(key_sets.find(provider.jwks_url, "one") for _ in range(20)))
    assert None not in found
    assert provider.asked == 1


async def test_an_unknown_key_is_asked_for_once_a_minute(
    key_sets: KeySets, provider: IdentityProvider, watch: Watch
) -> None:
    assert await key_sets.find(provider.jwks_url, "one") is not None
    provider.rotate("two")
    for _ in range(3):
        assert await key_sets.find(provider.jwks_url, "two") is None
    assert provider.asked == 1
    watch.now += PAUSE
    assert await key_sets.find(provider.jwks_url, "two") is not None
    assert await key_sets.find(provider.jwks_url, "one") is None
    assert provider.asked == 2


async def test_a_withdrawn_key_stops_after_ten_minutes(
    key_sets: KeySets, provider: IdentityProvider, watch: Watch
) -> None:
    assert await key_sets.find(provider.jwks_url, "one") is not None
    provider.rotate("two")
    watch.now += FRESH + 1
    assert await key_sets.find(provider.jwks_url, "one") is None


async def test_keys_hold_for_a_day_while_the_issuer_is_away(
    key_sets: KeySets, provider: IdentityProvider, watch: Watch
) -> None:
    assert await key_sets.find(provider.jwks_url, "one") is not None
    provider.status = "503 Away"
    watch.now += STALE - 1
    assert await key_sets.find(provider.jwks_url, "one") is not None
    watch.now += 2
    with pytest.raises(Unavailable):
        await key_sets.find(provider.jwks_url, "one")
    provider.status = "200 OK"
    watch.now += PAUSE
    assert await key_sets.find(provider.jwks_url, "one") is not None
