"""The one table of permissions: every command against every role."""

from __future__ import annotations

from typing import get_args
from uuid import UUID

import pytest

from application.actor import Actor, ActorRole
from application.agent import DeactivateAgent
from application.api_key import IssueApiKey
from application.command import Command
from application.conversation import PostMessage
from application.handling import AcceptConversation
from application.permissions import PERMISSIONS
from application.permit import permit
from application.scopes import SCOPES
from domain.api_key import Scope
from domain.kernel import By
from domain.refusals import Forbidden, ScopeMissing

# One line per command; a change of who may do what is a change here too.
EXPECTED = """
StartConversation     owner admin supervisor agent visitor system
PostMessage           owner admin supervisor agent visitor system
EndConversation       owner admin supervisor agent visitor system
HandOverConversation  owner admin supervisor agent visitor system assistant
IntroduceContact      owner admin supervisor agent visitor system
ReplyAsAssistant      assistant
AcceptConversation    owner admin supervisor agent
AssignConversation    owner admin supervisor system
SetAvailability       owner admin supervisor agent system
NoticeIdle            owner admin supervisor agent
SetCapacity           owner admin supervisor system
SetSkills             owner admin supervisor system
CreateTeam            owner admin supervisor system
RenameTeam            owner admin supervisor system
AddTeamMember         owner admin supervisor system
RemoveTeamMember      owner admin supervisor system
RouteTeam             owner admin supervisor system
BeginTeamHours        system
RemoveTeam            owner admin supervisor system
CreateSlaPolicy       owner admin system
ReplaceSlaPolicy      owner admin system
RemoveSlaPolicy       owner admin system
KeepSla               system
TellSla               system
WatchForVisitor       system
LookForVisitor        system
NoteNoticeSent        system
NoteNoticeFailed      system
TransferConversation  owner admin supervisor agent system
ReturnConversation    owner admin supervisor agent system
SnoozeConversation    owner admin supervisor agent system
AwakenConversation    owner admin supervisor agent system
ReopenConversation    owner admin supervisor agent system
ChangeLabels          owner admin supervisor agent system
SetPriority           owner admin supervisor agent system
SetAttributes         owner admin supervisor agent system
QualifyConversation   owner admin supervisor agent system
DisqualifyConversation owner admin supervisor agent system
StartCall             visitor
ReportCall            owner admin supervisor agent system
EndOverdueCall        system
ConfigureVoice        owner admin system
SetQualificationRules owner admin system
RecordGeneration      owner admin supervisor agent
MarkDelivered         visitor
MarkRead              owner admin supervisor agent visitor
RateConversation      visitor
ChangeContact         owner admin supervisor agent system
NoteContact           owner admin supervisor agent system
BlockContact          owner admin supervisor agent system
UnblockContact        owner admin supervisor agent system
MergeContact          owner admin supervisor agent system
UnmergeContact        owner admin supervisor agent system
IdentifyContact       visitor
IssueIdentitySecret   owner admin system
ChangePlan            owner admin system
NoticeUsage           system
RevokeIdentitySecret  owner admin system
SetFileRules          owner admin system
SetMasking            owner admin system
UploadFile            owner admin supervisor agent visitor system
PurgeFile             owner admin system
ExpireFile            system
EraseContact          owner admin system
InstallWidget         owner admin system
CreateWidget          owner admin system
RestyleWidget         owner admin system
ConfigureWidget       owner admin system
SetWidgetAddressRules owner admin system
ArchiveWidget         owner admin system
RotateWidgetToken     owner admin system
IssueWidgetToken      owner admin system
RevokeWidgetToken     owner admin system
ConfigureAssistant    owner admin system
CreateAssistant       owner admin system
ChangeAssistant       owner admin system
ArchiveAssistant      owner admin system
ChooseDefaultAssistant owner admin system
InviteAgent           owner admin system
ChangeAgentRole       owner admin system
DeactivateAgent       owner admin system
ReactivateAgent       owner admin system
RenewInvitation       owner admin system
GivePermissionSet     owner admin system
CreatePermissionSet   owner admin system
ChangePermissionSet   owner admin system
RemovePermissionSet   owner admin system
JoinAsAgent           system
IssueApiKey           owner admin system
RevokeApiKey          owner admin system
CreateWebhook         owner admin system
ChangeWebhook         owner admin system
PauseWebhook          owner admin system
SuspendWebhook        system
ResumeWebhook         owner admin system
RotateWebhookSecret   owner admin system
RewindWebhook         owner admin system
TryWebhook            owner admin system
RedeliverWebhook      owner admin system
RemoveWebhook         owner admin system
TrustIssuer           owner admin system
DistrustIssuer        owner admin system
ConfigureLoginProvider owner admin system
RemoveLoginProvider   owner admin system
OpenTenant            system
RenameTenant          owner admin system
DraftCampaign         owner admin supervisor system
ChangeCampaign        owner admin supervisor system
ScheduleCampaign      owner admin supervisor system
LaunchCampaign        owner admin supervisor system
PauseCampaign         owner admin supervisor system
ResumeCampaign        owner admin supervisor system
CancelCampaign        owner admin supervisor system
RemoveCampaign        owner admin supervisor system
KeepCampaignTime      system
FailCampaign          system
QueueRecipients       system
TakeAudience          system
SendCampaignMessage   system
DropRecipients        system
CompleteCampaign      system
ReportProgress        system
CreateArticle         owner admin system
WriteArticle          owner admin system
ChangeArticle         owner admin system
PublishArticle        owner admin system
UnpublishArticle      owner admin system
RemoveArticle         owner admin system
CreateCannedResponse  owner admin supervisor agent system
SaveCannedResponse    owner admin supervisor system
ChangeCannedResponse  owner admin supervisor agent system
RemoveCannedResponse  owner admin supervisor agent system
RecordCannedUse       owner admin supervisor agent system
CreateAutomation      owner admin system
ChangeAutomation      owner admin system
RemoveAutomation      owner admin system
ApplyAutomation       system
NoteFailedAutomation  system
CreateMacro           owner admin supervisor agent system
ChangeMacro           owner admin supervisor agent system
RemoveMacro           owner admin supervisor agent system
ApplyMacro            owner admin supervisor agent
CreateView            owner admin supervisor agent
ChangeView            owner admin supervisor agent
RemoveView            owner admin supervisor agent
AddParticipant        owner admin supervisor agent system
RemoveParticipant     owner admin supervisor agent system
ReadMentions          owner admin supervisor agent
BeginBulk             owner admin supervisor agent system
MarkAllRead           owner admin supervisor agent
UndoConversationEvent owner admin supervisor agent system
UndoBulkChange        owner admin supervisor agent system
UndoContactEvent      owner admin supervisor agent system
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


def test_a_key_needs_the_scope_of_a_command_beside_the_role() -> None:
    post = PostMessage(conversation_id=UUID(int=1), text="x")
    for scopes, command, is_let in (
        (["conversations:write"], post, True),
        (["conversations:read", "contacts:write"], post, False),
        (get_args(Scope), AcceptConversation(conversation_id=UUID(int=1)), False),
        (get_args(Scope), IssueApiKey(name="x", scopes=()), False),
        (get_args(Scope), DeactivateAgent(agent_id=UUID(int=1)), False),
    ):
        actor = Actor(7, By("integration", UUID(int=2)), "admin", frozenset(scopes))
        if is_let:
            permit(actor, command)
            continue
        with pytest.raises(ScopeMissing):
            permit(actor, command)


def test_a_scope_opens_only_what_an_admin_may_do() -> None:
    assert [command for command in SCOPES if "admin" not in PERMISSIONS[command]] == []


def test_a_command_that_is_not_in_the_table_is_nobodys() -> None:
    assert not any(may(role, Unlisted) for role in get_args(ActorRole))
