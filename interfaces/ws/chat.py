"""The chat socket: one visitor's own conversations, by widget token and visitor token."""

from __future__ import annotations

from application.actor import visitor
from domain.refusals import TokenMissing, Unauthenticated
from infrastructure.access.access import Access
from interfaces.ws.client_frames import Auth
from interfaces.ws.door import Whence
from interfaces.ws.peer import Peer, Standing


class VisitorDoor:
    """A revoked widget token and an erased contact are events, which the channel hears of; that a token's time
    is over is in none, so it is asked after again and again. Address rules have a round of their own."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def admit(self, auth: Auth, whence: Whence) -> Peer:
        """Both tokens, of one tenant, from an address that the widgets they are of may be used from."""
        if not auth.visitor_token:
            raise TokenMissing
        widget = await self._access.widget(auth.token, whence.site)
        grant = await self._access.visitor(auth.visitor_token)
        if grant.tenant_id != widget.tenant_id:
            raise Unauthenticated
        widget_ids = frozenset([widget.widget_id, grant.widget_id or widget.widget_id])
        for widget_id in widget_ids:
            await self._access.addresses.permit(widget.tenant_id, widget_id, whence.address)
        actor = visitor(grant.tenant_id, grant.contact_id)
        return Peer(actor, token_id=widget.token_id, widget_ids=widget_ids, address=whence.address)

    async def still(self, auth: Auth) -> Standing:
        """The widget token, from wherever; who loses a visitor token is shown out by another round."""
        await self._access.widget(auth.token, None)
        return Standing("visitor")
