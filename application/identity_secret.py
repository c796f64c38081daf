"""Commands about the secrets with which a tenant signs who somebody is."""

from __future__ import annotations

from uuid import UUID

from application.command import Command, Handlers
from application.work import Work
from domain.identity_secret import IdentitySecrets
from domain.ids import natural_key


class IssueIdentitySecret(Command, frozen=True, kw_only=True):
    """Says that a secret came into force; the secret itself is kept, sealed, with the credentials."""

    secret_id: UUID


class RevokeIdentitySecret(Command, frozen=True, kw_only=True):
    secret_id: UUID


async def issue_identity_secret(work: Work, command: IssueIdentitySecret) -> None:
    secrets = await work.load(IdentitySecrets, _stream(work))
    secrets.issue(work.stamp, work.actor.tenant_id, command.secret_id)


async def revoke_identity_secret(work: Work, command: RevokeIdentitySecret) -> None:
    secrets = await work.get(IdentitySecrets, _stream(work))
    secrets.revoke(work.stamp, command.secret_id)


def _stream(work: Work) -> UUID:
    return natural_key(work.actor.tenant_id, IdentitySecrets.KIND)


HANDLERS: Handlers = {
    IssueIdentitySecret: issue_identity_secret,
    RevokeIdentitySecret: revoke_identity_secret,
}
