"""`verbatim user`: people of a tenant."""

from __future__ import annotations

import asyncio
import secrets
from typing import get_args

import click
import msgspec

from domain.agent import Role
from domain.ids import wire
from infrastructure.settings import Settings
from interfaces.cli.installation import json_option, with_tenant
from interfaces.tenancy import Login, add_user
from interfaces.write_side import open_write_side


@click.group()
def user() -> None:
    """Agents, supervisors, admins, analysts, auditors, owners."""


@user.command()
@click.argument("email")
@with_tenant
@click.option("--role", type=click.Choice(get_args(Role)), default="agent", show_default=True)
@click.option("--name", help="How colleagues see them; by default the address.")
@click.option("--password", help="By default a random one, printed once.")
@json_option
def add(
    settings: Settings,
    email: str,
    tenant_id: int,
    role: Role,
    name: str | None,
    password: str | None,
    as_json: bool,
) -> None:
    """Add somebody, or set a new password for them."""
    login = Login(email, password or secrets.token_urlsafe(18))
    agent_id = asyncio.run(_add(settings, tenant_id, login, name or email.partition("@")[0], role))
    if as_json:
        body = {"id": agent_id, "role": role, "email": login.email, "password": login.password}
        click.echo(msgspec.json.encode(body).decode())
        return
    click.echo(f"{agent_id}  {role}  {login.email}  password {login.password}")


async def _add(settings: Settings, tenant_id: int, login: Login, name: str, role: Role) -> str:
    async with open_write_side(settings) as side:
        return wire("agent", await add_user(side, tenant_id, login, name, role))
