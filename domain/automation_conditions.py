"""Conditions of automations: what must be so of a conversation. Pure, over a frozen view of it.

On the wire and in the log alike: `{"type": …}` with what that type needs; ids as on the wire. `negated` turns one
round. Fields are single words, so that they read the same in JSON and here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec
from msgspec.structs import replace

from domain.attributes import AttributeValue, changes
from domain.conversation import Channel
from domain.handling import HandledBy, Status
from domain.ids import parse
from domain.marks import Priority, label
from domain.refusals import Invalid
from domain.values import required

Match = Literal["all", "any"]

MOST_CONDITIONS = 20
MOST_PHRASES = 50
PHRASE_LENGTH = 200
_WORD = re.compile(r"\w+")


class _Condition(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", forbid_unknown_fields=True):
    negated: bool = False


class TextContains(_Condition, frozen=True, kw_only=True, tag="text"):
    """The message holds one of these phrases, whatever the case."""

    contains: tuple[str, ...]


class TextHasWord(_Condition, frozen=True, kw_only=True, tag="words"):
    """One of these is a whole word of the message."""

    any: tuple[str, ...]


class ChannelIs(_Condition, frozen=True, kw_only=True, tag="channel"):
    value: Channel


class WidgetIs(_Condition, frozen=True, kw_only=True, tag="widget"):
    value: str


class LabelIs(_Condition, frozen=True, kw_only=True, tag="label"):
    """The conversation carries it."""

    value: str


class PriorityIs(_Condition, frozen=True, kw_only=True, tag="priority"):
    """null: it has none."""

    value: Priority | None


class TeamIs(_Condition, frozen=True, kw_only=True, tag="team"):
    """null: it is in no team's queue."""

    value: str | None


class AssigneeIs(_Condition, frozen=True, kw_only=True, tag="assignee"):
    """null: nobody has it."""

    value: str | None


class StatusIs(_Condition, frozen=True, kw_only=True, tag="status"):
    value: Status


class HandledByIs(_Condition, frozen=True, kw_only=True, tag="handledBy"):
    value: HandledBy


class AttributeIs(_Condition, frozen=True, kw_only=True, tag="attribute"):
    """null: it has no such attribute. A number is no text."""

    name: str
    value: AttributeValue


class ContactIsVerified(_Condition, frozen=True, kw_only=True, tag="verified"):
    """A signed identity says who the visitor is."""


class IsOpen(_Condition, frozen=True, kw_only=True, tag="insideHours"):
    """This team is open; without one the conversation's team, else its widget. Without hours: always."""

    team: str | None = None


Condition = (
    TextContains
    | TextHasWord
    | ChannelIs
    | WidgetIs
    | LabelIs
    | PriorityIs
    | TeamIs
    | AssigneeIs
    | StatusIs
    | HandledByIs
    | AttributeIs
    | ContactIsVerified
    | IsOpen
)


class ConversationFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What conditions look at. `text`: of the message that counts, None where there is none or it was erased.

    `team`, `assignee` and `widget` are wire ids. `is_open`: by its own team's hours, else its widget's;
    `open_teams`: those of the teams that the conditions name.
    """

    text: str | None = None
    channel: Channel = "chat"
    widget: str | None = None
    labels: frozenset[str] = frozenset()
    priority: Priority | None = None
    team: str | None = None
    assignee: str | None = None
    status: Status = "open"
    handled_by: HandledBy = "queue"
    attributes: Mapping[str, AttributeValue] = {}
    is_verified: bool = False
    is_open: bool = True
    open_teams: frozenset[str] = frozenset()


def holds(condition: Condition, facts: ConversationFacts) -> bool:
    """Whether it is so, turned round where it is negated."""
    return _is_so(condition, facts) != condition.negated


def hold(match: Match, conditions: tuple[Condition, ...], facts: ConversationFacts) -> bool:
    """All of them, or any; where there are none, it is so."""
    results = [holds(one, facts) for one in conditions]
    return all(results) if match == "all" else not results or any(results)


def may_hold(match: Match, conditions: tuple[Condition, ...], text: str | None) -> bool:
    """False where what is asked of the text alone forbids it already."""
    asked = [one for one in conditions if isinstance(one, TextContains | TextHasWord)]
    return match == "any" or all(holds(one, ConversationFacts(text=text)) for one in asked)


def valid_conditions(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """Phrases trimmed, labels in lower case. Raises Invalid; NotFound for an id that names nothing."""
    if len(conditions) > MOST_CONDITIONS:
        raise Invalid(f"At most {MOST_CONDITIONS} conditions.")
    for noun, id in named_in(conditions):
        parse(noun, id)
    return tuple(_valid(one) for one in conditions)


def named_in(conditions: tuple[Condition, ...]) -> Iterator[tuple[str, str]]:
    """(noun, wire id) of what these conditions name."""
    for one in conditions:
        match one:
            case WidgetIs():
                yield "widget", one.value
            case TeamIs() if one.value is not None:
                yield "team", one.value
            case AssigneeIs() if one.value is not None:
                yield "agent", one.value
            case IsOpen() if one.team is not None:
                yield "team", one.team
            case _:
                pass


def _is_so(condition: Condition, facts: ConversationFacts) -> bool:
    match condition:
        case TextContains() | TextHasWord():
            return _is_said(condition, (facts.text or "").casefold())
        case LabelIs():
            return condition.value in facts.labels
        case AttributeIs():
            known = facts.attributes.get(condition.name)
            return type(known) is type(condition.value) and known == condition.value
        case ContactIsVerified():
            return facts.is_verified
        case IsOpen():
            return facts.is_open if condition.team is None else condition.team in facts.open_teams
        case _:
            return getattr(facts, _FACTS[type(condition)]) == condition.value


_FACTS: Mapping[type[Condition], str] = {
    ChannelIs: "channel",
    WidgetIs: "widget",
    PriorityIs: "priority",
    TeamIs: "team",
    AssigneeIs: "assignee",
    StatusIs: "status",
    HandledByIs: "handled_by",
}
"""What these compare their value with."""


def _is_said(condition: TextContains | TextHasWord, text: str) -> bool:
    if isinstance(condition, TextContains):
        return any(phrase.casefold() in text for phrase in condition.contains)
    words = set(_WORD.findall(text))
    return any(word.casefold() in words for word in condition.any)


def _valid(condition: Condition) -> Condition:
    match condition:
        case TextContains():
            return replace(condition, contains=_phrases(condition.contains))
        case TextHasWord():
            words = _phrases(condition.any)
            if not all(_WORD.fullmatch(word) for word in words):
                raise Invalid("any holds single words.")
            return replace(condition, any=words)
        case LabelIs():
            return replace(condition, value=label(condition.value))
        case AttributeIs():
            changes({}, {condition.name: condition.value})
            return condition
        case _:
            return condition


def _phrases(phrases: tuple[str, ...]) -> tuple[str, ...]:
    if not 1 <= len(phrases) <= MOST_PHRASES:
        raise Invalid(f"A condition on words has 1 to {MOST_PHRASES} of them.")
    return tuple(dict.fromkeys(required("phrase", one, PHRASE_LENGTH) for one in phrases))
