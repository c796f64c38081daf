"""Door: how one kind of socket finds out who is there. `tenant.py` and `chat.py` are the two there are."""

from __future__ import annotations

from typing import Protocol

import msgspec

from interfaces.ws.client_frames import Auth
from interfaces.ws.peer import Peer, Standing


class Whence(msgspec.Struct, frozen=True):
    """Where a socket comes from: the foreign site that the browser is on, and its address; None where unknown."""

    site: str | None = None
    address: str | None = None


class Door(Protocol):
    async def admit(self, auth: Auth, whence: Whence) -> Peer:
        """Raises Unauthenticated, Forbidden, Unavailable."""
        ...

    async def still(self, auth: Auth) -> Standing:
        """Whether `auth.token` is still good, and for what: asked again and again, once for all its sockets.

        Raises Unauthenticated, Forbidden, Unavailable.
        """
        ...
