"""Commands about API keys."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from application.command import Command, Handlers
from application.work import Work
from domain.api_key import ApiKey, Scope


class IssueApiKey(Command, frozen=True, kw_only=True):
    """The key itself is made by whoever keeps credentials, once this is durable."""

    name: str
    scopes: tuple[Scope, ...]
    expires_at: datetime | None = None


class RevokeApiKey(Command, frozen=True, kw_only=True):
    key_id: UUID

    @property
    def turn(self) -> UUID:
        return self.key_id


async def issue_api_key(work: Work, command: IssueApiKey) -> None:
    key = work.create(ApiKey)
    key.issue(work.stamp, work.actor.tenant_id, command.name, command.scopes, command.expires_at)


async def revoke_api_key(work: Work, command: RevokeApiKey) -> None:
    key = await work.get(ApiKey, command.key_id)
    key.revoke(work.stamp)


HANDLERS: Handlers = {
    IssueApiKey: issue_api_key,
    RevokeApiKey: revoke_api_key,
}
