"""One table: command -> the scope that an API key needs for it. A command that is not in it is no key's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from application import (
    article,
    bulk,
    call,
    campaign,
    canned_response,
    contact,
    conversation,
    file,
    generation,
    handling,
    marks,
    participant,
    qualification,
    webhook,
)
from application.call import EndOverdueCall, StartCall
from application.campaign import FailCampaign, KeepCampaignTime
from application.command import Command
from application.contact import EraseContact
from application.conversation import ReplyAsAssistant
from application.file import ExpireFile, PurgeFile
from application.handling import AcceptConversation
from application.joining import MergeContact, UnmergeContact
from application.macro import ApplyMacro
from application.undo import UndoBulkChange
from application.webhook import SuspendWebhook
from domain.api_key import Scope
from domain.refusals import ScopeMissing

OF_NOUNS: tuple[tuple[Scope, Iterable[type[Command]]], ...] = (
    ("conversations:write", (*conversation.HANDLERS, *handling.HANDLERS, *marks.HANDLERS, *file.HANDLERS)),
    ("conversations:write", (*bulk.HANDLERS, UndoBulkChange, *participant.HANDLERS)),
    ("conversations:write", (ApplyMacro,)),
    ("conversations:write", (*qualification.HANDLERS, *generation.HANDLERS, *call.HANDLERS)),
    ("contacts:write", (*contact.HANDLERS, MergeContact, UnmergeContact)),
    ("knowledge:write", (*article.HANDLERS, *canned_response.HANDLERS)),
    ("webhooks:manage", webhook.HANDLERS),
    ("campaigns:manage", campaign.HANDLERS),
)

NO_KEYS: frozenset[type[Command]] = frozenset(
    [
        AcceptConversation,
        ReplyAsAssistant,
        StartCall,
        EndOverdueCall,
        EraseContact,
        PurgeFile,
        ExpireFile,
        SuspendWebhook,
        KeepCampaignTime,
        FailCampaign,
    ]
)
"""A person's or the product's own, or not to be undone."""

SCOPES: Mapping[type[Command], Scope] = {
    command: scope for scope, commands in OF_NOUNS for command in commands if command not in NO_KEYS
}


def expect_scope(scopes: frozenset[str], needed: Scope | None) -> None:
    """Raises ScopeMissing; None is a scope that nobody has."""
    if needed is None:
        raise ScopeMissing
    if needed not in scopes:
        raise ScopeMissing(scope=needed)
