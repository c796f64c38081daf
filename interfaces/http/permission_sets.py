"""Permission sets: rights under a name, given to agents in place of those of a role."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from application.bus import Receipt
from application.permission_set import ChangePermissionSet, CreatePermissionSet, RemovePermissionSet
from domain.ids import parse, wire
from domain.permission_set import Ground, Permission, PermissionSet
from domain.refusals import NotFound
from interfaces.http.audience import Asker, Caller, may
from interfaces.http.body import JsonRequest
from interfaces.http.first_contact import order_of
from interfaces.http.headers import answer, answer_to_command, expected_version
from interfaces.http.parts import HttpParts, Parts
from interfaces.http.position import reached
from interfaces.http.transcript import Limit, PageCursor
from projections.permission_sets import PermissionSetRow, read_permission_sets

SETS = "/api/v1/permission-sets"
ONE = SETS + "/{permission_set_id:str}"


class PermissionSetRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """`baseRole` says which rows are seen, for good. Over analyst and auditor a set only reads."""

    name: str
    permissions: tuple[Permission, ...]
    base_role: Ground = "agent"


class PermissionSetChanges(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays as it is."""

    name: str | None = None
    permissions: tuple[Permission, ...] | None = None


class PermissionSetBody(msgspec.Struct, frozen=True, rename="camel"):
    """`holders`: how many agents have it."""

    id: str
    name: str
    base_role: Ground
    permissions: tuple[Permission, ...]
    holders: int
    version: int
    updated_at: datetime


class PermissionSetList(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[PermissionSetBody, ...]
    next_cursor: str | None = None


@get(
    SETS,
    opt={"audience": "member", "roles": may(CreatePermissionSet)},
    summary="List permission sets",
    operation_id="listPermissionSets",
    tags=["agents"],
)
async def list_permission_sets(
    request: JsonRequest, caller: Asker, parts: Parts, limit: Limit = 50, cursor: PageCursor = None
) -> Response[PermissionSetList]:
    """By name."""
    seq = await reached(parts, request, caller.tenant_id, "permission_sets")
    async with parts.database.tenant(caller.tenant_id) as connection:
        page = await read_permission_sets(connection, caller.tenant_id, limit, cursor)
    return answer(PermissionSetList(tuple(_of_row(row) for row in page.rows), page.next_cursor), seq=seq)


@get(
    ONE,
    opt={"audience": "member", "roles": may(CreatePermissionSet)},
    summary="Get a permission set",
    operation_id="getPermissionSet",
    tags=["agents"],
)
async def get_permission_set(
    caller: Asker, parts: Parts, permission_set_id: FromPath[str]
) -> Response[PermissionSetBody]:
    """As it is at this moment."""
    body = await _in_log(parts, caller, parse("permission_set", permission_set_id))
    seq = await parts.reader.tenant_heads([caller.tenant_id])
    return answer(body, seq=seq[caller.tenant_id], version=body.version)


@post(
    SETS,
    status_code=201,
    opt={"audience": "member", "roles": may(CreatePermissionSet)},
    summary="Create a permission set",
    operation_id="createPermissionSet",
    tags=["agents"],
)
async def create_permission_set(
    request: JsonRequest, data: JSONBody[PermissionSetRequest], caller: Asker, parts: Parts
) -> Response[PermissionSetBody]:
    """Rights over people, sets, keys, identity providers and plans are in no set: those stay with the admins."""
    actor = caller.actor()
    command = CreatePermissionSet(name=data.name, permissions=data.permissions, ground=data.base_role)
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    return await _answered(parts, caller, receipt.events[0].originator_id, receipt, 201)


@patch(
    ONE,
    opt={"audience": "member", "roles": may(ChangePermissionSet)},
    summary="Change a permission set",
    operation_id="changePermissionSet",
    tags=["agents"],
)
async def change_permission_set(
    request: JsonRequest,
    permission_set_id: FromPath[str],
    data: JSONBody[PermissionSetChanges],
    caller: Asker,
    parts: Parts,
) -> Response[PermissionSetBody]:
    """Whoever holds it has the new rights within 5 s, without a new login; their sockets close. `If-Match`."""
    id, actor = parse("permission_set", permission_set_id), caller.actor()
    command = ChangePermissionSet(
        permission_set_id=id,
        name=data.name,
        permissions=data.permissions,
        expected_version=expected_version(request),
    )
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    return await _answered(parts, caller, id, receipt, 200)


@delete(
    ONE,
    status_code=204,
    opt={"audience": "member", "roles": may(RemovePermissionSet)},
    summary="Remove a permission set",
    operation_id="removePermissionSet",
    tags=["agents"],
)
async def remove_permission_set(
    request: JsonRequest, permission_set_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[None]:
    """409 while somebody holds it, also who is deactivated. Removing twice changes nothing."""
    actor = caller.actor()
    command = RemovePermissionSet(permission_set_id=parse("permission_set", permission_set_id))
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    return answer_to_command(None, receipt, 204)


ROUTES = (
    list_permission_sets,
    get_permission_set,
    create_permission_set,
    change_permission_set,
    remove_permission_set,
)


async def _answered(
    parts: HttpParts, caller: Caller, id: UUID, receipt: Receipt, status: int
) -> Response[PermissionSetBody]:
    body = await _in_log(parts, caller, id)
    return answer_to_command(body, receipt, status, body.version)


async def _in_log(parts: HttpParts, caller: Caller, id: UUID) -> PermissionSetBody:
    """Raises NotFound, also for a removed one."""
    found = None
    for one in await parts.reader.stream(caller.tenant_id, id):
        found = one.event.mutate(found)
    if not isinstance(found, PermissionSet) or found.is_removed:
        raise NotFound
    facts = (found.name, found.ground, found.permissions, len(found.holders))
    return PermissionSetBody(wire("permission_set", id), *facts, found.version, found.modified_at)


def _of_row(row: PermissionSetRow) -> PermissionSetBody:
    facts = (row.name, row.ground, row.permissions, row.holders, row.version, row.updated_at)
    return PermissionSetBody(wire("permission_set", row.permission_set_id), *facts)
