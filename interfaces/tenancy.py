"""Opening a tenant: everything a new customer needs to talk to their first visitor."""

from __future__ import annotations

import secrets
from uuid import UUID

import msgspec

from application.actor import system
from application.agent import InviteAgent
from application.assistant import ConfigureAssistant
from application.tenant import OpenTenant
from application.widget import InstallWidget, IssueWidgetToken
from domain.agent import Role
from domain.assistant import Persona
from domain.ids import natural_key, tenant_wire, wire
from domain.values import email_address, required
from domain.widget import Look
from interfaces.write_side import WriteSide


class Login(msgspec.Struct, frozen=True):
    """How somebody logs in; printed once, only a hash is kept."""

    email: str
    password: str


class NewTenant(msgspec.Struct, frozen=True, rename="camel"):
    """What `tenant create --json` prints."""

    tenant_id: str
    widget_id: str
    widget_token: str
    assistant_id: str
    owner: Login


class TenantPlan(msgspec.Struct, frozen=True):
    """What is to be opened. The same `number` again adds nothing but a new widget token."""

    number: int
    name: str
    owner: Login
    persona: Persona
    look: Look


def new_tenant_number() -> int:
    """A random 31-bit number, so that tenants cannot be counted."""
    return secrets.randbelow(2**31 - 1) + 1


async def open_tenant(side: WriteSide, plan: TenantPlan) -> NewTenant:
    """Tenant, assistant, default widget with a token, owner. Raises a Refusal."""
    actor, key = system(plan.number), lambda kind: natural_key(plan.number, kind, "default")
    widget_id, assistant_id = key("widget"), key("assistant")
    await side.bus.execute(actor, OpenTenant(name=plan.name))
    await side.bus.execute(actor, ConfigureAssistant(assistant_id=assistant_id, persona=plan.persona))
    await side.bus.execute(actor, InstallWidget(widget_id=widget_id, look=plan.look, assistant_id=assistant_id))
    token = await issue_widget_token(side, plan.number, widget_id)
    await add_user(side, plan.number, plan.owner, "Owner", "owner")
    return NewTenant(
        tenant_wire(plan.number), wire("widget", widget_id), token, wire("assistant", assistant_id), plan.owner
    )


async def issue_widget_token(side: WriteSide, tenant_id: int, widget_id: UUID) -> str:
    """A new `wt_…`; the log learns only that there is one."""
    token_id, token = await side.access.issue_widget_token(tenant_id, widget_id)
    await side.bus.execute(system(tenant_id), IssueWidgetToken(widget_id=widget_id, token_id=token_id))
    return token


async def add_user(side: WriteSide, tenant_id: int, login: Login, name: str, role: Role) -> UUID:
    """An agent of the tenant who can log in. Raises Invalid, and a Conflict where the address is taken."""
    agent_id = natural_key(tenant_id, "agent", login.email.lower())
    invite = InviteAgent(
        agent_id=agent_id, name=required("name", name), email=email_address(login.email), role=role
    )
    # The password first: an address that is taken elsewhere must not leave an invited agent behind.
    await side.access.set_password(tenant_id, agent_id, login.email, login.password)
    await side.bus.execute(system(tenant_id), invite)
    return agent_id
