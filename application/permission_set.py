"""Commands about permission sets. Who holds one is a command about the agent (`application/agent.py`)."""

from __future__ import annotations

from uuid import UUID

from application.command import Command, Handlers
from application.work import Work
from domain.permission_set import Ground, Permission, PermissionSet


class CreatePermissionSet(Command, frozen=True, kw_only=True):
    """`ground`: the role beneath it, for good."""

    name: str
    permissions: tuple[Permission, ...]
    ground: Ground = "agent"


class _AboutPermissionSet(Command, frozen=True, kw_only=True):
    permission_set_id: UUID

    @property
    def turn(self) -> UUID:
        return self.permission_set_id


class ChangePermissionSet(_AboutPermissionSet, frozen=True, kw_only=True):
    """None leaves a field as it is. Whoever holds the set has the new rights within 5 s, everywhere."""

    name: str | None = None
    permissions: tuple[Permission, ...] | None = None
    expected_version: int | None = None


class RemovePermissionSet(_AboutPermissionSet, frozen=True, kw_only=True):
    """Refused while somebody holds it: nobody's rights change by it."""


async def create_permission_set(work: Work, command: CreatePermissionSet) -> None:
    made = work.create(PermissionSet)
    made.draw_up(work.stamp, work.actor.tenant_id, command.name, command.ground, command.permissions)


async def change_permission_set(work: Work, command: ChangePermissionSet) -> None:
    found = await work.get(PermissionSet, command.permission_set_id)
    found.change(work.stamp, command.name, command.permissions, command.expected_version)


async def remove_permission_set(work: Work, command: RemovePermissionSet) -> None:
    (await work.get(PermissionSet, command.permission_set_id)).remove(work.stamp)


HANDLERS: Handlers = {
    CreatePermissionSet: create_permission_set,
    ChangePermissionSet: change_permission_set,
    RemovePermissionSet: remove_permission_set,
}
