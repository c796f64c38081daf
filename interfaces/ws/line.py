"""Line: text in, text out, a close code at the end; what the ASGI server means by its messages stays in here."""

from __future__ import annotations

import asyncio

from litestar import WebSocket
from litestar.exceptions import WebSocketDisconnect

from interfaces.ws.closing import FRAME_TOO_LARGE, GONE, TOO_SLOW, Closing, SocketClosing
from interfaces.ws.limits import SocketLimits


class Line:
    """One WebSocket. Every method but `close` raises SocketClosing, also when the client is gone."""

    def __init__(self, socket: WebSocket, limits: SocketLimits) -> None:
        self._socket = socket
        self._limits = limits

    async def accept(self) -> None:
        try:
            await self._socket.accept()
        except (OSError, WebSocketDisconnect) as error:
            raise SocketClosing(GONE) from error

    async def receive(self, limit: int, too_large: Closing = FRAME_TOO_LARGE) -> str:
        """The next frame, at most `limit` bytes; an empty text for a binary one, which no frame of ours is."""
        try:
            message = await self._socket.receive()
        except WebSocketDisconnect as error:
            raise SocketClosing(GONE) from error
        if message["type"] != "websocket.receive":
            raise SocketClosing(GONE)
        text = message.get("text") or ""
        if len(message.get("bytes") or b"") > limit or len(text) > limit or len(text.encode()) > limit:
            raise SocketClosing(too_large)
        return text

    async def send(self, frame: bytes) -> None:
        """Waits while the client reads slowly, but not for ever."""
        try:
            async with asyncio.timeout(self._limits.send_seconds):
                await self._socket.send({"type": "websocket.send", "text": frame.decode(), "bytes": None})
        except TimeoutError as error:
            raise SocketClosing(TOO_SLOW) from error
        except (OSError, WebSocketDisconnect, RuntimeError) as error:
            # RuntimeError: uvicorn's word for a send after it closed the connection by itself.
            raise SocketClosing(GONE) from error

    async def close(self, closing: Closing) -> bool:
        """False where the client could not be told in time, or is gone."""
        if closing is GONE:
            return False
        try:
            async with asyncio.timeout(self._limits.close_seconds):
                await self._socket.close(closing.code, closing.reason)
        except (OSError, WebSocketDisconnect, RuntimeError, TimeoutError):
            return False
        return True
