"""How often visitors may write: a guard of the routes on which they do, never of tracking or sockets."""

from __future__ import annotations

from litestar.handlers import BaseRouteHandler

from infrastructure.rates import Sender
from interfaces.http.audience import Caller, Connection
from interfaces.http.headers import address_of


async def pace(connection: Connection, _: BaseRouteHandler) -> None:
    """Before the body is read, nothing is stored. Members are not paced. Raises RateLimited."""
    caller: Caller = connection.state.caller
    if caller.member is not None:
        return
    sender = Sender(
        caller.tenant_id,
        visitor=caller.contact_id,
        address=address_of(connection),
        widget=caller.widget_id,
    )
    await connection.app.state.parts.rates.permit(sender)
