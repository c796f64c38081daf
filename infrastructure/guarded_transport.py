"""GuardedTransport: lets an HTTP client reach only what Egress allows, at the very address that was looked at."""

from __future__ import annotations

import httpx2

from infrastructure.egress import Egress, EgressRefused


class GuardedTransport(httpx2.AsyncBaseTransport):
    """For addresses that a tenant named. Looked up anew for every request: a name may lead elsewhere by now.

    A refusal is a ConnectError, as if nobody were there.
    """

    def __init__(self, egress: Egress) -> None:
        self._egress = egress
        # No connection is kept: it would be one for all names at an address, and only one of them was proven.
        limits = httpx2.Limits(max_connections=1_000, max_keepalive_connections=0)
        self._inner = httpx2.AsyncHTTPTransport(trust_env=False, retries=0, limits=limits)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        name = request.url.host
        try:
            address = await self._egress.address(str(request.url))
        except EgressRefused as refused:
            raise httpx2.ConnectError(str(refused), request=request) from refused
        request.extensions = {**request.extensions, "sni_hostname": name}  # the Host header stays as it was
        request.url = request.url.copy_with(host=str(address))
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()
