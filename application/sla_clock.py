"""Commands that move the clock of a conversation: after something happened in it, and when something is due."""

from __future__ import annotations

from uuid import UUID

from application.command import Command, Handlers
from application.work import Work
from domain.sla_clock import Choice, SlaClock, clock_of


class KeepSla(Command, frozen=True, kw_only=True):
    """A policy's: the conversation is at `version`.

    `choice`: the terms that fit it from then on, None: as before.
    """

    conversation_id: UUID
    version: int
    choice: Choice | None = None

    @property
    def turn(self) -> UUID:
        return clock_of(self.conversation_id)


class TellSla(Command, frozen=True, kw_only=True):
    """A timer's: something is due. What has happened in the conversation by now is looked at first."""

    clock_id: UUID

    @property
    def turn(self) -> UUID:
        return self.clock_id


async def keep_sla(work: Work, command: KeepSla) -> None:
    _, past = await work.history(command.conversation_id)
    clock = await work.load(SlaClock, clock_of(command.conversation_id))
    events = past[: max(command.version, clock.seen)]
    if command.choice is not None:
        clock.promise(work.stamp, command.choice, events)
    clock.keep(work.stamp, events, events[-1].at)


async def tell_sla(work: Work, command: TellSla) -> None:
    clock = await work.get(SlaClock, command.clock_id)
    _, past = await work.history(clock.conversation_id)
    clock.keep(work.stamp, past, work.stamp.at)


HANDLERS: Handlers = {KeepSla: keep_sla, TellSla: tell_sla}
