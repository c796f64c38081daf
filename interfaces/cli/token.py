"""`verbatim token`: an access token for scripts, of somebody who has that role."""

from __future__ import annotations

import asyncio
from typing import get_args

import click
import msgspec

from domain.agent import Role
from domain.ids import tenant_wire, wire
from domain.refusals import NotFound
from infrastructure.access.grants import Session
from infrastructure.projector.positions import ReadPositions
from infrastructure.settings import Settings
from interfaces.cli.installation import json_option, with_tenant
from interfaces.write_side import WriteSide, open_write_side
from projections.directory import AgentView, read_agents


@click.command()
@with_tenant
@click.option("--role", type=click.Choice(get_args(Role)), default="owner", show_default=True)
@json_option
def token(settings: Settings, tenant_id: int, role: Role, as_json: bool) -> None:
    """Print an access token of the tenant's first active person with that role."""
    agent, session = asyncio.run(_issue(settings, tenant_id, role))
    if not as_json:
        click.echo(session.access_token)
        return
    body = {
        "accessToken": session.access_token,
        "refreshToken": session.refresh_token,
        "expiresIn": session.expires_in,
        "user": {"id": wire("agent", agent.agent_id), "role": role, "tenantId": tenant_wire(tenant_id)},
    }
    click.echo(msgspec.json.encode(body).decode())


async def _issue(settings: Settings, tenant_id: int, role: Role) -> tuple[AgentView, Session]:
    async with open_write_side(settings) as side:
        agent = await _somebody(side, tenant_id, role)
        return agent, await side.access.session_for(tenant_id, agent.agent_id)


async def _somebody(side: WriteSide, tenant_id: int, role: Role) -> AgentView:
    positions = ReadPositions(side.store.database)
    await positions.wait(tenant_id, "directory", await side.store.head(tenant_id))
    async with side.store.database.tenant(tenant_id) as connection:
        agents = await read_agents(connection, tenant_id)
    found = next((one for one in agents if one.role == role and one.is_active), None)
    if found is None:
        raise NotFound(f"Nobody of {tenant_wire(tenant_id)} has the role {role}.")
    return found
