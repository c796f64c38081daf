"""HeaderPolicy: the headers that every answer carries, whatever made it, errors included."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from litestar.datastructures import MutableScopeHeaders
from litestar.routes import BaseRoute, HTTPRoute
from litestar.types import Message, Scope

from interfaces.http.audience import FROM_OTHER_SITES
from interfaces.http.headers import request_id

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
OF_THE_API = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
OF_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, "
    "X-Min-Position, X-Request-Id, X-Visitor-Token",
    "Access-Control-Max-Age": "600",
}
EXPOSED = (
    "ETag, Idempotent-Replayed, RateLimit, RateLimit-Policy, Retry-After, X-As-Of-Position, X-Event-Position, "
    "X-Request-Id"
)
STRICT_TRANSPORT = "max-age=63072000; includeSubDomains"


class HeaderPolicy:
    """Adds what is not there yet. Pages of other sites may read the widget's routes, without any cookie."""

    def __init__(self, base_url: str) -> None:
        self._is_https = base_url.startswith("https://")
        self._shared: frozenset[str] = frozenset()

    def learn(self, routes: Iterable[BaseRoute]) -> None:
        """Which paths other sites may call: those whose audience says so."""
        self._shared = frozenset(route.path_format for route in routes if _is_shared(route))

    async def before_send(self, message: Message, scope: Scope) -> None:
        """Litestar's hook: also errors and unknown paths pass here."""
        if message["type"] != "http.response.start":
            return
        message.setdefault("headers", [])
        headers = MutableScopeHeaders.from_message(message)
        headers["X-Request-Id"] = request_id(scope)
        path = scope["path"]
        wanted = EVERYWHERE | (OF_THE_API if path.startswith(("/api/", "/health/", "/metrics")) else {})
        for name, value in (wanted | self._of_other_sites(scope)).items():
            if name not in headers:
                headers[name] = value
        if self._is_https:
            headers["Strict-Transport-Security"] = STRICT_TRANSPORT

    def _of_other_sites(self, scope: Scope) -> dict[str, str]:
        state: Any = scope
        if state.get("path_template") not in self._shared:
            return {}
        allowed = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": EXPOSED}
        return allowed | (OF_PREFLIGHT if state.get("method") == "OPTIONS" else {})


def _is_shared(route: BaseRoute) -> bool:
    if not isinstance(route, HTTPRoute):
        return False
    return any(handler.opt.get("audience") in FROM_OTHER_SITES for handler in route.route_handlers)
