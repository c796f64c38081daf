"""Actions of automations and macros: what is done to a conversation, one after another, all of them or none.

On the wire and in the log alike: `{"type": …}` with what that type needs; ids as on the wire. Fields are single
words, so that they read the same in JSON and here. What an action means is in `application/rule_actions.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from domain.attributes import AttributeValue, changes
from domain.handling import LONGEST_SNOOZE
from domain.ids import parse
from domain.marks import MOST_LABELS, Priority, label
from domain.qualification import WHY_LENGTH
from domain.refusals import Invalid
from domain.values import bounded, message_text

ME = "me"
"""Whoever applies a macro, in place of an agent's id."""
MOST_ACTIONS = 20
LONGEST_MINUTES = LONGEST_SNOOZE.days * 24 * 60


class _Action(msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True):
    pass


class AddLabels(_Action, frozen=True, tag="addLabels"):
    labels: tuple[str, ...]


class RemoveLabels(_Action, frozen=True, tag="removeLabels"):
    labels: tuple[str, ...]


class GivePriority(_Action, frozen=True, tag="setPriority"):
    """null takes it away."""

    priority: Priority | None


class AssignTeam(_Action, frozen=True, tag="assignTeam"):
    """Into the team's queue, whoever has it now."""

    team: str


class AssignAgent(_Action, frozen=True, tag="assignAgent"):
    """To an agent who is there and has room; `me` in a macro. Somebody else's goes over as a transfer."""

    agent: str


class SendMessage(_Action, frozen=True, tag="sendMessage"):
    """Public, with the variables of canned responses."""

    text: str


class WriteNote(_Action, frozen=True, tag="addNote"):
    """Private, with the same variables."""

    text: str


class SnoozeFor(_Action, frozen=True, tag="snooze"):
    """Without `minutes` until the next reply."""

    minutes: int | None = None


class Resolve(_Action, frozen=True, tag="resolve"):
    """Ends the conversation."""


class GiveAttribute(_Action, frozen=True, tag="setAttribute"):
    """null removes it."""

    name: str
    value: AttributeValue


class Qualify(_Action, frozen=True, tag="qualify"):
    """It is a lead."""

    why: str | None = None


Action = (
    AddLabels
    | RemoveLabels
    | GivePriority
    | AssignTeam
    | AssignAgent
    | SendMessage
    | WriteNote
    | SnoozeFor
    | Resolve
    | GiveAttribute
    | Qualify
)


def valid_actions(actions: tuple[Action, ...], *, knows_me: bool) -> tuple[Action, ...]:
    """1 to 20, labels in lower case; `me` only where somebody applies it. Raises Invalid, NotFound."""
    if not 1 <= len(actions) <= MOST_ACTIONS:
        raise Invalid(f"1 to {MOST_ACTIONS} actions.")
    if not knows_me and any(isinstance(one, AssignAgent) and one.agent == ME for one in actions):
        raise Invalid("Nobody is `me` to an automation.")
    for noun, id in named_in(actions):
        parse(noun, id)
    return tuple(_valid(one) for one in actions)


def named_in(actions: tuple[Action, ...]) -> Iterator[tuple[str, str]]:
    """(noun, wire id) of what these actions name."""
    for one in actions:
        match one:
            case AssignTeam():
                yield "team", one.team
            case AssignAgent() if one.agent != ME:
                yield "agent", one.agent
            case _:
                pass


def _valid(action: Action) -> Action:
    match action:
        case AddLabels() | RemoveLabels():
            return replace(action, labels=_labels(action.labels))
        case SendMessage() | WriteNote():
            return replace(action, text=message_text(action.text))
        case SnoozeFor(minutes=minutes) if minutes is not None and not 1 <= minutes <= LONGEST_MINUTES:
            raise Invalid(f"minutes is 1 to {LONGEST_MINUTES}.")
        case GiveAttribute():
            changes({}, {action.name: action.value})
            return action
        case Qualify(why=str() as why):
            return replace(action, why=bounded("why", why, WHY_LENGTH))
        case _:
            return action


def _labels(labels: tuple[str, ...]) -> tuple[str, ...]:
    if not 1 <= len(labels) <= MOST_LABELS:
        raise Invalid(f"1 to {MOST_LABELS} labels.")
    return tuple(dict.fromkeys(label(one) for one in labels))
