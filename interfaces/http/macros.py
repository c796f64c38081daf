"""Macros: actions under a name. Shared ones are supervisors' work, private ones their author's."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, UnsetType

from application.macro import ApplyMacro, ChangeMacro, CreateMacro, RemoveMacro
from application.projection import Connection
from application.reach import SHARING
from domain.canned_response import Scope
from domain.ids import parse, wire
from domain.kernel import Event
from domain.macro import MacroSaved
from domain.refusals import NotFound
from domain.rule_actions import Action
from interfaces.http.audience import STAFF, Asker, Caller, may
from interfaces.http.body import JsonRequest
from interfaces.http.carried_out import ConversationAnswer, carry_out
from interfaces.http.chat import maybe_parse
from interfaces.http.first_contact import order_of
from interfaces.http.headers import answer, answer_to_command, expected_version
from interfaces.http.parts import Parts
from interfaces.http.position import reached
from interfaces.http.transcript import Limit, PageCursor
from interfaces.wire import maybe_wire
from projections.canned import Viewer, teams_of
from projections.macros import MacroRow, read_macro, read_macros

MACROS = "/api/v1/macros"
ONE = MACROS + "/{macro_id:str}"


class NewMacro(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """`team_id` with the scope `team` only."""

    name: str
    actions: tuple[Action, ...]
    scope: Scope = "tenant"
    team_id: str | None = None


class MacroChange(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What is left out stays; actions are replaced as a whole."""

    name: str | UnsetType = UNSET
    actions: tuple[Action, ...] | UnsetType = UNSET
    scope: Scope | UnsetType = UNSET
    team_id: str | UnsetType | None = UNSET


class MacroBody(msgspec.Struct, frozen=True, rename="camel"):
    """`version` counts its saves: what it does names the version that did it."""

    id: str
    name: str
    actions: tuple[Action, ...]
    scope: Scope
    team_id: str | None
    version: int
    updated_at: datetime


class MacroList(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[MacroBody, ...]
    next_cursor: str | None = None


@get(
    MACROS,
    opt={"audience": "member", "roles": STAFF},
    summary="List macros",
    operation_id="listMacros",
    tags=["macros"],
)
async def list_macros(
    request: JsonRequest, caller: Asker, parts: Parts, limit: Limit = 50, cursor: PageCursor = None
) -> Response[MacroList]:
    """All that the caller may apply, by name."""
    seq = await reached(parts, request, caller.tenant_id, "macros")
    async with parts.database.tenant(caller.tenant_id) as connection:
        viewer = await _viewer(connection, caller)
        page = await read_macros(connection, caller.tenant_id, viewer, limit, cursor)
    return answer(MacroList(tuple(_of_row(row) for row in page.rows), page.next_cursor), seq=seq)


@post(
    MACROS,
    status_code=201,
    opt={"audience": "member", "roles": may(CreateMacro)},
    summary="Create a macro",
    operation_id="createMacro",
    tags=["macros"],
)
async def create_macro(
    request: JsonRequest, data: JSONBody[NewMacro], caller: Asker, parts: Parts
) -> Response[MacroBody]:
    """In an action, `me` is whoever applies it."""
    actor, team_id = caller.actor(), maybe_parse("team", data.team_id)
    command = CreateMacro(name=data.name, actions=data.actions, scope=data.scope, team_id=team_id)
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    body = _of_events(receipt.events)
    return answer_to_command(body, receipt, 201, body.version)


@get(
    ONE,
    opt={"audience": "member", "roles": STAFF},
    summary="Get a macro",
    operation_id="getMacro",
    tags=["macros"],
)
async def get_macro(
    request: JsonRequest, macro_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[MacroBody]:
    """A private one is there for its author only, a team's for its members and supervisors."""
    id = parse("macro", macro_id)
    seq = await reached(parts, request, caller.tenant_id, "macros")
    async with parts.database.tenant(caller.tenant_id) as connection:
        row = await read_macro(connection, caller.tenant_id, await _viewer(connection, caller), id)
    if row is None:
        raise NotFound
    return answer(_of_row(row), seq=seq, version=row.version)


@patch(
    ONE,
    opt={"audience": "member", "roles": may(ChangeMacro)},
    summary="Change a macro",
    operation_id="changeMacro",
    tags=["macros"],
)
async def change_macro(
    request: JsonRequest, macro_id: FromPath[str], data: JSONBody[MacroChange], caller: Asker, parts: Parts
) -> Response[MacroBody]:
    """Only what is named changes. `If-Match` with its version refuses to overwrite somebody else's change."""
    actor = caller.actor()
    command = ChangeMacro(
        macro_id=parse("macro", macro_id),
        name=data.name,
        actions=data.actions,
        scope=data.scope,
        team_id=UNSET if data.team_id is UNSET else maybe_parse("team", data.team_id),
        expected_version=expected_version(request),
    )
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    stream = await parts.reader.stream(caller.tenant_id, command.macro_id)
    body = _of_events(receipt.events or [one.event for one in stream])
    return answer_to_command(body, receipt, version=body.version)


@delete(
    ONE,
    status_code=204,
    opt={"audience": "member", "roles": may(RemoveMacro)},
    summary="Remove a macro",
    operation_id="removeMacro",
    tags=["macros"],
)
async def remove_macro(
    request: JsonRequest, macro_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[None]:
    """Removing twice changes nothing."""
    actor, command = caller.actor(), RemoveMacro(macro_id=parse("macro", macro_id))
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    return answer_to_command(None, receipt, 204)


@post(
    "/api/v1/chat/conversations/{conversation_id:str}/macros/{macro_id:str}/apply",
    status_code=200,
    opt={"audience": "member", "roles": may(ApplyMacro)},
    summary="Apply a macro",
    operation_id="applyMacro",
    tags=["chat"],
)
async def apply_macro(
    request: JsonRequest, conversation_id: FromPath[str], macro_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[ConversationAnswer]:
    """All its actions in one append, or none; `If-Match` refuses where the conversation has moved."""
    command = ApplyMacro(
        conversation_id=parse("conversation", conversation_id),
        macro_id=parse("macro", macro_id),
        expected_version=expected_version(request),
    )
    return await carry_out(request, caller, parts, command)


ROUTES = (list_macros, create_macro, get_macro, change_macro, remove_macro, apply_macro)


async def _viewer(connection: Connection, caller: Caller) -> Viewer:
    teams = await teams_of(connection, caller.tenant_id, caller.agent.agent_id)
    return Viewer(caller.agent.agent_id, teams, sees_all_teams=caller.agent.role in SHARING)


def _of_row(row: MacroRow) -> MacroBody:
    return MacroBody(
        wire("macro", row.macro_id),
        row.name,
        row.actions,
        row.scope,
        maybe_wire("team", row.team_id),
        row.version,
        row.updated_at,
    )


def _of_events(events: Iterable[Event]) -> MacroBody:
    """As the last of these that saved it says. Raises NotFound where none did."""
    saved = [event for event in events if isinstance(event, MacroSaved)]
    if not saved:
        raise NotFound
    last = saved[-1]
    return MacroBody(
        wire("macro", last.originator_id),
        last.name,
        last.actions,
        last.scope,
        maybe_wire("team", last.team_id),
        last.originator_version,
        last.at,
    )
