"""Assistants: several per tenant, one of them the default; changed by their version, archived, never deleted."""

from __future__ import annotations

import asyncio
from uuid import UUID

from litestar import Response, delete, get, patch, post, put
from litestar.params import FromPath, JSONBody

from application.assistant import ArchiveAssistant, ChangeAssistant, ChooseDefaultAssistant, CreateAssistant
from application.bus import Receipt
from domain.assistant import Assistant
from domain.ids import natural_key, parse
from domain.kernel import Aggregate
from domain.refusals import Invalid, NotFound
from domain.tenant import Tenant
from infrastructure.egress import EgressRefused
from interfaces.http.assistant_body import (
    AssistantBody,
    AssistantChange,
    AssistantList,
    NewAssistant,
    assistant_body,
    change_of,
    persona_of,
)
from interfaces.http.audience import STAFF, Asker, may
from interfaces.http.body import JsonRequest
from interfaces.http.first_contact import order_of
from interfaces.http.headers import answer, answer_to_command, expected_version
from interfaces.http.parts import HttpParts, Parts
from interfaces.http.position import reached
from interfaces.http.transcript import Limit, PageCursor
from projections.assistants import AssistantSettings, read_assistant, read_assistant_page

ASSISTANTS = "/api/v1/assistants"
ONE = ASSISTANTS + "/{assistant_id:str}"
READERS = STAFF | {"analyst", "auditor"}
LOOK_UP_SECONDS = 5.0


@get(
    ASSISTANTS,
    opt={"audience": "member", "roles": READERS},
    summary="List assistants",
    operation_id="listAssistants",
    tags=["assistants"],
)
async def list_assistants(
    request: JsonRequest, caller: Asker, parts: Parts, limit: Limit = 50, cursor: PageCursor = None
) -> Response[AssistantList]:
    """In order of creation; archived ones are left out."""
    seq = await reached(parts, request, caller.tenant_id, "directory")
    async with parts.database.tenant(caller.tenant_id) as connection:
        page = await read_assistant_page(connection, caller.tenant_id, limit, cursor)
    return answer(AssistantList(tuple(assistant_body(row) for row in page.rows), page.next_cursor), seq=seq)


@get(
    ONE,
    opt={"audience": "member", "roles": READERS},
    summary="Get an assistant",
    operation_id="getAssistant",
    tags=["assistants"],
)
async def get_assistant(
    request: JsonRequest, assistant_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[AssistantBody]:
    """An archived one too: old replies name it. The ETag is its version."""
    id = parse("assistant", assistant_id)
    seq = await reached(parts, request, caller.tenant_id, "directory")
    async with parts.database.tenant(caller.tenant_id) as connection:
        found = await read_assistant(connection, caller.tenant_id, id)
    if found is None:
        raise NotFound
    return answer(assistant_body(found), seq=seq, version=found.version)


@post(
    ASSISTANTS,
    status_code=201,
    opt={"audience": "member", "roles": may(CreateAssistant)},
    summary="Create an assistant",
    operation_id="createAssistant",
    tags=["assistants"],
)
async def create_assistant(
    request: JsonRequest, data: JSONBody[NewAssistant], caller: Asker, parts: Parts
) -> Response[AssistantBody]:
    """It answers where a request or a widget names it, or once it is the default."""
    await _refuse_private(parts, data.base_url)
    actor, command = caller.actor(), CreateAssistant(persona=persona_of(data))
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    return await _as_told(parts, caller.tenant_id, receipt.events[0].originator_id, receipt, 201)


@patch(
    ONE,
    status_code=200,
    opt={"audience": "member", "roles": may(ChangeAssistant)},
    summary="Change an assistant",
    operation_id="changeAssistant",
    tags=["assistants"],
)
async def change_assistant(
    request: JsonRequest, assistant_id: FromPath[str], data: JSONBody[AssistantChange], caller: Asker, parts: Parts
) -> Response[AssistantBody]:
    """With If-Match only that version is changed. The next question is asked with it, within 5 s everywhere."""
    if isinstance(data.base_url, str):
        await _refuse_private(parts, data.base_url)
    id, actor = parse("assistant", assistant_id), caller.actor()
    command = ChangeAssistant(assistant_id=id, change=change_of(data), expected_version=expected_version(request))
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    return await _as_told(parts, caller.tenant_id, id, receipt, 200)


@put(
    ONE + "/default",
    status_code=200,
    opt={"audience": "member", "roles": may(ChooseDefaultAssistant)},
    summary="Make an assistant the default",
    operation_id="chooseDefaultAssistant",
    tags=["assistants"],
)
async def choose_default_assistant(
    request: JsonRequest, assistant_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[AssistantBody]:
    """It answers where neither the request nor the widget names one."""
    id, actor = parse("assistant", assistant_id), caller.actor()
    command = ChooseDefaultAssistant(assistant_id=id)
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    return await _as_told(parts, caller.tenant_id, id, receipt, 200)


@delete(
    ONE,
    status_code=204,
    opt={"audience": "member", "roles": may(ArchiveAssistant)},
    summary="Archive an assistant",
    operation_id="archiveAssistant",
    tags=["assistants"],
)
async def archive_assistant(
    request: JsonRequest, assistant_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[None]:
    """Who is talking to it gets a human at their next message. Twice changes nothing; the default one stays."""
    actor, command = caller.actor(), ArchiveAssistant(assistant_id=parse("assistant", assistant_id))
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    return answer_to_command(None, receipt, 204)


ROUTES = (
    list_assistants,
    get_assistant,
    create_assistant,
    change_assistant,
    choose_default_assistant,
    archive_assistant,
)


async def _refuse_private(parts: HttpParts, base_url: str | None) -> None:
    """An address that leads into our own network is not kept; it is looked at again whenever it is used."""
    if base_url is None:
        return
    try:
        async with asyncio.timeout(LOOK_UP_SECONDS):
            await parts.assistants.egress.address(base_url)
    except (EgressRefused, TimeoutError) as refused:
        raise Invalid("baseUrl is the public https address of a model.") from refused


async def _as_told(
    parts: HttpParts, tenant_id: int, assistant_id: UUID, receipt: Receipt, status: int
) -> Response[AssistantBody]:
    """Out of the log itself, so the answer holds what was just done."""
    assistant = await _folded(parts, tenant_id, assistant_id)
    tenant = await _folded(parts, tenant_id, natural_key(tenant_id, Tenant.KIND))
    if not isinstance(assistant, Assistant):
        raise NotFound
    settings = AssistantSettings(
        assistant_id=assistant_id,
        persona=assistant.persona,
        version=assistant.version,
        updated_at=assistant.modified_at,
        is_default=isinstance(tenant, Tenant) and tenant.default_assistant_id == assistant_id,
        is_archived=assistant.is_archived,
    )
    return answer_to_command(assistant_body(settings), receipt, status, assistant.version)


async def _folded(parts: HttpParts, tenant_id: int, stream_id: UUID) -> Aggregate | None:
    aggregate: Aggregate | None = None
    for one in await parts.reader.stream(tenant_id, stream_id):
        aggregate = one.event.mutate(aggregate)
    return aggregate
