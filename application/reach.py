"""Reach: who may see and who may change what is the tenant's, a team's or one agent's own."""

from __future__ import annotations

from uuid import UUID

from msgspec import UNSET, UnsetType

from application.team import standing_team
from application.work import Work
from domain.canned_response import Reach, Scope, reach
from domain.refusals import Forbidden, NotFound

SHARING = frozenset(["owner", "admin", "supervisor", "system"])
"""Who writes for the whole tenant and for teams; every agent writes their own private ones."""


def wanted_reach(work: Work, scope: Scope, team_id: UUID | None) -> Reach:
    """A private one is the acting agent's. Raises Invalid."""
    return reach(scope, team_id, _author(work))


def changed_reach(work: Work, old: Reach, scope: Scope | UnsetType, team_id: UUID | UnsetType | None) -> Reach:
    """What is left out stays, a team only as long as the scope is a team. Raises Invalid."""
    if scope is UNSET and team_id is UNSET:
        return old
    new = old.scope if scope is UNSET else scope
    kept = old.team_id if new == "team" else None
    return reach(new, kept if team_id is UNSET else team_id, old.owner_id or _author(work))


async def refuse_strangers(work: Work, of: Reach) -> None:
    """Somebody's private one exists for nobody else, a team's for its members and supervisors. Raises NotFound."""
    if of.scope == "private" and of.owner_id != work.actor.by.id:
        raise NotFound
    if of.team_id is not None and work.actor.role not in SHARING:
        team = await standing_team(work, of.team_id)
        if work.actor.by.id not in team.members:
            raise NotFound


async def refuse_readers(work: Work, of: Reach) -> None:
    """Reading is not writing. Raises Forbidden where somebody may see it only, NotFound where not even that."""
    await refuse_strangers(work, of)
    if of.scope != "private" and work.actor.role not in SHARING:
        raise Forbidden


async def refuse_missing_team(work: Work, wanted: Reach, before: Reach) -> None:
    """A team that is newly named has to be there; the one it had may have gone since. Raises NotFound."""
    if wanted.team_id is not None and wanted.team_id != before.team_id:
        await standing_team(work, wanted.team_id)


def _author(work: Work) -> UUID | None:
    return work.actor.by.id if work.actor.by.kind == "agent" else None
