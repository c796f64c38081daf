"""Framing: whose pages may show a widget's page: the sites it names, or any where it names none."""

from __future__ import annotations

from contextlib import suppress

from litestar import Request
from litestar.datastructures import State

from domain.ids import parse
from domain.refusals import NotFound
from domain.widget import ORIGIN

NOWHERE, ANYWHERE = "'none'", "*"


async def ancestors_of(request: Request[object, object, State]) -> str:
    """What `frame-ancestors` says for `?widget=wid_…`; nobody where it is not said whose page it is."""
    sites = None
    with suppress(NotFound):
        widget_id = parse("widget", request.query_params.get("widget", ""))
        sites = await request.app.state.parts.access.sites.of(widget_id)
    if sites is None:
        return NOWHERE
    return " ".join(["'self'", *(site for site in sites if ORIGIN.fullmatch(site))]) if sites else ANYWHERE
