"""Widget tokens: which site may talk. Made and rotated here, shown once, revoked at once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody

from application.widget import RevokeWidgetToken, RotateWidgetToken
from domain.ids import parse, wire
from domain.refusals import Invalid, NotFound
from domain.widget import GRACE_SECONDS, LONGEST_GRACE, WidgetTokenRotated
from infrastructure.access.widget_tokens import WidgetTokenRow
from infrastructure.clock import now
from interfaces.http.audience import Asker, may
from interfaces.http.body import JsonRequest
from interfaces.http.first_contact import order_of
from interfaces.http.headers import answer, answer_to_command
from interfaces.http.parts import Parts
from interfaces.http.transcript import Limit, PageCursor
from interfaces.http.widgets import ONE, widget_in_log
from projections.cursor import Cursor, decode_cursor, encode_cursor, page_limit

TOKENS = ONE + "/tokens"
ORDER = "widget_tokens"


class RotateRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """How long the tokens before it stay good: a day by default, 0 ends them now, 30 days at most."""

    grace_seconds: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_GRACE)] = GRACE_SECONDS


class WidgetTokenBody(msgspec.Struct, frozen=True, rename="camel"):
    """`hint`: its last four characters. `graceUntil`: a newer one was made, and this one ends then."""

    id: str
    hint: str
    status: Literal["active", "grace", "expired", "revoked"]
    created_at: datetime
    grace_until: datetime | None
    revoked_at: datetime | None


class RotatedAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """`token` is `wt_…`, shown this once: null in the answer to a repeat. `graceUntil`: when the others end."""

    id: str
    token: str | None
    grace_until: datetime


class WidgetTokenList(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[WidgetTokenBody, ...]
    next_cursor: str | None = None


@post(
    TOKENS + "/rotate",
    status_code=201,
    opt={"audience": "member", "roles": may(RotateWidgetToken)},
    summary="Rotate the widget token",
    operation_id="rotateWidgetToken",
    tags=["widgets"],
)
async def rotate_widget_token(
    request: JsonRequest,
    widget_id: FromPath[str],
    caller: Asker,
    parts: Parts,
    data: JSONBody[RotateRequest | None] = None,
) -> Response[RotatedAnswer]:
    """A new token beside the older ones, which end after `graceSeconds`. Only its hash is kept."""
    actor, grace = caller.actor(), (data or RotateRequest()).grace_seconds
    command = RotateWidgetToken(widget_id=parse("widget", widget_id), grace_seconds=grace)
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    rotated = next(event for event in receipt.events if isinstance(event, WidgetTokenRotated))
    ends = (await widget_in_log(parts, caller.tenant_id, command.widget_id)).token_ends
    token = await parts.access.widget_tokens.rotated(caller.tenant_id, rotated, ends)
    body = RotatedAnswer(wire("token", rotated.token_id), token, rotated.grace_until)
    return answer_to_command(body, receipt, 201)


@get(
    TOKENS,
    opt={"audience": "member", "roles": may(RotateWidgetToken)},
    summary="List a widget's tokens",
    operation_id="listWidgetTokens",
    tags=["widgets"],
)
async def list_widget_tokens(
    widget_id: FromPath[str], caller: Asker, parts: Parts, limit: Limit = 50, cursor: PageCursor = None
) -> Response[WidgetTokenList]:
    """The newest first, those that ended too; never the tokens themselves."""
    id, before, wanted = parse("widget", widget_id), _before(cursor), page_limit(limit)
    await widget_in_log(parts, caller.tenant_id, id)
    rows = await parts.access.widget_tokens.page(caller.tenant_id, id, before, wanted + 1)
    shown = rows[:wanted]
    more = None
    if len(rows) > wanted:
        more = encode_cursor(Cursor(ORDER, shown[-1].at.isoformat(), shown[-1].token_id.hex))
    seq = await parts.reader.tenant_heads([caller.tenant_id])
    at = now()
    return answer(WidgetTokenList(tuple(_body(row, at) for row in shown), more), seq=seq[caller.tenant_id])


@delete(
    TOKENS + "/{token_id:str}",
    status_code=204,
    opt={"audience": "member", "roles": may(RevokeWidgetToken)},
    summary="Revoke a widget token",
    operation_id="revokeWidgetToken",
    tags=["widgets"],
)
async def revoke_widget_token(
    request: JsonRequest, widget_id: FromPath[str], token_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[None]:
    """At once; sockets that came by it are closed in every process. Revoking twice changes nothing."""
    id, token, actor = parse("widget", widget_id), parse("token", token_id), caller.actor()
    command = RevokeWidgetToken(widget_id=id, token_id=token)
    if not await parts.access.widget_tokens.is_of(caller.tenant_id, id, token):
        raise NotFound
    await parts.access.revoke_widget_token(caller.tenant_id, token)  # first: it must not wait for a log
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    return answer_to_command(None, receipt, 204)


ROUTES = (rotate_widget_token, list_widget_tokens, revoke_widget_token)


def _body(row: WidgetTokenRow, at: datetime) -> WidgetTokenBody:
    return WidgetTokenBody(
        wire("token", row.token_id), row.hint, row.status(at), row.at, row.not_after, row.revoked_at
    )


def _before(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    place = decode_cursor(cursor, ORDER)
    try:
        return datetime.fromisoformat(place.key), UUID(hex=place.last)
    except ValueError:
        raise Invalid("cursor is not one of ours.") from None
