"""Every event type there is, by its stored name, and how old versions become new ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from domain import (
    agent,
    article,
    assistant,
    canned_response,
    contact,
    conversation,
    tenant,
    widget,
)
from domain.kernel import Event

NOUNS = (conversation, contact, widget, assistant, agent, tenant, article, canned_response)

EVENT_TYPES: Mapping[str, type[Event]] = {event.TYPE: event for noun in NOUNS for event in noun.EVENTS}

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

UPCASTERS: Mapping[str, tuple[str, Upcaster]] = {}
"""Old type -> (the next type, facts of the old one -> facts of the next one). Stored bytes never change."""
