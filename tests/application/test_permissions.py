"""The one table of permissions: every command against every role."""

from __future__ import annotations

from typing import get_args
from uuid import UUID

import pytest

from application.actor import Actor, ActorRole
from application.command import Command
from application.permissions import PERMISSIONS, permit
from domain.kernel import By
from domain.refusals import Forbidden

# One line per command; a change of who may do what is a change here too.
EXPECTED = """
StartConversation     owner admin supervisor agent visitor system
PostMessage           owner admin supervisor agent visitor system
EndConversation       owner admin supervisor agent visitor system
HandOverConversation  owner admin supervisor agent visitor system assistant
IntroduceContact      owner admin supervisor agent visitor system
ReplyAsAssistant      assistant
AcceptConversation    owner admin supervisor agent
EraseContact          owner admin system
InstallWidget         owner admin system
RestyleWidget         owner admin system
IssueWidgetToken      owner admin system
RevokeWidgetToken     owner admin system
ConfigureAssistant    owner admin system
InviteAgent           owner admin system
ChangeAgentRole       owner admin system
DeactivateAgent       owner admin system
OpenTenant            system
RenameTenant          owner admin system
WriteArticle          owner admin supervisor system
RemoveArticle         owner admin supervisor system
SaveCannedResponse    owner admin supervisor system
RemoveCannedResponse  owner admin supervisor system
"""
TABLE = {line.split()[0]: set(line.split()[1:]) for line in EXPECTED.strip().splitlines()}


class Unlisted(Command, frozen=True, kw_only=True):
    pass


def may(role: ActorRole, command: type[Command]) -> bool:
    actor = Actor(7, By("agent", UUID(int=1)), role)
    blank = command(**dict.fromkeys(command.__struct_fields__))
    try:
        permit(actor, blank)
    except Forbidden:
        return False
    return True


@pytest.mark.parametrize("command", PERMISSIONS, ids=lambda command: command.__name__)
def test_each_role_may_do_what_the_table_says_and_nothing_else(command: type[Command]) -> None:
    allowed = {role for role in get_args(ActorRole) if may(role, command)}
    assert allowed == TABLE[command.__name__]


def test_analysts_and_auditors_change_nothing() -> None:
    assert not any(may("analyst", command) or may("auditor", command) for command in PERMISSIONS)


def test_a_command_that_is_not_in_the_table_is_nobodys() -> None:
    assert not any(may(role, Unlisted) for role in get_args(ActorRole))
