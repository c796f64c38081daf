"""How often visitors may write: a guard of the routes on which they do, never of tracking or sockets."""

from __future__ import annotations

from litestar.handlers import BaseRouteHandler

from infrastructure.rates import Sender
from interfaces.http.audience import Caller, Connection


async def pace(connection: Connection, _: BaseRouteHandler) -> None:
    """Before the body is read, nothing is stored. Members are not paced. Raises RateLimited."""
    caller: Caller = connection.state.caller
    if caller.member is not None:
        return
    sender = Sender(
        caller.tenant_id,
        visitor=caller.contact_id,
        address=None if connection.client is None else connection.client.host,
        widget=None if caller.widget is None else caller.widget.widget_id,
    )
    await connection.app.state.parts.rates.permit(sender)
