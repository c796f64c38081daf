"""Permit: whether an actor may give a command, by the one table and by what bounds them beside their role."""

from __future__ import annotations

from application.actor import Actor
from application.command import Command
from application.permissions import PERMISSIONS
from application.rights import RIGHTS, expect_right
from application.scopes import SCOPES, expect_scope
from domain.refusals import Forbidden

GIVERS = frozenset(["admin"])
"""The role whose commands a permission set deals out: it holds nothing that an admin may not do."""


def permit(actor: Actor, command: Command) -> None:
    """Raises Forbidden where the table does not name the actor's role for this command.

    Who holds a permission set has the rights that it names instead of their role's: PermissionMissing.
    An API key needs the command's scope beside the role: ScopeMissing.
    """
    kind = type(command)
    if actor.permissions is not None:
        expect_right(actor.permissions, RIGHTS.get(kind))
    allowed = PERMISSIONS.get(kind, frozenset())
    if actor.permissions is None and actor.role not in allowed:
        raise Forbidden
    if actor.permissions is not None and GIVERS.isdisjoint(allowed):
        raise Forbidden
    if actor.scopes is not None:
        expect_scope(actor.scopes, SCOPES.get(kind))
