"""Family B: writing canned responses. Shared ones are supervisors' work, private ones their author's."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import msgspec
from litestar import Response, delete, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, UnsetType

from application.bus import Receipt
from application.canned_response import ChangeCannedResponse, CreateCannedResponse, RemoveCannedResponse
from domain.canned_response import CannedResponseSaved, Scope
from domain.ids import parse
from domain.kernel import Event
from domain.refusals import NotFound
from interfaces.http.audience import Asker, may
from interfaces.http.body import JsonRequest
from interfaces.http.canned import CANNED, READING
from interfaces.http.canned_body import CannedBody, canned_of_event
from interfaces.http.chat import maybe_parse
from interfaces.http.first_contact import order_of
from interfaces.http.headers import answer_to_command, expected_version
from interfaces.http.parts import Parts


class CannedRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """`team_id` with the scope `team` only; `attachments` are ids of files."""

    shortcut: str
    title: str
    body: str
    scope: Scope = "tenant"
    team_id: str | None = None
    attachments: tuple[str, ...] = ()


class CannedChange(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What is left out stays as it is."""

    shortcut: str | UnsetType = UNSET
    title: str | UnsetType = UNSET
    body: str | UnsetType = UNSET
    scope: Scope | UnsetType = UNSET
    team_id: str | UnsetType | None = UNSET
    attachments: tuple[str, ...] | UnsetType = UNSET


@post(
    CANNED,
    status_code=201,
    opt={"audience": "member", "roles": may(CreateCannedResponse)},
    summary="Create a canned response",
    operation_id="createCannedResponse",
    tags=["chat"],
)
async def create_canned_response(
    request: JsonRequest, data: JSONBody[CannedRequest], caller: Asker, parts: Parts
) -> Response[CannedBody]:
    """409 `shortcut_taken` where the tenant, the team or the agent has one of that shortcut, whatever its case."""
    actor = caller.actor()
    command = CreateCannedResponse(
        shortcut=data.shortcut,
        title=data.title,
        body=data.body,
        scope=data.scope,
        team_id=maybe_parse("team", data.team_id),
        attachments=_files(data.attachments),
    )
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    return _as_saved(receipt, _saved_in(receipt.events), 201)


@patch(
    CANNED + "/{canned_response_id:str}",
    status_code=200,
    opt={"audience": "member", "roles": may(ChangeCannedResponse)},
    summary="Change a canned response",
    operation_id="changeCannedResponse",
    tags=["chat"],
)
async def change_canned_response(
    request: JsonRequest,
    canned_response_id: FromPath[str],
    data: JSONBody[CannedChange],
    caller: Asker,
    parts: Parts,
) -> Response[CannedBody]:
    """Only what is named changes. `If-Match` with its version refuses to overwrite somebody else's change."""
    actor = caller.actor()
    command = ChangeCannedResponse(
        canned_response_id=parse("canned_response", canned_response_id),
        shortcut=data.shortcut,
        title=data.title,
        body=data.body,
        scope=data.scope,
        team_id=UNSET if data.team_id is UNSET else maybe_parse("team", data.team_id),
        attachments=UNSET if data.attachments is UNSET else _files(data.attachments),
        expected_version=expected_version(request),
    )
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    saved = _saved_in(receipt.events)
    if saved is None:
        stream = await parts.reader.stream(caller.tenant_id, command.canned_response_id)
        saved = _saved_in(one.event for one in stream)
    return _as_saved(receipt, saved, 200)


@delete(
    CANNED + "/{canned_response_id:str}",
    status_code=204,
    opt={"audience": "member", "roles": may(RemoveCannedResponse)},
    summary="Remove a canned response",
    operation_id="removeCannedResponse",
    tags=["chat"],
)
async def remove_canned_response(
    request: JsonRequest, canned_response_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[None]:
    """Its shortcut is free again; removing twice changes nothing."""
    actor = caller.actor()
    command = RemoveCannedResponse(canned_response_id=parse("canned_response", canned_response_id))
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    return answer_to_command(None, receipt, 204)


ROUTES = (*READING, create_canned_response, change_canned_response, remove_canned_response)


def _files(ids: tuple[str, ...]) -> tuple[UUID, ...]:
    return tuple(parse("file", id) for id in ids)


def _saved_in(events: Iterable[Event]) -> CannedResponseSaved | None:
    """The last text among them."""
    found: CannedResponseSaved | None = None
    for event in events:
        if isinstance(event, CannedResponseSaved):
            found = event
    return found


def _as_saved(receipt: Receipt, saved: CannedResponseSaved | None, status: int) -> Response[CannedBody]:
    """Out of the log itself, so the answer holds what was just done."""
    if saved is None:
        raise NotFound
    return answer_to_command(canned_of_event(saved), receipt, status, saved.originator_version)
