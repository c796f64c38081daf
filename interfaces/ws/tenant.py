"""The tenant socket: members' dashboards, by access JWT."""

from __future__ import annotations

from application.actor import Actor
from application.rights import expect_right
from domain.kernel import By
from domain.refusals import Forbidden
from infrastructure.access.access import Access
from interfaces.ws.client_frames import Auth
from interfaces.ws.door import Whence
from interfaces.ws.peer import LISTENERS, Peer, Standing


class MemberDoor:
    """A log-out is in no event: the session is asked after again and again."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def admit(self, auth: Auth, whence: Whence) -> Peer:
        """The token is the proof; from where it comes does not matter."""
        member = await self._access.member(auth.token)
        if member.role not in LISTENERS:
            raise Forbidden
        if member.permissions is not None:
            expect_right(member.permissions, "conversations:read")
        by = By("agent", member.agent_id)
        actor = Actor(member.tenant_id, by, member.role, permissions=member.permissions)
        return Peer(actor, expires_at=member.expires_at)

    async def still(self, auth: Auth) -> Standing:
        return (await self.admit(auth, Whence())).standing
