"""Socket: accepts one, lets the client say who it is, serves it, closes it with a code of the contract."""

from __future__ import annotations

import structlog
from litestar import WebSocket

from interfaces.http.audience import foreign_origin
from interfaces.http.headers import address_of
from interfaces.ws.closing import INTERNAL, Closing, SocketClosing
from interfaces.ws.door import Door, Whence
from interfaces.ws.entry import admit, first_auth
from interfaces.ws.hub import Hub
from interfaces.ws.line import Line
from interfaces.ws.session import Session

_log = structlog.get_logger(__name__)


async def serve(socket: WebSocket, door: Door, hub: Hub) -> None:
    """Until either side closes it."""
    line = Line(socket, hub.limits)
    try:
        closing = await _converse(line, door, hub, Whence(foreign_origin(socket), address_of(socket)))
    except SocketClosing as ending:
        closing = ending.closing
    except Exception:
        _log.exception("socket_failed")
        closing = INTERNAL
    hub.metrics.closed(closing)
    await line.close(closing)


async def _converse(line: Line, door: Door, hub: Hub, whence: Whence) -> Closing:
    await line.accept()
    async with hub.stranger():
        auth = await first_auth(line, hub.limits)
        peer = await admit(door, auth, whence)
    async with hub.join(peer) as outbox:
        return await Session(line, hub, door, whence, outbox).run(auth)
