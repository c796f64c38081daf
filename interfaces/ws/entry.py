"""Entry: the first frame of a socket, and what is made of the credentials in it."""

from __future__ import annotations

import asyncio

import msgspec
import psycopg

from domain.refusals import Refusal
from interfaces.ws.client_frames import Auth, decode
from interfaces.ws.closing import (
    AUTH_TIMEOUT,
    BAD_FRAME,
    NOT_AUTHENTICATED,
    TRY_AGAIN,
    SocketClosing,
    closing_of,
)
from interfaces.ws.door import Door, Whence
from interfaces.ws.limits import SocketLimits
from interfaces.ws.line import Line
from interfaces.ws.peer import Peer

ADMIT_SECONDS = 5.0


async def first_auth(line: Line, limits: SocketLimits) -> Auth:
    """The first frame, in time and short. Raises SocketClosing: there is one try."""
    try:
        async with asyncio.timeout(limits.auth_seconds):
            text = await line.receive(limits.first_frame, too_large=BAD_FRAME)
    except TimeoutError:
        raise SocketClosing(AUTH_TIMEOUT) from None
    try:
        frame = decode(text)
    except msgspec.ValidationError as error:
        raise SocketClosing(NOT_AUTHENTICATED) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise SocketClosing(BAD_FRAME) from error
    if not isinstance(frame, Auth):
        raise SocketClosing(NOT_AUTHENTICATED)
    return frame


async def admit(door: Door, auth: Auth, whence: Whence) -> Peer:
    """Who it is. Raises SocketClosing for what the door refuses, and where nobody can say in time."""
    try:
        async with asyncio.timeout(ADMIT_SECONDS):
            return await door.admit(auth, whence)
    except Refusal as refusal:
        raise SocketClosing(closing_of(refusal)) from refusal
    except (psycopg.Error, TimeoutError) as error:
        raise SocketClosing(TRY_AGAIN) from error
