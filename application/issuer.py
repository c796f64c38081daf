"""Commands about the identity provider that a tenant trusts."""

from __future__ import annotations

from application.command import Command, Handlers
from application.work import Work
from domain.ids import natural_key
from domain.issuer import Issuer, Trust


class TrustIssuer(Command, frozen=True, kw_only=True):
    trust: Trust


class DistrustIssuer(Command, frozen=True, kw_only=True):
    pass


async def trust_issuer(work: Work, command: TrustIssuer) -> None:
    tenant_id = work.actor.tenant_id
    issuer = await work.load(Issuer, natural_key(tenant_id, "issuer"))
    issuer.entrust(work.stamp, tenant_id, command.trust)


async def distrust_issuer(work: Work, command: DistrustIssuer) -> None:
    issuer = await work.load(Issuer, natural_key(work.actor.tenant_id, "issuer"))
    issuer.distrust(work.stamp)


HANDLERS: Handlers = {
    TrustIssuer: trust_issuer,
    DistrustIssuer: distrust_issuer,
}
