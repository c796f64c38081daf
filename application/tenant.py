"""Commands about the tenant itself."""

from __future__ import annotations

from application.command import Command, Handlers
from application.work import Work
from domain.file import FileRules
from domain.ids import natural_key
from domain.tenant import Tenant


class OpenTenant(Command, frozen=True, kw_only=True):
    name: str


class RenameTenant(Command, frozen=True, kw_only=True):
    name: str


class SetFileRules(Command, frozen=True, kw_only=True):
    rules: FileRules


class SetMasking(Command, frozen=True, kw_only=True):
    """Card numbers and secrets in what people write; on by default."""

    enabled: bool


async def open_tenant(work: Work, command: OpenTenant) -> None:
    tenant = await work.load(Tenant, natural_key(work.actor.tenant_id, Tenant.KIND))
    tenant.open(work.stamp, work.actor.tenant_id, command.name)


async def rename_tenant(work: Work, command: RenameTenant) -> None:
    tenant = await work.get(Tenant, natural_key(work.actor.tenant_id, Tenant.KIND))
    tenant.rename(work.stamp, command.name)


async def set_file_rules(work: Work, command: SetFileRules) -> None:
    tenant = await work.get(Tenant, natural_key(work.actor.tenant_id, Tenant.KIND))
    tenant.set_file_rules(work.stamp, command.rules)


async def set_masking(work: Work, command: SetMasking) -> None:
    tenant = await work.get(Tenant, natural_key(work.actor.tenant_id, Tenant.KIND))
    tenant.set_masking(work.stamp, command.enabled)


HANDLERS: Handlers = {
    SetFileRules: set_file_rules,
    SetMasking: set_masking,
    OpenTenant: open_tenant,
    RenameTenant: rename_tenant,
}
