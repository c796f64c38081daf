"""Commands about canned responses."""

from __future__ import annotations

from uuid import UUID

from application.command import Command, Handlers
from application.work import Work
from domain.canned_response import CannedResponse


class _AboutCannedResponse(Command, frozen=True, kw_only=True):
    canned_response_id: UUID

    @property
    def turn(self) -> UUID:
        return self.canned_response_id


class SaveCannedResponse(_AboutCannedResponse, frozen=True, kw_only=True):
    """A new one, or new texts for one there is."""

    shortcut: str
    title: str
    body: str


class RemoveCannedResponse(_AboutCannedResponse, frozen=True, kw_only=True):
    pass


async def save_canned_response(work: Work, command: SaveCannedResponse) -> None:
    response = await work.load(CannedResponse, command.canned_response_id)
    response.save(work.stamp, work.actor.tenant_id, command.shortcut, command.title, command.body)


async def remove_canned_response(work: Work, command: RemoveCannedResponse) -> None:
    response = await work.get(CannedResponse, command.canned_response_id)
    response.remove(work.stamp)


HANDLERS: Handlers = {
    SaveCannedResponse: save_canned_response,
    RemoveCannedResponse: remove_canned_response,
}
