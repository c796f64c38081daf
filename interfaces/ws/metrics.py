"""SocketMetrics: how many sockets are open, and why they were closed."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge

from interfaces.ws.closing import Closing
from interfaces.ws.peer import Peer


class SocketMetrics:
    """Counted in `registry`, which belongs to whoever serves /metrics."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._open = Gauge("verbatim_sockets", "Open, authenticated sockets.", ["audience"], registry=registry)
        self._closed = Counter("verbatim_sockets_closed", "Closed sockets.", ["code", "reason"], registry=registry)

    @contextmanager
    def open(self, peer: Peer) -> Generator[None]:
        """Counts one socket while it is open."""
        with self._open.labels("tenant" if peer.contact_id is None else "visitor").track_inprogress():
            yield

    def closed(self, closing: Closing) -> None:
        self._closed.labels(str(closing.code), closing.reason).inc()
