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


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "0x7f.1", "017700000001", "2130706433", "[::1]"]
)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_nothing_is_posted_to_this_machine(provider: IdentityProvider, host: str, scheme: str) -> None:
    port, egress = provider.issuer.rpartition(":")[2], Egress()
    async with egress.client() as client:
        with pytest.raises(EgressRefused):
            await egress.post(client, f"{scheme}://{host}:{port}/", b"{}", {}, 2, 100)
        with pytest.raises(EgressRefused):
            await egress.expect_allowed(f"{scheme}://{host}:{port}/", 2)
    assert provider.asked == 0


@pytest.mark.parametrize(
    "answers",
    [["10.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::ffff:127.0.0.1"], ["fe80::1%lo"], ["169.254.169.254"], []],
)
async def test_a_name_with_one_private_address_among_others_is_refused(
    answers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    egress = Egress()
    _names(monkeypatch, answers)
    async with egress.client() as client:
        with pytest.raises(EgressRefused, match="not a public"):
            await egress.post(client, "https://shop.test/", b"{}", {}, 2, 100)


async def test_the_request_goes_to_the_address_that_was_looked_at(
    provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name's next answer is another one: nobody asks for it."""
    asked = _names(monkeypatch, ["127.0.0.1"], ["203.0.113.1"])
    port = provider.issuer.rpartition(":")[2]
    async with CLOSED.client() as client:
        answer = await CLOSED.post(client, f"http://shop.test:{port}/", b"{}", {}, 5, 4)
    assert (answer.status, answer.excerpt) == (200, b"0123")
    assert asked == ["shop.test"]


async def test_a_redirect_is_an_answer_and_is_not_followed(provider: IdentityProvider) -> None:
    provider.status, provider.headers = "302 Found", f"Location: {provider.issuer}/elsewhere\r\n"
    async with CLOSED.client() as client:
        answer = await CLOSED.post(client, provider.issuer, b"{}", {}, 5, 100)
    assert (answer.status, provider.asked) == (302, 1)


async def test_who_does_not_take_the_post_is_left_in_time(provider: IdentityProvider) -> None:
    provider.is_silent = True
    async with CLOSED.client() as client:
        with pytest.raises(EgressRefused, match="in time"):
            await CLOSED.post(client, provider.issuer, b"{}", {}, 0.2, 100)


def _names(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """A name server of the test's: the first look-up gets the first answer; the names that were asked for."""
    asked: list[str] = []

    def look_up(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        asked.append(host)
        return [(0, 0, 0, "", (one, port)) for one in answers[len(asked) - 1]]

    monkeypatch.setattr("infrastructure.egress.socket.getaddrinfo", look_up)
    return asked
