"""Every command there is, and who handles it."""

from __future__ import annotations

from application import (
    agent,
    article,
    assistant,
    canned_response,
    contact,
    conversation,
    tenant,
    widget,
)
from application.command import Handlers

HANDLERS: Handlers = {
    **conversation.HANDLERS,
    **contact.HANDLERS,
    **widget.HANDLERS,
    **assistant.HANDLERS,
    **agent.HANDLERS,
    **tenant.HANDLERS,
    **article.HANDLERS,
    **canned_response.HANDLERS,
}
