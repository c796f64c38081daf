"""Why a socket is closed: a code of the contract and a reason that never changes."""

from __future__ import annotations

import msgspec

from domain.refusals import AddressBlocked, Forbidden, Refusal, Unauthenticated, Unavailable


class Closing(msgspec.Struct, frozen=True):
    """A close frame. 44xx codes are ours; 10xx are those of RFC 6455 and its registry."""

    code: int
    reason: str


BAD_FRAME = Closing(4400, "bad_frame")
TOO_MANY_BAD_FRAMES = Closing(4400, "too_many_bad_frames")
NOT_AUTHENTICATED = Closing(4401, "token_invalid")
EXPIRED = Closing(4401, "token_expired")
REVOKED = Closing(4401, "token_revoked")
FORBIDDEN = Closing(4403, "forbidden")
NOT_FROM_HERE = Closing(4403, AddressBlocked.code)
AUTH_TIMEOUT = Closing(4408, "auth_timeout")
TOO_SLOW = Closing(4429, "too_slow")
TOO_MANY_FRAMES = Closing(4429, "too_many_frames")
TOO_MANY_SOCKETS = Closing(4429, "too_many_sockets")
FRAME_TOO_LARGE = Closing(1009, "frame_too_large")
INTERNAL = Closing(1011, "internal")
RESTART = Closing(1012, "restart")
TRY_AGAIN = Closing(1013, "overloaded")
GONE = Closing(1005, "gone")
"""The client closed first: nothing is sent."""


class SocketClosing(Exception):
    """Ends a socket's session from wherever it is raised."""

    def __init__(self, closing: Closing) -> None:
        super().__init__(f"{closing.code} {closing.reason}")
        self.closing = closing


def closing_of(refusal: Refusal) -> Closing:
    """How a refused credential closes the socket; the reason is the refusal's code, as in REST."""
    if isinstance(refusal, Unauthenticated):
        return Closing(4401, refusal.code)
    if isinstance(refusal, Forbidden):
        return Closing(4403, refusal.code)
    if isinstance(refusal, Unavailable):
        return Closing(1013, refusal.code)
    return Closing(4400, refusal.code)
