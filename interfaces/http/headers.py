"""Headers of the contract: request id, idempotency key, positions, versions."""

from __future__ import annotations

import re
from typing import Any, TypeVar
from uuid import uuid4

from litestar import Response
from litestar.connection import ASGIConnection
from litestar.types import Scope

from application.actor import Actor
from application.bus import Receipt
from application.bus import Request as CommandRequest
from application.command import Command
from domain.refusals import Invalid

T = TypeVar("T")
Connection = ASGIConnection[Any, Any, Any, Any]

POSITION = "X-Event-Position"
REPLAYED = "Idempotent-Replayed"

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,100}")
_KEY = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,198}[\x21-\x7e])?")
_VERSION = re.compile(r'(?:W/)?"?(\d{1,9})"?')


def request_id(scope: Scope) -> str:
    """The client's, where it is a plain one, else a new one; the same for the whole request."""
    state = scope.setdefault("state", {})
    if "request_id" not in state:
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        state["request_id"] = given.decode() if _REQUEST_ID.fullmatch(given) else f"req_{uuid4().hex}"
    return state["request_id"]


def address_of(connection: Connection) -> str | None:
    """Where a request comes from: what a proxy says counts where `FORWARDED_ALLOW_IPS` trusts it (uvicorn)."""
    return None if connection.client is None else connection.client.host


def idempotency_key(request: Connection, in_body: str | None) -> str | None:
    """The header, else the body's `clientMessageId`; 1 to 200 printable ASCII characters. Raises Invalid."""
    key = request.headers.get("idempotency-key")
    if key is None:
        key = in_body
    if key is not None and not _KEY.fullmatch(key):
        raise Invalid("An idempotency key has 1 to 200 printable ASCII characters.")
    return key


def command_request(
    request: Connection, actor: Actor, command: type[Command], in_body: str | None = None
) -> CommandRequest:
    """The key is the caller's own: nobody meets somebody else's answer by choosing the same one."""
    key = idempotency_key(request, in_body)
    owner = f"{actor.by.kind}:{actor.by.id}:{command.__name__}"
    return CommandRequest(key=None if key is None else f"{owner}:{key}", id=request_id(request.scope))


def expected_version(request: Connection) -> int | None:
    """`If-Match`, None where it is not given or `*`. Raises Invalid."""
    given = request.headers.get("if-match")
    if given is None or given.strip() == "*":
        return None
    match = _VERSION.fullmatch(given.strip())
    if match is None:
        raise Invalid("If-Match carries one version of the conversation.")
    return int(match[1])


def min_position(request: Connection) -> int | None:
    """`X-Min-Position`. Raises Invalid."""
    given = request.headers.get("x-min-position")
    if given is None:
        return None
    if not given.isascii() or not given.isdigit() or len(given) > 18:
        raise Invalid("X-Min-Position is a number.")
    return int(given)


def answer(body: T, *, seq: int, status: int = 200, version: int | None = None) -> Response[T]:
    """A body with the tenant's position, and with the conversation's version where it has one."""
    headers = {POSITION: str(seq)}
    if version is not None:
        headers["ETag"] = f'"{version}"'
    return Response(body, status_code=status, headers=headers)


def answer_to_command(body: T, receipt: Receipt, status: int = 200, version: int | None = None) -> Response[T]:
    """The same after a command; a repeat says that it is one."""
    response = answer(body, seq=receipt.seq, status=status, version=version)
    if receipt.replayed:
        response.headers[REPLAYED] = "true"
    return response
