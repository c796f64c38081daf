"""HttpMetrics: how many requests, how long, by route; no id ever becomes a label."""

from __future__ import annotations

import time

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import CollectorRegistry, Counter, Histogram

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class HttpMetrics(ASGIMiddleware):
    """Counts in `registry`. A path that no route has is not counted: it has no template to be counted by."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "verbatim_http_requests", "Requests.", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "verbatim_http_request_seconds",
            "Seconds until an answer begins.",
            ["method", "route"],
            buckets=BUCKETS,
            registry=registry,
        )

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        began = time.perf_counter()
        labels = (scope["method"], scope.get("path_template", ""))  # pyright: ignore[reportGeneralTypeIssues]

        async def observe(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._requests.labels(*labels, str(message["status"])).inc()
                self._seconds.labels(*labels).observe(time.perf_counter() - began)
            await send(message)

        await next_app(scope, receive, observe)
