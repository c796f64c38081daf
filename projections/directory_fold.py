"""The directory's tables and how events change them. `since` is the seq of the first event: the order of lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from application.log import Recorded
from application.projection import Connection
from domain import agent, assistant, tenant, widget
from domain.agent import (
    AgentDeactivated,
    AgentInvited,
    AgentJoined,
    AgentReactivated,
    AgentRoleChanged,
    InvitationIssued,
    Role,
)
from domain.assistant import AssistantArchived, AssistantConfigured, Persona
from domain.personal import readable
from domain.tenant import DefaultAssistantChosen, TenantOpened, TenantRenamed
from domain.widget import Look, WidgetArchived, WidgetConfigured, WidgetInstalled, WidgetRestyled
from domain.widget_settings import WidgetSettings
from projections.table import Row, Table


class TenantRow(msgspec.Struct):
    tenant_id: int
    stream_id: UUID
    name: str
    since: int
    default_assistant_id: UUID | None = None


class AgentRow(msgspec.Struct):
    tenant_id: int
    agent_id: UUID
    name: str | None
    email: str | None
    role: Role
    is_active: bool
    since: int
    invited_until: datetime | None = None
    permission_set_id: UUID | None = None


class WidgetRow(msgspec.Struct):
    tenant_id: int
    widget_id: UUID
    look: Look
    assistant_id: UUID | None
    since: int
    settings: WidgetSettings
    config_version: int
    is_archived: bool = False


class AssistantRow(msgspec.Struct):
    tenant_id: int
    assistant_id: UUID
    persona: Persona
    since: int
    version: int
    updated_at: datetime
    is_archived: bool = False


TENANTS = Table("tenant", TenantRow, ("stream_id",))
AGENTS = Table("agent", AgentRow, ("agent_id",))
WIDGETS = Table("widget", WidgetRow, ("widget_id",))
ASSISTANTS = Table("assistant", AssistantRow, ("assistant_id",), ("tenant_id, since WHERE NOT is_archived",))
TABLES: tuple[Table[Any], ...] = (TENANTS, AGENTS, WIDGETS, ASSISTANTS)


_CONFIGURING = (WidgetInstalled, WidgetRestyled, WidgetConfigured, WidgetArchived)


class Directory:
    """Folds what a tenant sets up. Widget tokens are not shown, so their events are not folded."""

    name = "directory"
    version = 4
    tables = tuple(table.name for table in TABLES)
    concerns = frozenset(event.TYPE for event in (*tenant.EVENTS, *agent.EVENTS, *assistant.EVENTS, *_CONFIGURING))

    def ddl(self, build: int) -> str:
        return "".join(table.ddl(build) for table in TABLES)

    async def fold(self, connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
        await _fold(TENANTS, connection, build, _of(tenant, recorded), _tenant)
        await _fold(AGENTS, connection, build, _of(agent, recorded), _agent)
        await _fold(WIDGETS, connection, build, _of(widget, recorded), _widget)
        await _fold(ASSISTANTS, connection, build, _of(assistant, recorded), _assistant)

    async def forget(self, connection: Connection, build: int, tenant_id: int, stream_id: UUID) -> None:
        for table in TABLES:
            await table.delete(connection, build, tenant_id, stream_id)


def _of(noun: Any, recorded: Sequence[Recorded]) -> list[Recorded]:
    return [one for one in recorded if isinstance(one.event, noun.EVENTS)]


async def _fold(
    table: Table[Row],
    connection: Connection,
    build: int,
    recorded: Sequence[Recorded],
    evolve: Callable[[Row | None, Recorded], Row | None],
) -> None:
    """`evolve(row before, event) -> row after`, over all events of one kind of stream."""
    rows = await table.load(connection, build, {(one.tenant_id, one.stream_id) for one in recorded})
    for one in recorded:
        key = (one.tenant_id, one.stream_id)
        after = evolve(rows.get(key), one)
        if after is not None:
            rows[key] = after
    await table.upsert(connection, build, rows.values())


def _tenant(row: TenantRow | None, one: Recorded) -> TenantRow | None:
    match one.event:
        case TenantOpened(name=name) | TenantRenamed(name=name):
            since, default_id = (row.since, row.default_assistant_id) if row else (one.seq, None)
            return TenantRow(one.tenant_id, one.stream_id, name, since, default_id)
        case DefaultAssistantChosen(assistant_id=assistant_id) if row:
            return msgspec.structs.replace(row, default_assistant_id=assistant_id)
        case _:
            return row


def _agent(row: AgentRow | None, one: Recorded) -> AgentRow | None:
    match one.event:
        case AgentInvited(name=name, email=email, role=role, permission_set_id=set_id):
            since = row.since if row else one.seq
            who = (one.tenant_id, one.stream_id, readable(name), readable(email))
            return AgentRow(*who, role, True, since, permission_set_id=set_id)
        case AgentRoleChanged(role=role, permission_set_id=set_id) if row:
            return msgspec.structs.replace(row, role=role, permission_set_id=set_id)
        case AgentDeactivated() | AgentReactivated() if row:
            return msgspec.structs.replace(row, is_active=isinstance(one.event, AgentReactivated))
        case InvitationIssued(expires_at=until) if row:
            return msgspec.structs.replace(row, invited_until=until)
        case AgentJoined() if row:
            return msgspec.structs.replace(row, invited_until=None)
        case _:
            return row


def _widget(row: WidgetRow | None, one: Recorded) -> WidgetRow | None:
    match one.event:
        case WidgetInstalled(look=look, assistant_id=assistant_id, settings=settings):
            since = row.since if row else one.seq
            return WidgetRow(one.tenant_id, one.stream_id, look, assistant_id, since, settings, one.version)
        case WidgetRestyled(look=look) if row:
            return msgspec.structs.replace(row, look=look, config_version=one.version)
        case WidgetConfigured(look=look, assistant_id=assistant_id, settings=settings) if row:
            facts = {"look": look, "assistant_id": assistant_id, "settings": settings}
            return msgspec.structs.replace(row, **facts, config_version=one.version)
        case WidgetArchived() if row:
            return msgspec.structs.replace(row, is_archived=True)
        case _:
            return row


def _assistant(row: AssistantRow | None, one: Recorded) -> AssistantRow | None:
    match one.event:
        case AssistantConfigured(persona=persona):
            since = row.since if row else one.seq
            return AssistantRow(one.tenant_id, one.stream_id, persona, since, one.version, one.at)
        case AssistantArchived() if row:
            return msgspec.structs.replace(row, is_archived=True, version=one.version, updated_at=one.at)
        case _:
            return row
