"""Commands about canned responses. Agents keep private ones of their own; shared ones are the supervisors'."""

from __future__ import annotations

from uuid import UUID

from msgspec import UNSET, UnsetType

from application.command import Command, Handlers
from application.reach import changed_reach, refuse_missing_team, refuse_readers, wanted_reach
from application.work import Work
from domain.canned_response import CannedResponse, CannedText, Reach, Scope, canned_text, shortcut_name
from domain.canned_shortcut import CannedShortcut
from domain.file import File
from domain.ids import natural_key
from domain.refusals import NotFound


class CreateCannedResponse(Command, frozen=True, kw_only=True):
    """A new one. `team_id` with the scope team only; a private one is the acting agent's."""

    shortcut: str
    title: str
    body: str
    scope: Scope = "tenant"
    team_id: UUID | None = None
    attachments: tuple[UUID, ...] = ()


class _AboutCannedResponse(Command, frozen=True, kw_only=True):
    canned_response_id: UUID

    @property
    def turn(self) -> UUID:
        return self.canned_response_id


class SaveCannedResponse(_AboutCannedResponse, frozen=True, kw_only=True):
    """A new one under a known id, or all of one there is, also of a removed one: for set-up and imports."""

    shortcut: str
    title: str
    body: str
    scope: Scope = "tenant"
    team_id: UUID | None = None
    attachments: tuple[UUID, ...] = ()


class ChangeCannedResponse(_AboutCannedResponse, frozen=True, kw_only=True):
    """What is left out stays. `expected_version`: refuse if somebody else has changed it."""

    shortcut: str | UnsetType = UNSET
    title: str | UnsetType = UNSET
    body: str | UnsetType = UNSET
    scope: Scope | UnsetType = UNSET
    team_id: UUID | UnsetType | None = UNSET
    attachments: tuple[UUID, ...] | UnsetType = UNSET
    expected_version: int | None = None


class RemoveCannedResponse(_AboutCannedResponse, frozen=True, kw_only=True):
    """Its shortcut is free again; what was sent with it stays."""


async def create_canned_response(work: Work, command: CreateCannedResponse) -> None:
    wanted = wanted_reach(work, command.scope, command.team_id)
    text = canned_text(command.shortcut, command.title, command.body, command.attachments)
    await _write(work, work.create(CannedResponse), text, wanted)


async def save_canned_response(work: Work, command: SaveCannedResponse) -> None:
    response = await work.load(CannedResponse, command.canned_response_id)
    await refuse_readers(work, response.reach)
    wanted = wanted_reach(work, command.scope, command.team_id)
    text = canned_text(command.shortcut, command.title, command.body, command.attachments)
    await _write(work, response, text, wanted)


async def change_canned_response(work: Work, command: ChangeCannedResponse) -> None:
    response = await work.get(CannedResponse, command.canned_response_id)
    await refuse_readers(work, response.reach)
    if response.is_removed:
        raise NotFound
    old = response.text
    text = canned_text(
        old.shortcut if command.shortcut is UNSET else command.shortcut,
        old.title if command.title is UNSET else command.title,
        old.body if command.body is UNSET else command.body,
        old.attachments if command.attachments is UNSET else command.attachments,
    )
    wanted = changed_reach(work, response.reach, command.scope, command.team_id)
    await _write(work, response, text, wanted, command.expected_version)


async def remove_canned_response(work: Work, command: RemoveCannedResponse) -> None:
    response = await work.get(CannedResponse, command.canned_response_id)
    await refuse_readers(work, response.reach)
    name = response.shortcut_name
    if name is not None:
        (await _shortcut(work, name)).release(work.stamp, response.id)
    response.remove(work.stamp)


async def _write(
    work: Work, response: CannedResponse, text: CannedText, wanted: Reach, expected_version: int | None = None
) -> None:
    """Text and shortcut in one append: no two responses ever have the same one, whoever is faster."""
    await refuse_readers(work, wanted)
    await _refuse_missing(work, text, wanted, response)
    before, after = response.shortcut_name, shortcut_name(text.shortcut, wanted)
    claimed = await _shortcut(work, after)
    if before != after or claimed.holder != response.id:
        claimed.claim(work.stamp, work.actor.tenant_id, response.id)
    if before not in (None, after):
        (await _shortcut(work, before)).release(work.stamp, response.id)
    response.save(work.stamp, work.actor.tenant_id, text, wanted, expected_version)


async def _refuse_missing(work: Work, text: CannedText, wanted: Reach, response: CannedResponse) -> None:
    """What it newly names has to be there; what it had may have gone since."""
    await refuse_missing_team(work, wanted, response.reach)
    for file_id in text.attachments:
        if file_id not in response.text.attachments:
            # Only a file of one's own, and no conversation's: what a visitor sent is for no other visitor.
            (await work.get(File, file_id)).keep(work.stamp)


async def _shortcut(work: Work, name: str) -> CannedShortcut:
    return await work.load(CannedShortcut, natural_key(work.actor.tenant_id, CannedShortcut.KIND, name))


HANDLERS: Handlers = {
    CreateCannedResponse: create_canned_response,
    SaveCannedResponse: save_canned_response,
    ChangeCannedResponse: change_canned_response,
    RemoveCannedResponse: remove_canned_response,
}
