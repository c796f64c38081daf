"""Door: how one kind of socket finds out who is there. `tenant.py` and `chat.py` are the two there are."""

from __future__ import annotations

from typing import Protocol

from interfaces.ws.frames import Auth
from interfaces.ws.peer import Peer


class Door(Protocol):
    @property
    def rechecks(self) -> bool:
        """True where only asking again shows that a credential was revoked; else an event says so."""
        ...

    async def admit(self, auth: Auth, site: str | None) -> Peer:
        """`site` is the foreign site the browser is on. Raises Unauthenticated, Forbidden, Unavailable."""
        ...
