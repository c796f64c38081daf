"""Commands about the OpenID provider by which a tenant's people log in."""

from __future__ import annotations

from uuid import UUID

from application.command import Command, Handlers
from application.work import Work
from domain.ids import natural_key
from domain.login_provider import LoginProvider, LoginTerms
from domain.permission_set import PermissionSet
from domain.refusals import NotFound


class ConfigureLoginProvider(Command, frozen=True, kw_only=True):
    """`secret_id`: the client's secret as it is kept, sealed; None keeps the one before."""

    terms: LoginTerms
    secret_id: UUID | None = None


class RemoveLoginProvider(Command, frozen=True, kw_only=True):
    """Nobody logs in by it any more; who did so stays until they log out or are deactivated."""


async def configure_login_provider(work: Work, command: ConfigureLoginProvider) -> None:
    newcomers = command.terms.newcomers
    if newcomers is not None and newcomers.permission_set_id is not None:
        held = await work.get(PermissionSet, newcomers.permission_set_id)
        if held.is_removed:
            raise NotFound
    provider = await work.load(LoginProvider, login_provider_key(work.actor.tenant_id))
    provider.configure(work.stamp, work.actor.tenant_id, command.terms, command.secret_id)


async def remove_login_provider(work: Work, command: RemoveLoginProvider) -> None:
    provider = await work.load(LoginProvider, login_provider_key(work.actor.tenant_id))
    provider.remove(work.stamp)


def login_provider_key(tenant_id: int) -> UUID:
    return natural_key(tenant_id, LoginProvider.KIND)


HANDLERS: Handlers = {
    ConfigureLoginProvider: configure_login_provider,
    RemoveLoginProvider: remove_login_provider,
}
