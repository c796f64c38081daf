"""Where a tenant's address may lead us, against a real server on this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from ipaddress import ip_address

import pytest

from infrastructure.egress import Egress, EgressRefused, is_public
from tests.support.identity_provider import IdentityProvider, identity_provider

CLOSED = Egress(allow_private=True)


@pytest.fixture
async def provider() -> AsyncIterator[IdentityProvider]:
    async with identity_provider() as serving:
        serving.body = b"0123456789"
        yield serving


async def test_what_is_there_is_read(provider: IdentityProvider) -> None:
    assert await CLOSED.get(provider.jwks_url, seconds=5, limit=10) == b"0123456789"


async def test_too_much_is_refused(provider: IdentityProvider) -> None:
    with pytest.raises(EgressRefused):
        await CLOSED.get(provider.jwks_url, seconds=5, limit=9)


@pytest.mark.parametrize("status", ["302 Found", "404 Not Found", "500 Oops", "204 No Content"])
async def test_only_a_200_is_an_answer(provider: IdentityProvider, status: str) -> None:
    provider.status, provider.headers = status, f"Location: {provider.issuer}/elsewhere\r\n"
    with pytest.raises(EgressRefused):
        await CLOSED.get(provider.jwks_url, seconds=5, limit=100)
    assert provider.asked == 1


async def test_a_compressed_answer_is_refused(provider: IdentityProvider) -> None:
    provider.headers = "Content-Encoding: gzip\r\n"
    with pytest.raises(EgressRefused):
        await CLOSED.get(provider.jwks_url, seconds=5, limit=100)


async def test_who_does_not_answer_is_left_in_time(provider: IdentityProvider) -> None:
    provider.is_silent = True
    with pytest.raises(EgressRefused):
        await CLOSED.get(provider.jwks_url, seconds=0.2, limit=100)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]"]
)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_this_machine_is_never_reached(provider: IdentityProvider, host: str, scheme: str) -> None:
    port = provider.issuer.rpartition(":")[2]
    with pytest.raises(EgressRefused):
        await Egress().get(f"{scheme}://{host}:{port}/keys", seconds=2, limit=100)
    assert provider.asked == 0


@pytest.mark.parametrize(
    "url", ["http://198.51.100.1/", "ftp://127.0.0.1/", "https:///keys", "https://[::1/", "", "https://a..b/"]
)
async def test_what_is_no_address_of_ours_is_refused(url: str) -> None:
    with pytest.raises(EgressRefused):
        await CLOSED.get(url, seconds=2, limit=100)


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "192.0.0.1",
        "224.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "::1", "::", "fc00::1", "fe80::1", "ff02::1",
        "2002:7f00:1::", "2001::1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2001:db8::1",
    ],
)  # fmt: skip
def test_private_and_tunnelled_addresses_are_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111"])
def test_public_addresses_are(address: str) -> None:
    assert is_public(ip_address(address))
