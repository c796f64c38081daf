"""Rehearsal: what an automation would do to a conversation now, decided by the code that does it; not stored."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from application.conversation_facts import facts_of
from application.rule_actions import carry_out
from application.work import Work
from domain.automation import Automation
from domain.automation_conditions import Condition, hold, holds
from domain.automation_triggers import Trigger
from domain.conversation import Conversation, MessagePosted
from domain.kernel import Event
from domain.personal import readable
from domain.refusals import NotFound, Refusal


class Rehearsal(msgspec.Struct, frozen=True):
    """`conditions` and whether each holds; `holds`: what they come to. `would`: the events that it would record.

    `refusal`: why it would fail as a whole; seats at agents' desks are asked for only when it really runs.
    """

    conditions: tuple[tuple[Condition, bool], ...]
    holds: bool
    would: tuple[Event, ...] = ()
    refusal: Refusal | None = None


async def rehearse(work: Work, automation_id: UUID, conversation_id: UUID) -> Rehearsal:
    """`work` is a draft; the message that counts is the last one of the side that the trigger is about.

    Raises NotFound where this tenant lacks one of the two.
    """
    automation, _ = await work.history(automation_id)
    conversation, past = await work.history(conversation_id)
    if (
        not isinstance(automation, Automation)
        or automation.is_removed
        or not isinstance(conversation, Conversation)
    ):
        raise NotFound
    rules = automation.rules
    facts = await facts_of(work, conversation, rules.conditions, _last_words(past, rules.trigger))
    results = tuple((one, holds(one, facts)) for one in rules.conditions)
    if not hold(rules.match, rules.conditions, facts):
        return Rehearsal(results, holds=False)
    try:
        await carry_out(work, conversation, rules.actions, work.stamp)
    except Refusal as refusal:
        return Rehearsal(results, holds=True, refusal=refusal)
    return Rehearsal(results, holds=True, would=tuple(conversation.collect_events()))


def _last_words(past: Sequence[Event], trigger: Trigger) -> str | None:
    """None where the trigger is no message: then there are no words to look at, and so it is when it runs."""
    if trigger not in ("visitorMessage", "agentMessage"):
        return None
    said = [one for one in past if isinstance(one, MessagePosted)]
    mine = [one for one in said if (one.by.kind == "visitor") == (trigger == "visitorMessage")]
    return readable(mine[-1].text) if mine else None
