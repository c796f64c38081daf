"""Automations: admins write them, see what they did, and try them on a conversation."""

from __future__ import annotations

from uuid import UUID

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from application.actor import system
from application.automation import ChangeAutomation, CreateAutomation, RemoveAutomation
from application.automation_rehearsal import rehearse
from domain.ids import parse
from domain.refusals import NotFound
from interfaces.http.audience import Asker, Caller, may
from interfaces.http.automation_body import (
    AutomationBody,
    AutomationChange,
    AutomationListBody,
    NewAutomation,
    RehearsalBody,
    RehearsalRequest,
    RunListBody,
    automation_of_events,
    automation_of_row,
    rehearsal_body,
    run_of_row,
)
from interfaces.http.body import JsonRequest
from interfaces.http.first_contact import order_of
from interfaces.http.headers import answer, answer_to_command, expected_version
from interfaces.http.parts import HttpParts, Parts
from interfaces.http.position import reached
from interfaces.http.transcript import Limit, PageCursor
from projections.automation_runs import read_runs
from projections.automations import AutomationRow, read_automation, read_automations

AUTOMATIONS = "/api/v1/automations"
ONE = AUTOMATIONS + "/{automation_id:str}"


@get(
    AUTOMATIONS,
    opt={"audience": "member", "roles": may(CreateAutomation)},
    summary="List automations",
    operation_id="listAutomations",
    tags=["automations"],
)
async def list_automations(
    request: JsonRequest, caller: Asker, parts: Parts, limit: Limit = 50, cursor: PageCursor = None
) -> Response[AutomationListBody]:
    """In the order in which they are asked."""
    seq = await reached(parts, request, caller.tenant_id, "automations")
    async with parts.database.tenant(caller.tenant_id) as connection:
        page = await read_automations(connection, caller.tenant_id, limit, cursor)
    return answer(
        AutomationListBody(tuple(automation_of_row(row) for row in page.rows), page.next_cursor), seq=seq
    )


@post(
    AUTOMATIONS,
    status_code=201,
    opt={"audience": "member", "roles": may(CreateAutomation)},
    summary="Create an automation",
    operation_id="createAutomation",
    tags=["automations"],
)
async def create_automation(
    request: JsonRequest, data: JSONBody[NewAutomation], caller: Asker, parts: Parts
) -> Response[AutomationBody]:
    """It acts on what happens from now on."""
    actor, command = caller.actor(), CreateAutomation(rules=data.rules)
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    body = automation_of_events(receipt.events)
    return answer_to_command(body, receipt, 201, body.version)


@get(
    ONE,
    opt={"audience": "member", "roles": may(CreateAutomation)},
    summary="Get an automation",
    operation_id="getAutomation",
    tags=["automations"],
)
async def get_automation(
    request: JsonRequest, automation_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[AutomationBody]:
    """The version that is in force; `ETag` carries it."""
    id = parse("automation", automation_id)
    seq = await reached(parts, request, caller.tenant_id, "automations")
    row = await _known(parts, caller, id)
    return answer(automation_of_row(row), seq=seq, version=row.version)


@patch(
    ONE,
    opt={"audience": "member", "roles": may(ChangeAutomation)},
    summary="Change an automation",
    operation_id="changeAutomation",
    tags=["automations"],
)
async def change_automation(
    request: JsonRequest,
    automation_id: FromPath[str],
    data: JSONBody[AutomationChange],
    caller: Asker,
    parts: Parts,
) -> Response[AutomationBody]:
    """A new version, from now on. `If-Match` refuses to overwrite somebody else's change."""
    said = msgspec.structs.asdict(data)
    place = said.pop("order")
    command = ChangeAutomation(
        automation_id=parse("automation", automation_id),
        place=place,
        expected_version=expected_version(request),
        **said,
    )
    actor = caller.actor()
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    stream = await parts.reader.stream(caller.tenant_id, command.automation_id)
    body = automation_of_events(receipt.events or [one.event for one in stream])
    return answer_to_command(body, receipt, version=body.version)


@delete(
    ONE,
    status_code=204,
    opt={"audience": "member", "roles": may(RemoveAutomation)},
    summary="Remove an automation",
    operation_id="removeAutomation",
    tags=["automations"],
)
async def remove_automation(
    request: JsonRequest, automation_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[None]:
    """It acts no more; what it did stays. Removing twice changes nothing."""
    actor, command = caller.actor(), RemoveAutomation(automation_id=parse("automation", automation_id))
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    return answer_to_command(None, receipt, 204)


@get(
    ONE + "/runs",
    opt={"audience": "member", "roles": may(CreateAutomation)},
    summary="List an automation's runs",
    operation_id="listAutomationRuns",
    tags=["automations"],
)
async def list_automation_runs(
    request: JsonRequest,
    automation_id: FromPath[str],
    caller: Asker,
    parts: Parts,
    limit: Limit = 50,
    cursor: PageCursor = None,
) -> Response[RunListBody]:
    """The newest first: what it did, where it failed and why, and where it was kept from going in circles."""
    id = parse("automation", automation_id)
    seq = await reached(parts, request, caller.tenant_id, "automation_runs")
    await _known(parts, caller, id)
    async with parts.database.tenant(caller.tenant_id) as connection:
        page = await read_runs(connection, caller.tenant_id, id, limit, cursor)
    return answer(RunListBody(tuple(run_of_row(row) for row in page.rows), page.next_cursor), seq=seq)


@post(
    ONE + "/test",
    status_code=200,
    opt={"audience": "member", "roles": may(ChangeAutomation)},
    summary="Try an automation on a conversation",
    operation_id="testAutomation",
    tags=["automations"],
)
async def test_automation(
    automation_id: FromPath[str], data: JSONBody[RehearsalRequest], caller: Asker, parts: Parts
) -> Response[RehearsalBody]:
    """Which conditions hold now, and what it would do. Nothing is stored, also where it is switched off."""
    work = parts.bus.draft(system(caller.tenant_id), "TestAutomation")
    done = await rehearse(work, parse("automation", automation_id), parse("conversation", data.conversation_id))
    heads = await parts.reader.tenant_heads([caller.tenant_id])
    return answer(rehearsal_body(done), seq=heads[caller.tenant_id])


ROUTES = (
    list_automations,
    create_automation,
    get_automation,
    change_automation,
    remove_automation,
    list_automation_runs,
    test_automation,
)


async def _known(parts: HttpParts, caller: Caller, automation_id: UUID) -> AutomationRow:
    """Raises NotFound where this tenant has none."""
    async with parts.database.tenant(caller.tenant_id) as connection:
        row = await read_automation(connection, caller.tenant_id, automation_id)
    if row is None:
        raise NotFound
    return row
