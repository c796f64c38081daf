"""Commands about saved views. A private one exists for its owner alone; supervisors write shared ones."""

from __future__ import annotations

from uuid import UUID

from msgspec import UNSET, UnsetType

from application.command import Command, Handlers
from application.reach import SHARING
from application.work import Work
from domain.refusals import Forbidden, NotFound
from domain.view import View, ViewFilter, ViewScope, view_content


class CreateView(Command, frozen=True, kw_only=True):
    """A new one; a private one is the acting agent's. `place`: where it stands in the list."""

    name: str
    filter: ViewFilter
    scope: ViewScope = "private"
    place: int = 0


class _AboutView(Command, frozen=True, kw_only=True):
    view_id: UUID

    @property
    def turn(self) -> UUID:
        return self.view_id


class ChangeView(_AboutView, frozen=True, kw_only=True):
    """What is left out stays; `filter` is replaced as a whole. Made private, it is the acting agent's.

    `expected_version`: refuse if somebody else has changed it.
    """

    name: str | UnsetType = UNSET
    filter: ViewFilter | UnsetType = UNSET
    scope: ViewScope | UnsetType = UNSET
    place: int | UnsetType = UNSET
    expected_version: int | None = None


class RemoveView(_AboutView, frozen=True, kw_only=True):
    pass


async def create_view(work: Work, command: CreateView) -> None:
    content = view_content(command.name, command.filter, command.scope, command.place)
    _refuse_sharing(work, content.scope)
    work.create(View).save(work.stamp, work.actor.tenant_id, work.actor.by.id, content)


async def change_view(work: Work, command: ChangeView) -> None:
    view = await _theirs(work, command.view_id)
    old = view.content
    content = view_content(
        old.name if command.name is UNSET else command.name,
        old.filter if command.filter is UNSET else command.filter,
        old.scope if command.scope is UNSET else command.scope,
        old.place if command.place is UNSET else command.place,
    )
    _refuse_sharing(work, content.scope)
    becomes_private = view.is_shared and content.scope == "private"
    owner = work.actor.by.id if becomes_private else view.owner_id
    view.save(work.stamp, work.actor.tenant_id, owner, content, command.expected_version)


async def remove_view(work: Work, command: RemoveView) -> None:
    """Removing twice changes nothing."""
    view = await work.get(View, command.view_id)
    if view.is_removed and (view.is_shared or view.owner_id == work.actor.by.id):
        return
    (await _theirs(work, command.view_id)).remove(work.stamp)


async def _theirs(work: Work, view_id: UUID) -> View:
    """Raises NotFound where the actor has no such view, Forbidden where they may only look through it."""
    view = await work.get(View, view_id)
    if not view.is_visible_to(work.actor.by.id):
        raise NotFound
    _refuse_sharing(work, view.content.scope)
    return view


def _refuse_sharing(work: Work, scope: ViewScope) -> None:
    if scope == "shared" and work.actor.role not in SHARING:
        raise Forbidden


HANDLERS: Handlers = {CreateView: create_view, ChangeView: change_view, RemoveView: remove_view}
