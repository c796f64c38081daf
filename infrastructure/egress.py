"""Egress: reading an address that a tenant named, without letting it lead into our own network (SSRF)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

import msgspec

if TYPE_CHECKING:
    import ssl

    import httpx

CONNECT_SECONDS = 5.0
LINGER_SECONDS = 2.0
"""How long the body of an answer may take, once its status is known."""
KEPT_SECONDS = 4.0
"""How long a connection is kept for the next request: less than most servers do."""
LOOKUPS = 64
"""Names looked up at once: a name server that never answers holds up one of these threads, and nothing else."""

DENIED = tuple(
    ip_network(text)
    for text in (
        "224.0.0.0/4",
        "192.0.0.0/24",
        "ff00::/8",
        "2002::/16",
        "2001::/32",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
    )
)
"""Not for us although some of it counts as global: multicast, and what tunnels into IPv4."""


class EgressRefused(Exception):
    """The message is for the tenant: it says what is wrong with the address, never what lies behind it."""


class Answer(msgspec.Struct, frozen=True):
    """`excerpt`: how the body begins."""

    status: int
    headers: Mapping[str, str]
    excerpt: bytes


class Egress:
    """Every answer of the name's look-up must be public, and the connection goes to exactly that address.

    `allow_private`: addresses of closed networks too, and plain http to this machine.
    """

    def __init__(self, *, allow_private: bool = False) -> None:
        self._allow_private = allow_private
        self._lookups = ThreadPoolExecutor(LOOKUPS, "egress")

    async def get(self, url: str, *, seconds: float, limit: int) -> bytes:
        """The body of a 200, at most `limit` bytes, within `seconds`; redirects are not followed.

        Raises EgressRefused.
        """
        try:
            async with asyncio.timeout(seconds):
                return await self._get(url, limit)
        except (TimeoutError, OSError, ValueError) as error:
            raise EgressRefused("The address did not answer in time, or not at all.") from error

    def client(self) -> httpx.AsyncClient:
        """For the requests to one host by name, and no other: a kept connection's certificate is its own."""
        import httpx

        return httpx.AsyncClient(
            trust_env=False,
            follow_redirects=False,
            verify=self._trusted,
            timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=4, max_keepalive_connections=1, keepalive_expiry=KEPT_SECONDS),
        )

    async def post(
        self,
        client: httpx.AsyncClient,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        seconds: float,
        limit: int,
    ) -> Answer:
        """Whatever status comes, a redirect too, within `seconds`, with at most `limit` bytes of its body.

        The name is looked up for each request, and the request goes to the address that was looked at.
        Raises EgressRefused.
        """
        import httpx

        try:
            async with asyncio.timeout(seconds):
                parts = urlsplit(url)
                pinned = httpx.URL(url).copy_with(host=str(await self._address(parts)))
                whole = {**headers, "Host": parts.netloc, "Accept-Encoding": "identity"}
                names = {"sni_hostname": parts.hostname}
                async with client.stream(
                    "POST", pinned, content=body, headers=whole, extensions=names
                ) as response:
                    excerpt = await _beginning(response, limit)
                    return Answer(response.status_code, response.headers, excerpt)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise EgressRefused("The address did not answer in time.") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise EgressRefused("The address could not be reached.") from error

    async def expect_allowed(self, url: str, seconds: float) -> None:
        """Raises EgressRefused where the address is none of ours to go to; one that is not there yet may come."""
        try:
            async with asyncio.timeout(seconds):
                await self._address(urlsplit(url))
        except (TimeoutError, OSError):
            return
        except ValueError as error:
            raise EgressRefused("The address is not a public https address.") from error

    @cached_property
    def _trusted(self) -> ssl.SSLContext:
        """Made once: it takes 20 ms."""
        import httpx

        return httpx.create_ssl_context(trust_env=False)

    async def address(self, url: str) -> IPv4Address | IPv6Address:
        """Where a connection to `url` may go, and only there. Raises EgressRefused; bound it in time."""
        try:
            return await self._address(urlsplit(url))
        except (OSError, ValueError) as error:
            raise EgressRefused("The address does not lead anywhere.") from error

    async def _get(self, url: str, limit: int) -> bytes:
        import httpx

        parts = urlsplit(url)
        address = await self._address(parts)
        pinned = httpx.URL(url).copy_with(host=str(address))
        headers = {"Host": parts.netloc, "Accept": "application/json", "Accept-Encoding": "identity"}
        names = {"sni_hostname": parts.hostname}
        try:
            async with (
                httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=None) as client,  # noqa: S113 - the caller's deadline bounds it
                client.stream("GET", pinned, headers=headers, extensions=names) as response,
            ):
                if response.status_code != 200 or "content-encoding" in response.headers:
                    raise EgressRefused("The address did not answer with what was asked for.")
                return await _bounded(response, limit)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise EgressRefused("The address did not answer in time, or not at all.") from error

    async def _address(self, parts: SplitResult) -> IPv4Address | IPv6Address:
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        found = await asyncio.get_running_loop().run_in_executor(
            self._lookups, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        addresses = [_plain(ip_address(str(one[4][0]).partition("%")[0])) for one in found]
        if not addresses or not all(self._is_allowed(one, parts.scheme) for one in addresses):
            raise EgressRefused("The address is not a public https address.")
        return addresses[0]

    def _is_allowed(self, address: IPv4Address | IPv6Address, scheme: str) -> bool:
        if self._allow_private:
            return scheme == "https" or (scheme == "http" and address.is_loopback)
        return scheme == "https" and is_public(address)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Reachable from anywhere, so that we give away nothing by going there."""
    denied = any(address in network for network in DENIED if network.version == address.version)
    return address.is_global and not address.is_multicast and not denied


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """::ffff:127.0.0.1 is 127.0.0.1."""
    return getattr(address, "ipv4_mapped", None) or address


async def _bounded(response: httpx.Response, limit: int) -> bytes:
    body = b""
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > limit:
            raise EgressRefused("The answer is too large.")
    return body


async def _beginning(response: httpx.Response, limit: int) -> bytes:
    body = b""
    with suppress(TimeoutError):  # the status is what counts
        async with asyncio.timeout(LINGER_SECONDS):
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) >= limit:
                    break
    return body[:limit]
