"""The chat socket: one visitor's own conversations, by widget token and visitor token."""

from __future__ import annotations

from application.actor import visitor
from domain.refusals import TokenMissing, Unauthenticated
from infrastructure.access.access import Access
from interfaces.ws.client_frames import Auth
from interfaces.ws.peer import Peer, Standing


class VisitorDoor:
    """A revoked widget token and an erased contact are events, which the channel hears of; that a token's time
    is over is in none, so it is asked after again and again."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def admit(self, auth: Auth, site: str | None) -> Peer:
        """Both tokens, of one tenant."""
        if not auth.visitor_token:
            raise TokenMissing
        widget = await self._access.widget(auth.token, site)
        grant = await self._access.visitor(auth.visitor_token)
        if grant.tenant_id != widget.tenant_id:
            raise Unauthenticated
        return Peer(visitor(grant.tenant_id, grant.contact_id), token_id=widget.token_id)

    async def still(self, auth: Auth) -> Standing:
        """The widget token, from wherever; who loses a visitor token is shown out by another round."""
        await self._access.widget(auth.token, None)
        return Standing("visitor")
