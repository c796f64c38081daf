"""Mentions: whom a note names, found and checked; and the command by which an agent has read what names them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from application.command import Command, Handlers
from application.roles import AGENTS, SYSTEM
from application.team import standing_team
from application.work import Work
from domain.agent import Agent
from domain.conversation import Conversation
from domain.mention import Mentions, mentions
from domain.refusals import Invalid, NotFound

READERS = AGENTS - SYSTEM
"""Who may answer may be named in a conversation and take part in it: neither opens anything to anybody else."""
MOST_READ = 100


class Named(msgspec.Struct, frozen=True):
    """What a note's author names."""

    agents: tuple[UUID, ...] = ()
    teams: tuple[UUID, ...] = ()


class ReadUpTo(msgspec.Struct, frozen=True):
    """All of a conversation, or up to a version of it."""

    conversation_id: UUID
    version: int | None = None


class ReadMentions(Command, frozen=True, kw_only=True):
    """The acting agent's, in all of these conversations or in none."""

    places: tuple[ReadUpTo, ...]


async def mentions_of(work: Work, named: Named | None) -> Mentions | None:
    """None where nobody is named. Raises NotFound for whom the tenant does not have, Invalid for too many."""
    if named is None:
        return None
    members: set[UUID] = set()
    for agent_id in named.agents:
        await reader(work, agent_id)
    for team_id in named.teams:
        members |= (await standing_team(work, team_id)).members
    return mentions(work.actor.by.id, named.agents, named.teams, members)


async def reader(work: Work, agent_id: UUID) -> Agent:
    """An active agent whose role reads conversations. Raises NotFound, Invalid."""
    agent = await work.look_up(Agent, agent_id)
    if not agent.is_active:
        raise NotFound
    if agent.role not in READERS:
        raise Invalid(f"Somebody in the role {agent.role} reads no conversations.")
    return agent


async def read_mentions(work: Work, command: ReadMentions) -> None:
    """Where none is unread nothing changes."""
    if len(command.places) > MOST_READ:
        raise Invalid(f"Mentions are read in at most {MOST_READ} conversations at once.")
    for conversation, place in await _found(work, command.places):
        conversation.read_mentions(work.stamp, place.version)


async def _found(work: Work, places: Sequence[ReadUpTo]) -> list[tuple[Conversation, ReadUpTo]]:
    """Before anything is recorded. Raises NotFound."""
    return [(await work.get(Conversation, place.conversation_id), place) for place in places]


HANDLERS: Handlers = {ReadMentions: read_mentions}
