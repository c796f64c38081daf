"""Every command there is, and who handles it."""

from __future__ import annotations

from application import (
    agent,
    api_key,
    article,
    assistant,
    availability,
    bulk,
    canned_response,
    canned_use,
    contact,
    conversation,
    file,
    handling,
    identity_secret,
    issuer,
    joining,
    marks,
    receipts,
    team,
    tenant,
    undo,
    view,
    widget,
)
from application.command import Handlers

HANDLERS: Handlers = {
    **conversation.HANDLERS,
    **handling.HANDLERS,
    **marks.HANDLERS,
    **receipts.HANDLERS,
    **contact.HANDLERS,
    **joining.HANDLERS,
    **identity_secret.HANDLERS,
    **file.HANDLERS,
    **widget.HANDLERS,
    **assistant.HANDLERS,
    **agent.HANDLERS,
    **availability.HANDLERS,
    **team.HANDLERS,
    **api_key.HANDLERS,
    **issuer.HANDLERS,
    **tenant.HANDLERS,
    **article.HANDLERS,
    **canned_response.HANDLERS,
    **canned_use.HANDLERS,
    **view.HANDLERS,
    **bulk.HANDLERS,
    **undo.HANDLERS,
}
