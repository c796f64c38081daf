"""Door: how one kind of socket finds out who is there. `tenant.py` and `chat.py` are the two there are."""

from __future__ import annotations

from typing import Protocol

from interfaces.ws.client_frames import Auth
from interfaces.ws.peer import Peer, Standing


class Door(Protocol):
    async def admit(self, auth: Auth, site: str | None) -> Peer:
        """`site` is the foreign site the browser is on. Raises Unauthenticated, Forbidden, Unavailable."""
        ...

    async def still(self, auth: Auth) -> Standing:
        """Whether `auth.token` is still good, and for what: asked again and again, once for all its sockets.

        Raises Unauthenticated, Forbidden, Unavailable.
        """
        ...
