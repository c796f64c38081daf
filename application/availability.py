"""Commands about whether an agent takes conversations, and how many."""

from __future__ import annotations

from uuid import UUID

from application.command import Command, Handlers
from application.work import Work
from domain.agent import Agent, Availability
from domain.refusals import Forbidden


class AboutDesk(Command, frozen=True, kw_only=True):
    """Its turn is the agent's."""

    agent_id: UUID

    @property
    def turn(self) -> UUID:
        return self.agent_id


class SetAvailability(AboutDesk, frozen=True, kw_only=True):
    """What an agent says of themselves; supervisors also of others."""

    availability: Availability


class NoticeIdle(AboutDesk, frozen=True, kw_only=True):
    """What the agent's browser says; what they chose by hand wins."""

    is_idle: bool


class SetCapacity(AboutDesk, frozen=True, kw_only=True):
    """Open conversations they may have; None: what their team says."""

    capacity: int | None = None


class SetSkills(AboutDesk, frozen=True, kw_only=True):
    """All that they can do; routing looks at it."""

    skills: tuple[str, ...] = ()


async def set_availability(work: Work, command: SetAvailability) -> None:
    if work.actor.role == "agent" and work.actor.by.id != command.agent_id:
        raise Forbidden
    (await work.get(Agent, command.agent_id)).set_availability(work.stamp, command.availability)


async def notice_idle(work: Work, command: NoticeIdle) -> None:
    if work.actor.by.id != command.agent_id:
        raise Forbidden
    (await work.get(Agent, command.agent_id)).notice_idle(work.stamp, command.is_idle)


async def set_capacity(work: Work, command: SetCapacity) -> None:
    (await work.get(Agent, command.agent_id)).set_capacity(work.stamp, command.capacity)


async def set_skills(work: Work, command: SetSkills) -> None:
    (await work.get(Agent, command.agent_id)).set_skills(work.stamp, command.skills)


HANDLERS: Handlers = {
    SetAvailability: set_availability,
    NoticeIdle: notice_idle,
    SetCapacity: set_capacity,
    SetSkills: set_skills,
}
