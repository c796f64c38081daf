"""One table: command -> the roles that may give it. Nothing else decides."""

from __future__ import annotations

from collections.abc import Mapping

from application.actor import Actor
from application.agent import ChangeAgentRole, DeactivateAgent, InviteAgent
from application.article import RemoveArticle, WriteArticle
from application.assistant import ConfigureAssistant
from application.canned_response import RemoveCannedResponse, SaveCannedResponse
from application.command import Command
from application.contact import EraseContact, IntroduceContact
from application.conversation import (
    AcceptConversation,
    EndConversation,
    HandOverConversation,
    PostMessage,
    ReplyAsAssistant,
    StartConversation,
)
from application.tenant import OpenTenant, RenameTenant
from application.widget import InstallWidget, IssueWidgetToken, RestyleWidget, RevokeWidgetToken
from domain.refusals import Forbidden

Roles = frozenset[str]

SYSTEM: Roles = frozenset(["system"])
ADMINS: Roles = frozenset(["owner", "admin", "system"])
SUPERVISORS: Roles = ADMINS | {"supervisor"}
AGENTS: Roles = SUPERVISORS | {"agent"}
AGENTS_AND_VISITORS: Roles = AGENTS | {"visitor"}

PERMISSIONS: Mapping[type[Command], Roles] = {
    StartConversation: AGENTS_AND_VISITORS,
    PostMessage: AGENTS_AND_VISITORS,
    EndConversation: AGENTS_AND_VISITORS,
    HandOverConversation: AGENTS_AND_VISITORS | {"assistant"},
    ReplyAsAssistant: frozenset(["assistant"]),
    AcceptConversation: AGENTS - SYSTEM,
    IntroduceContact: AGENTS_AND_VISITORS,
    EraseContact: ADMINS,
    InstallWidget: ADMINS,
    RestyleWidget: ADMINS,
    IssueWidgetToken: ADMINS,
    RevokeWidgetToken: ADMINS,
    ConfigureAssistant: ADMINS,
    InviteAgent: ADMINS,
    ChangeAgentRole: ADMINS,
    DeactivateAgent: ADMINS,
    OpenTenant: SYSTEM,
    RenameTenant: ADMINS,
    WriteArticle: SUPERVISORS,
    RemoveArticle: SUPERVISORS,
    SaveCannedResponse: SUPERVISORS,
    RemoveCannedResponse: SUPERVISORS,
}


def permit(actor: Actor, command: Command) -> None:
    """Raises Forbidden where the table does not name the actor's role for this command."""
    if actor.role not in PERMISSIONS.get(type(command), frozenset()):
        raise Forbidden
