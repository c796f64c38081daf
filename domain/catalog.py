"""Every event type there is, by its stored name, and how old versions become new ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from domain import (
    agent,
    api_key,
    article,
    assistant,
    automation,
    automation_run,
    bulk,
    campaign,
    campaign_batch,
    campaign_progress,
    canned_response,
    canned_shortcut,
    canned_use,
    contact,
    continuity,
    conversation,
    file,
    generation,
    identity_secret,
    issuer,
    login_provider,
    macro,
    ownership,
    permission_set,
    plan,
    qualification_rules,
    sla_clock,
    sla_policy,
    team,
    tenant,
    view,
    voice,
    webhook,
    widget,
)
from domain.kernel import Event

NOUNS = (
    conversation,
    contact,
    identity_secret,
    widget,
    assistant,
    generation,
    agent,
    ownership,
    permission_set,
    api_key,
    issuer,
    login_provider,
    tenant,
    plan,
    article,
    canned_response,
    canned_shortcut,
    canned_use,
    automation,
    automation_run,
    macro,
    file,
    campaign,
    campaign_batch,
    campaign_progress,
    team,
    sla_policy,
    sla_clock,
    continuity,
    qualification_rules,
    view,
    voice,
    webhook,
    bulk,
)

EVENT_TYPES: Mapping[str, type[Event]] = {event.TYPE: event for noun in NOUNS for event in noun.EVENTS}


class Upcast(msgspec.Struct, frozen=True):
    """One step from an old type to its next version, over the event's facts as a dict.

    `personal` names the sealed fields of the old version; they are opened before the step.
    """

    next_type: str
    facts: Callable[[dict[str, Any]], dict[str, Any]]
    personal: tuple[str, ...] = ()


UPCASTS: Mapping[str, Upcast] = {}
"""Old type -> the step to the next one. Stored bytes never change."""
