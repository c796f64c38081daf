"""Audience: which credential a route takes, stated in its `opt`, enforced here before its body is read.

`opt={"audience": …, "roles": …}`. A route that states none is refused, so none is open by oversight.
"""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler

from application.actor import Actor, visitor
from application.command import Command
from domain.kernel import By
from domain.receipts import Side
from domain.refusals import Forbidden, Invalid, TokenMissing, Unauthenticated
from infrastructure.access.access import Access
from infrastructure.access.grants import Member, VisitorGrant, WidgetGrant
from interfaces.http.headers import address_of, min_position
from interfaces.http.rights import Givers, expect_right
from interfaces.http.scopes import expect_scope

Audience = Literal[
    "public", "socket", "link", "widget", "visitor", "visitor_or_agent", "first_contact_or_agent", "member"
]
Connection = ASGIConnection[Any, Any, Any, Any]

OPEN = frozenset(["public", "socket", "link"])
"""No credential in a header: anybody, or a first frame or the address itself carries it."""
FROM_OTHER_SITES = frozenset(["widget", "visitor", "visitor_or_agent", "first_contact_or_agent"])
"""Called by pages of other sites (CORS)."""
STAFF = frozenset(["owner", "admin", "supervisor", "agent"])
MEMBERS = STAFF | {"analyst", "auditor"}


class Caller(msgspec.Struct, frozen=True):
    """Who a request's credentials speak for. At most one of `member` and the other two is there."""

    tenant_id: int
    member: Member | None = None
    widget: WidgetGrant | None = None
    visitor: VisitorGrant | None = None

    @property
    def agent(self) -> Member:
        """Raises Unauthenticated for anybody but a member."""
        if self.member is None:
            raise Unauthenticated
        return self.member

    @property
    def contact_id(self) -> UUID | None:
        return None if self.visitor is None else self.visitor.contact_id

    @property
    def widget_id(self) -> UUID | None:
        return None if self.widget is None else self.widget.widget_id

    @property
    def side(self) -> Side:
        """Whose eyes a conversation is shown to."""
        return "visitor" if self.member is None else "agent"

    def actor(self, new_contact: UUID | None = None) -> Actor:
        """A member, a visitor, or on first contact `new_contact`. Raises TokenMissing."""
        if self.member is not None:
            kind = "integration" if self.member.is_key else "agent"
            by = By(kind, self.member.agent_id)
            return Actor(self.tenant_id, by, self.member.role, self.member.scopes, self.member.permissions)
        contact_id = self.contact_id or new_contact
        if contact_id is None:
            raise TokenMissing
        return visitor(self.tenant_id, contact_id)


Asker = NamedDependency[Caller]
"""How a route asks for its caller."""


def may(command: type[Command]) -> Givers:
    """The members who may give a command, out of the one permission table."""
    return Givers.of(command, MEMBERS)


async def authenticate(connection: Connection, handler: BaseRouteHandler) -> None:
    """The guard of the whole app: leaves a Caller in the request's state.

    Raises Unauthenticated, Forbidden; AddressBlocked for whoever comes by a widget that is not for their address.
    """
    if connection.scope.get("method") == "OPTIONS":
        return
    if b"%00" in connection.scope["query_string"]:
        raise Invalid("The query holds a character that no text may hold.")
    audience = handler.opt.get("audience")
    if audience in OPEN:
        return
    caller = await _caller(connection, connection.app.state.parts.access, audience)
    if caller.member is not None:
        roles = handler.opt.get("roles", MEMBERS)
        if caller.member.permissions is None and caller.member.role not in roles:
            raise Forbidden
        expect_right(caller.member, roles, connection.scope)
        expect_scope(caller.member.scopes, connection.scope)
    min_position(connection)  # a malformed one is refused everywhere, also where nothing waits for it
    connection.state.caller = caller


def provide_caller(request: Connection) -> Caller:
    """For routes that ask for `caller`."""
    return request.state.caller


async def _caller(connection: Connection, access: Access, audience: str | None) -> Caller:
    bearer, visitor_token = _bearer(connection), connection.headers.get("x-visitor-token")
    match audience:
        case "member":
            return await _member(access, bearer)
        case "widget":
            return await _from_widget(connection, access, bearer, visitor_token)
        case "visitor":
            return await _visitor(connection, access, bearer, visitor_token)
        case "visitor_or_agent" | "first_contact_or_agent":
            if not bearer.startswith(("wt_", "vt_")) and not (visitor_token and not bearer):
                return await _member(access, bearer)
            if audience == "first_contact_or_agent" and bearer.startswith("wt_"):
                return await _from_widget(connection, access, bearer, visitor_token)
            return await _visitor(connection, access, bearer, visitor_token)
        case _:
            raise Unauthenticated


async def _member(access: Access, bearer: str) -> Caller:
    member = await (access.api_key(bearer) if bearer.startswith("sk_") else access.member(bearer))
    return Caller(member.tenant_id, member=member)


async def _from_widget(connection: Connection, access: Access, bearer: str, visitor_token: str | None) -> Caller:
    widget = await access.widget(bearer, foreign_origin(connection))
    await access.addresses.permit(widget.tenant_id, widget.widget_id, address_of(connection))
    if visitor_token is None:
        return Caller(widget.tenant_id, widget=widget)
    grant = await access.visitor(visitor_token)
    if grant.tenant_id != widget.tenant_id:
        raise Unauthenticated
    if grant.widget_id != widget.widget_id:
        await access.addresses.permit(grant.tenant_id, grant.widget_id, address_of(connection))
    return Caller(widget.tenant_id, widget=widget, visitor=grant)


async def _visitor(connection: Connection, access: Access, bearer: str, visitor_token: str | None) -> Caller:
    if bearer.startswith("wt_"):
        caller = await _from_widget(connection, access, bearer, visitor_token)
        if caller.visitor is None:
            raise TokenMissing("A visitor token is needed.")
        return caller
    if bearer and visitor_token:
        raise Unauthenticated
    grant = await access.visitor(bearer or visitor_token or "")
    await access.addresses.permit(grant.tenant_id, grant.widget_id, address_of(connection))
    return Caller(grant.tenant_id, visitor=grant)


def foreign_origin(connection: Connection) -> str | None:
    """The page's origin as the browser tells it, None where it is ours or nobody tells."""
    origin = connection.headers.get("origin")
    if origin is None:
        return None
    ours = {
        connection.headers.get("host", "").lower(),
        urlsplit(connection.app.state.parts.base_url).netloc.lower(),
    }
    return None if urlsplit(origin).netloc.lower() in ours else origin


def _bearer(connection: Connection) -> str:
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if not scheme:
        return ""
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated
    return token.strip()
