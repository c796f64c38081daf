"""Carrying out the actions of automations and macros, and making sure that what they name is there.

Each is what the ordinary command does. The first that is refused refuses them all: nothing is appended yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from application.masking import masked
from application.rule_values import values_of
from application.team import standing_team
from application.work import Work
from domain.agent import Agent
from domain.canned_rendering import render
from domain.conversation import Conversation
from domain.ids import parse
from domain.kernel import Stamp
from domain.refusals import AgentUnavailable
from domain.rule_actions import (
    ME,
    Action,
    AddLabels,
    AssignAgent,
    AssignTeam,
    GiveAttribute,
    GivePriority,
    Qualify,
    RemoveLabels,
    Resolve,
    SendMessage,
    SnoozeFor,
    WriteNote,
)
from domain.widget import Widget

RULE = "rule"
"""What an assignment by a rule calls its strategy."""


async def carry_out(work: Work, conversation: Conversation, actions: Sequence[Action], stamp: Stamp) -> None:
    """All of them, in order, each on what the ones before it have left. Raises a Refusal of any of them."""
    for action in actions:
        await _carry_out(work, conversation, action, stamp)


async def refuse_strangers_in(work: Work, named: Iterable[tuple[str, str]]) -> None:
    """(noun, wire id) of what a rule names: each is this tenant's, and there. Raises NotFound."""
    for noun, id in dict.fromkeys(named):
        match noun:
            case "team":
                await standing_team(work, parse(noun, id))
            case "agent":
                await work.look_up(Agent, parse(noun, id))
            case _:
                await work.look_up(Widget, parse(noun, id))


async def _carry_out(work: Work, conversation: Conversation, action: Action, stamp: Stamp) -> None:
    match action:
        case SendMessage():
            conversation.post(stamp, work.new_id(), await _rendered(work, conversation, action.text))
        case WriteNote():
            conversation.add_note(stamp, work.new_id(), await _rendered(work, conversation, action.text))
        case AssignTeam():
            team_id = parse("team", action.team)
            await standing_team(work, team_id)
            conversation.transfer(stamp, team_id=team_id)
        case AssignAgent():
            await _assign(work, conversation, action, stamp)
        case GiveAttribute(value=str() as text):
            conversation.set_attributes(stamp, {action.name: await masked(work, text)})
        case GiveAttribute():
            conversation.set_attributes(stamp, {action.name: action.value})
        case _:
            _mark(conversation, action, stamp)


def _mark(
    conversation: Conversation,
    action: AddLabels | RemoveLabels | GivePriority | SnoozeFor | Resolve | Qualify,
    stamp: Stamp,
) -> None:
    """What needs nothing but the conversation."""
    match action:
        case AddLabels():
            conversation.change_labels(stamp, add=action.labels)
        case RemoveLabels():
            conversation.change_labels(stamp, remove=action.labels)
        case GivePriority():
            conversation.set_priority(stamp, action.priority)
        case SnoozeFor(minutes=minutes):
            until = None if minutes is None else stamp.at + timedelta(minutes=minutes)
            conversation.snooze(stamp, until)
        case Resolve():
            conversation.end(stamp)
        case Qualify():
            conversation.qualify(stamp, why=action.why)


async def _assign(work: Work, conversation: Conversation, action: AssignAgent, stamp: Stamp) -> None:
    """From the assistant or the queue at once; from an agent as a transfer, which the other one has to accept."""
    agent_id = work.actor.by.id if action.agent == ME else parse("agent", action.agent)
    if not (await work.look_up(Agent, agent_id)).is_active:
        raise AgentUnavailable
    if agent_id == work.actor.by.id:
        conversation.accept(stamp, agent_id)
        return
    if not conversation.is_ended:
        conversation.hand_over(stamp, RULE)
    if conversation.handling.handled_by == "queue" and conversation.handling.status == "open":
        conversation.assign(stamp, agent_id, RULE)
        return
    conversation.transfer(stamp, agent_id=agent_id)


async def _rendered(work: Work, conversation: Conversation, text: str) -> str:
    return await masked(work, render(text, await values_of(work, conversation)).text)
