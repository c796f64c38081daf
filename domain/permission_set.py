"""PermissionSet: rights under a name, given to agents in place of a role's. Rights over rights are in none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import ClassVar, Literal
from uuid import UUID

from domain.api_key import Scope
from domain.kernel import Aggregate, Event, Stamp
from domain.refusals import Conflict, Invalid, NotFound
from domain.values import required

Permission = Literal[
    Scope,
    "assistants:manage",
    "audit:read",
    "automations:manage",
    "contacts:erase",
    "settings:manage",
    "sla:manage",
    "teams:manage",
    "widgets:manage",
]
"""The scopes of API keys, and what only people may be let to do. A name never changes its meaning."""

Ground = Literal["agent", "supervisor", "analyst", "auditor"]
"""The role beneath a set: it says which rows are seen, and whose shared things are changed."""

READ_BY: Mapping[str, frozenset[Permission]] = {
    "analyst": frozenset(["agents:read", "events:read", "reports:read"]),
    "auditor": frozenset(["agents:read", "audit:read", "conversations:read", "reports:read"]),
}
"""What a set over these roles may hold at most: they change nothing, and see no more than they do."""


class PermissionSetInUse(Conflict):
    """Details: `agents`, how many hold it."""

    code = "permission_set_in_use"
    sentence = "Somebody holds this permission set. Give them another one, or a role, first."


class PermissionSetCreated(Event, frozen=True, kw_only=True):
    """`ground` is its role for good: who holds the set has it in the log."""

    TYPE = "permission_set.created.1"

    tenant_id: int
    name: str
    ground: Ground
    permissions: tuple[Permission, ...]

    def create(self) -> Aggregate:
        return PermissionSet(self.originator_id)

    def apply(self, aggregate: PermissionSet) -> None:
        aggregate.name, aggregate.ground, aggregate.permissions = self.name, self.ground, self.permissions


class PermissionSetChanged(Event, frozen=True, kw_only=True):
    """All of it, from now on, for everybody who holds it."""

    TYPE = "permission_set.changed.1"

    name: str
    permissions: tuple[Permission, ...]

    def apply(self, aggregate: PermissionSet) -> None:
        aggregate.name, aggregate.permissions = self.name, self.permissions


class PermissionSetGiven(Event, frozen=True, kw_only=True):
    TYPE = "permission_set.given.1"

    agent_id: UUID

    def apply(self, aggregate: PermissionSet) -> None:
        aggregate.holders |= {self.agent_id}


class PermissionSetTaken(Event, frozen=True, kw_only=True):
    """They have another set, or a role's rights."""

    TYPE = "permission_set.taken.1"

    agent_id: UUID

    def apply(self, aggregate: PermissionSet) -> None:
        aggregate.holders -= {self.agent_id}


class PermissionSetRemoved(Event, frozen=True, kw_only=True):
    TYPE = "permission_set.removed.1"

    def apply(self, aggregate: PermissionSet) -> None:
        aggregate.is_removed = True


class PermissionSet(Aggregate):
    """Its stream says who holds it, so one that is given at this moment cannot be removed."""

    KIND: ClassVar[str] = "permission_set"

    name = ""
    ground: Ground = "agent"
    permissions: tuple[Permission, ...] = ()
    holders: frozenset[UUID] = frozenset()
    is_removed = False

    def draw_up(
        self, stamp: Stamp, tenant_id: int, name: str, ground: Ground, permissions: Collection[Permission]
    ) -> None:
        """Creating twice changes nothing. Raises Invalid."""
        if self.exists:
            return
        facts = {"name": required("name", name), "ground": ground, "permissions": _held(ground, permissions)}
        self.record(PermissionSetCreated, stamp, tenant_id=tenant_id, **facts)

    def change(
        self,
        stamp: Stamp,
        name: str | None,
        permissions: Collection[Permission] | None,
        expected_version: int | None = None,
    ) -> None:
        """None leaves it as it is; the same again changes nothing. Raises Invalid, NotFound, Conflict."""
        self._refuse_removed()
        if expected_version is not None and expected_version != self.version:
            raise Conflict(expected=expected_version, version=self.version)
        new_name = self.name if name is None else required("name", name)
        new = self.permissions if permissions is None else _held(self.ground, permissions)
        if (new_name, new) != (self.name, self.permissions):
            self.record(PermissionSetChanged, stamp, name=new_name, permissions=new)

    def give(self, stamp: Stamp, agent_id: UUID) -> None:
        """Giving twice changes nothing. Raises NotFound for a removed one."""
        self._refuse_removed()
        if agent_id not in self.holders:
            self.record(PermissionSetGiven, stamp, agent_id=agent_id)

    def take(self, stamp: Stamp, agent_id: UUID) -> None:
        """Taking twice changes nothing."""
        if agent_id in self.holders:
            self.record(PermissionSetTaken, stamp, agent_id=agent_id)

    def remove(self, stamp: Stamp) -> None:
        """Removing twice changes nothing. Raises PermissionSetInUse."""
        if self.holders:
            raise PermissionSetInUse(agents=len(self.holders))
        if not self.is_removed:
            self.record(PermissionSetRemoved, stamp)

    def _refuse_removed(self) -> None:
        if self.is_removed:
            raise NotFound


def _held(ground: Ground, permissions: Collection[Permission]) -> tuple[Permission, ...]:
    if not permissions:
        raise Invalid("permissions is needed: who holds a set without any can do nothing.")
    too_much = frozenset(permissions) - READ_BY.get(ground, frozenset(permissions))
    if too_much:
        raise Invalid(f"Over the role {ground} a set cannot hold {', '.join(sorted(too_much))}.")
    return tuple(sorted(set(permissions)))


EVENTS: tuple[type[Event], ...] = (
    PermissionSetCreated,
    PermissionSetChanged,
    PermissionSetGiven,
    PermissionSetTaken,
    PermissionSetRemoved,
)
