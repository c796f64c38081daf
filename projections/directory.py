"""Directory: the tenant's name, agents, widgets and assistants."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from application.projection import Connection
from domain.agent import Role
from domain.assistant import Persona
from domain.widget import Look
from domain.widget_settings import WidgetSettings
from projections.cursor import page_limit

_AGENT = "agent_id, name, email, role, is_active, invited_until, permission_set_id"
_WIDGET = "widget_id, look, assistant_id, settings, config_version, is_archived"


class AgentView(msgspec.Struct, frozen=True):
    """Name and e-mail are None once erased. `invited_until`: of a link that was not followed yet.

    `permission_set_id`: the set they hold in place of their role's rights.
    """

    agent_id: UUID
    name: str | None
    email: str | None
    role: Role
    is_active: bool
    invited_until: datetime | None = None
    permission_set_id: UUID | None = None


class AgentPage(msgspec.Struct, frozen=True):
    """`last` is what the next page is after, None where there is no more."""

    agents: tuple[AgentView, ...]
    last: int | None


class WidgetView(msgspec.Struct, frozen=True):
    """`config_version`: of the event that configured it last."""

    widget_id: UUID
    look: Look
    assistant_id: UUID | None
    settings: WidgetSettings = WidgetSettings()
    config_version: int = 1
    is_archived: bool = False


class WidgetPage(msgspec.Struct, frozen=True):
    """`last` is what the next page is after, None where there is no more."""

    widgets: tuple[WidgetView, ...]
    last: int | None


class AssistantView(msgspec.Struct, frozen=True):
    assistant_id: UUID
    persona: Persona


async def read_tenant_name(connection: Connection, tenant_id: int) -> str | None:
    """None where the tenant is not opened yet."""
    cursor = await connection.execute("SELECT name FROM read.tenant WHERE tenant_id = %s", (tenant_id,))
    found = await cursor.fetchone()
    return found[0] if found else None


async def read_agents(connection: Connection, tenant_id: int) -> tuple[AgentView, ...]:
    """All that were ever invited, in order of invitation."""
    cursor = await connection.execute(
        f"SELECT {_AGENT} FROM read.agent WHERE tenant_id = %s ORDER BY since".encode(),
        (tenant_id,),
    )
    return tuple(AgentView(*row) for row in await cursor.fetchall())


async def read_agent_page(connection: Connection, tenant_id: int, after: int, limit: int) -> AgentPage:
    """The same in pages; `after` is the `last` of the page before, 0 for the first."""
    wanted = page_limit(limit)
    cursor = await connection.execute(
        f"SELECT {_AGENT}, since FROM read.agent WHERE tenant_id = %s AND since > %s "
        "ORDER BY since LIMIT %s".encode(),
        (tenant_id, after, wanted + 1),
    )
    rows = await cursor.fetchall()
    shown = rows[:wanted]
    return AgentPage(tuple(AgentView(*row[:-1]) for row in shown), shown[-1][-1] if len(rows) > wanted else None)


async def read_widgets(connection: Connection, tenant_id: int) -> tuple[WidgetView, ...]:
    """In order of installation: the first is the default."""
    cursor = await connection.execute(
        f"SELECT {_WIDGET} FROM read.widget WHERE tenant_id = %s ORDER BY since".encode(), (tenant_id,)
    )
    return tuple(_widget(*row) for row in await cursor.fetchall())


async def read_widget_page(
    connection: Connection, tenant_id: int, after: int, limit: int, *, archived: bool
) -> WidgetPage:
    """The same in pages, those in use or the archived ones; `after`: the `last` of the page before, 0 at first."""
    wanted = page_limit(limit)
    cursor = await connection.execute(
        f"SELECT {_WIDGET}, since FROM read.widget WHERE tenant_id = %s AND since > %s AND is_archived = %s "
        "ORDER BY since LIMIT %s".encode(),
        (tenant_id, after, archived, wanted + 1),
    )
    rows = await cursor.fetchall()
    shown = rows[:wanted]
    more = shown[-1][-1] if len(rows) > wanted else None
    return WidgetPage(tuple(_widget(*row[:-1]) for row in shown), more)


async def read_widget(connection: Connection, tenant_id: int, widget_id: UUID) -> WidgetView | None:
    """None where this tenant has no such widget."""
    cursor = await connection.execute(
        f"SELECT {_WIDGET} FROM read.widget WHERE tenant_id = %s AND widget_id = %s".encode(),
        (tenant_id, widget_id),
    )
    found = await cursor.fetchone()
    return _widget(*found) if found else None


async def read_assistants(connection: Connection, tenant_id: int) -> tuple[AssistantView, ...]:
    """In order of creation."""
    cursor = await connection.execute(
        "SELECT assistant_id, persona FROM read.assistant WHERE tenant_id = %s ORDER BY since", (tenant_id,)
    )
    return tuple(AssistantView(id, msgspec.convert(persona, Persona)) for id, persona in await cursor.fetchall())


def _widget(
    widget_id: UUID, look: object, assistant_id: UUID | None, settings: object, version: int, is_archived: bool
) -> WidgetView:
    told = msgspec.convert(settings, WidgetSettings)
    return WidgetView(widget_id, msgspec.convert(look, Look), assistant_id, told, version, is_archived)
