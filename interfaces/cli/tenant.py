"""`verbatim tenant`: new customers."""

from __future__ import annotations

import asyncio
import secrets

import click
import msgspec

from domain.assistant import Persona
from domain.refusals import ProjectionBehind
from domain.widget import Look
from infrastructure.settings import Settings
from interfaces.cli.installation import json_option, with_settings
from interfaces.cli.plan import plan
from interfaces.tenancy import Login, NewTenant, TenantPlan, new_tenant_number, open_tenant
from interfaces.write_side import caught_up, open_write_side

PATIENCE = 2.0


@click.group()
def tenant() -> None:
    """Tenants: one per customer."""


@tenant.command()
@click.argument("name")
@with_settings
@click.option("--owner-email", help="Login of the owner; a made-up one by default.")
@json_option
def create(settings: Settings, name: str, owner_email: str | None, as_json: bool) -> None:
    """Open a tenant with a widget, an assistant and an owner; prints what is needed to begin."""
    number = new_tenant_number()
    owner = Login(owner_email or f"owner@tenant-{number}.example", secrets.token_urlsafe(18))
    persona = Persona(
        name="Assistant", model=settings.model_name if settings.model_key else None, base_url=settings.model_url
    )
    made = asyncio.run(_create(settings, TenantPlan(number, name, owner, persona, Look(name=name))))
    if as_json:
        click.echo(msgspec.json.encode(made).decode())
        return
    click.echo(f"tenant        {made.tenant_id}\nwidget        {made.widget_id}")
    click.echo(f"widget token  {made.widget_token}\nassistant     {made.assistant_id}")
    click.echo(f"owner         {made.owner.email}  password {made.owner.password}")


tenant.add_command(plan)


async def _create(settings: Settings, wanted: TenantPlan) -> NewTenant:
    async with open_write_side(settings) as side:
        made = await open_tenant(side, wanted)
        try:
            await caught_up(side, wanted.number, PATIENCE)  # whoever comes now finds the widget
        except ProjectionBehind:
            click.echo("Nobody folds the read models: no screen shows this tenant yet.", err=True)
        return made
