"""The socket routes, and the document that describes them."""

from __future__ import annotations

import msgspec
from litestar import WebSocket, get, websocket
from litestar.handlers import BaseRouteHandler

from infrastructure.access.access import Access
from interfaces.ws.asyncapi import asyncapi_document
from interfaces.ws.chat import VisitorDoor
from interfaces.ws.hub import Hub
from interfaces.ws.socket import serve
from interfaces.ws.tenant import MemberDoor

AUDIENCE = {"audience": "socket"}
"""No credential in the request: the first frame carries it."""


class SocketParts(msgspec.Struct, frozen=True):
    """What the sockets need, handed in by the composition root, which starts and closes the hub."""

    access: Access
    hub: Hub


def socket_routes(parts: SocketParts) -> list[BaseRouteHandler]:
    """`/api/ws/tenant`, `/api/ws/chat` and `/api/asyncapi.json`."""
    members, visitors = MemberDoor(parts.access), VisitorDoor(parts.access)

    @websocket("/api/ws/tenant", opt=AUDIENCE)
    async def tenant_socket(socket: WebSocket) -> None:
        """Everything of a tenant that its members may see, live."""
        await serve(socket, members, parts.hub)

    @websocket("/api/ws/chat", opt=AUDIENCE)
    async def chat_socket(socket: WebSocket) -> None:
        """A visitor's own conversations, live."""
        await serve(socket, visitors, parts.hub)

    @get("/api/asyncapi.json", opt={"audience": "public"}, include_in_schema=False, sync_to_thread=False)
    def asyncapi() -> dict[str, object]:
        """AsyncAPI 3 of both sockets."""
        return asyncapi_document()

    return [tenant_socket, chat_socket, asyncapi]
