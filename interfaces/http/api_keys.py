"""API keys: what integrations come by."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody

from application.api_key import IssueApiKey, RevokeApiKey
from domain.api_key import ApiKeyIssued, Scope
from domain.ids import parse, wire
from domain.refusals import Invalid, NotFound
from infrastructure.access.api_keys import ApiKeyRow
from interfaces.http.audience import Asker, may
from interfaces.http.body import JsonRequest
from interfaces.http.first_contact import order_of
from interfaces.http.headers import answer, answer_to_command
from interfaces.http.parts import Parts
from interfaces.http.transcript import Limit, PageCursor
from projections.cursor import Cursor, decode_cursor, encode_cursor, page_limit

ORDER = "newest_key"


class ApiKeyRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Without `expiresAt` it does not expire."""

    name: str
    scopes: tuple[Scope, ...]
    expires_at: datetime | None = None


class ApiKeyBody(msgspec.Struct, frozen=True, rename="camel"):
    """`hint`: the key's last four characters. `lastUsedAt` is exact to a minute."""

    id: str
    name: str
    hint: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class IssuedAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """`key` is `sk_…`, shown this once: null in the answer to a repeat."""

    api_key: ApiKeyBody
    key: str | None


class ApiKeyList(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[ApiKeyBody, ...]
    next_cursor: str | None = None


@post(
    "/api/v1/api-keys",
    status_code=201,
    opt={"audience": "member", "roles": may(IssueApiKey)},
    summary="Issue an API key",
    operation_id="issueApiKey",
    tags=["api-keys"],
)
async def issue_api_key(
    request: JsonRequest, data: JSONBody[ApiKeyRequest], caller: Asker, parts: Parts
) -> Response[IssuedAnswer]:
    """Send it as `Authorization: Bearer sk_…`. Only its hash is kept."""
    actor = caller.actor()
    command = IssueApiKey(name=data.name, scopes=data.scopes, expires_at=data.expires_at)
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    issued = next(event for event in receipt.events if isinstance(event, ApiKeyIssued))
    key = await parts.access.api_keys.issue(issued)
    row = await parts.access.api_keys.find(caller.tenant_id, issued.originator_id)
    if row is None:
        raise NotFound
    return answer_to_command(IssuedAnswer(_body(row), key), receipt, 201)


@get(
    "/api/v1/api-keys",
    opt={"audience": "member", "roles": may(IssueApiKey)},
    summary="List API keys",
    operation_id="listApiKeys",
    tags=["api-keys"],
)
async def list_api_keys(
    caller: Asker, parts: Parts, limit: Limit = 50, cursor: PageCursor = None
) -> Response[ApiKeyList]:
    """The newest first, revoked and expired ones too."""
    before, wanted = _before(cursor), page_limit(limit)
    rows = await parts.access.api_keys.page(caller.tenant_id, before, wanted + 1)
    shown = rows[:wanted]
    more = encode_cursor(Cursor(ORDER, "", shown[-1].key_id.hex)) if len(rows) > wanted else None
    seq = await parts.reader.tenant_heads([caller.tenant_id])
    return answer(ApiKeyList(tuple(_body(row) for row in shown), more), seq=seq[caller.tenant_id])


@delete(
    "/api/v1/api-keys/{key_id:str}",
    status_code=204,
    opt={"audience": "member", "roles": may(RevokeApiKey)},
    summary="Revoke an API key",
    operation_id="revokeApiKey",
    tags=["api-keys"],
)
async def revoke_api_key(
    request: JsonRequest, key_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[None]:
    """At once here, within 5 s everywhere. Revoking twice changes nothing."""
    id, actor = parse("api_key", key_id), caller.actor()
    await parts.access.api_keys.revoke(caller.tenant_id, id)  # first: what is revoked must not wait for a log
    command = RevokeApiKey(key_id=id)
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    return answer_to_command(None, receipt, 204)


ROUTES = (issue_api_key, list_api_keys, revoke_api_key)


def _before(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(hex=decode_cursor(cursor, ORDER).last)
    except ValueError:
        raise Invalid("cursor is not one of ours.") from None


def _body(row: ApiKeyRow) -> ApiKeyBody:
    return ApiKeyBody(
        wire("api_key", row.key_id),
        row.name,
        row.hint,
        tuple(row.scopes),
        row.at,
        row.expires_at,
        row.revoked_at,
        row.last_used_at,
    )
