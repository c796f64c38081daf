"""One table: command -> the roles that may give it. Nothing else decides."""

from __future__ import annotations

from collections.abc import Mapping

from application.agent import (
    ChangeAgentRole,
    DeactivateAgent,
    GivePermissionSet,
    InviteAgent,
    JoinAsAgent,
    ReactivateAgent,
    RenewInvitation,
)
from application.api_key import IssueApiKey, RevokeApiKey
from application.article import (
    ChangeArticle,
    CreateArticle,
    PublishArticle,
    RemoveArticle,
    UnpublishArticle,
    WriteArticle,
)
from application.assistant import (
    ArchiveAssistant,
    ChangeAssistant,
    ChooseDefaultAssistant,
    ConfigureAssistant,
    CreateAssistant,
)
from application.automation import ChangeAutomation, CreateAutomation, RemoveAutomation
from application.automation_run import ApplyAutomation, NoteFailedAutomation
from application.availability import NoticeIdle, SetAvailability, SetCapacity, SetSkills
from application.bulk import BeginBulk, MarkAllRead
from application.call import EndOverdueCall, ReportCall, StartCall
from application.campaign import (
    CancelCampaign,
    ChangeCampaign,
    DraftCampaign,
    FailCampaign,
    KeepCampaignTime,
    LaunchCampaign,
    PauseCampaign,
    RemoveCampaign,
    ResumeCampaign,
    ScheduleCampaign,
)
from application.campaign_sending import (
    CompleteCampaign,
    DropRecipients,
    QueueRecipients,
    ReportProgress,
    SendCampaignMessage,
    TakeAudience,
)
from application.canned_response import (
    ChangeCannedResponse,
    CreateCannedResponse,
    RemoveCannedResponse,
    SaveCannedResponse,
)
from application.canned_use import RecordCannedUse
from application.command import Command
from application.contact import (
    BlockContact,
    ChangeContact,
    EraseContact,
    IntroduceContact,
    NoteContact,
    UnblockContact,
)
from application.continuity import LookForVisitor, NoteNoticeFailed, NoteNoticeSent, WatchForVisitor
from application.conversation import PostMessage, ReplyAsAssistant, StartConversation
from application.file import ExpireFile, PurgeFile, UploadFile
from application.generation import RecordGeneration
from application.handling import (
    AcceptConversation,
    AssignConversation,
    AwakenConversation,
    EndConversation,
    HandOverConversation,
    ReopenConversation,
    ReturnConversation,
    SnoozeConversation,
    TransferConversation,
)
from application.identity_secret import IssueIdentitySecret, RevokeIdentitySecret
from application.issuer import DistrustIssuer, TrustIssuer
from application.joining import IdentifyContact, MergeContact, UnmergeContact
from application.login_provider import ConfigureLoginProvider, RemoveLoginProvider
from application.macro import ApplyMacro, ChangeMacro, CreateMacro, RemoveMacro
from application.marks import ChangeLabels, SetAttributes, SetPriority
from application.mention import ReadMentions
from application.participant import AddParticipant, RemoveParticipant
from application.permission_set import ChangePermissionSet, CreatePermissionSet, RemovePermissionSet
from application.plan import ChangePlan, NoticeUsage
from application.qualification import DisqualifyConversation, QualifyConversation
from application.qualification_rules import SetQualificationRules
from application.receipts import MarkDelivered, MarkRead, RateConversation
from application.roles import ADMINS, AGENTS, AGENTS_AND_VISITORS, SUPERVISORS, SYSTEM, VISITORS, Roles
from application.sla_clock import KeepSla, TellSla
from application.sla_policy import CreateSlaPolicy, RemoveSlaPolicy, ReplaceSlaPolicy
from application.team import (
    AddTeamMember,
    BeginTeamHours,
    CreateTeam,
    RemoveTeam,
    RemoveTeamMember,
    RenameTeam,
    RouteTeam,
)
from application.tenant import OpenTenant, RenameTenant, SetFileRules, SetMasking
from application.undo import UndoBulkChange, UndoContactEvent, UndoConversationEvent
from application.view import ChangeView, CreateView, RemoveView
from application.voice import ConfigureVoice
from application.webhook import (
    ChangeWebhook,
    CreateWebhook,
    PauseWebhook,
    RedeliverWebhook,
    RemoveWebhook,
    ResumeWebhook,
    RewindWebhook,
    RotateWebhookSecret,
    SuspendWebhook,
    TryWebhook,
)
from application.widget import (
    ArchiveWidget,
    ConfigureWidget,
    CreateWidget,
    InstallWidget,
    IssueWidgetToken,
    RestyleWidget,
    RevokeWidgetToken,
    RotateWidgetToken,
    SetWidgetAddressRules,
)

PERMISSIONS: Mapping[type[Command], Roles] = {
    StartConversation: AGENTS_AND_VISITORS,
    PostMessage: AGENTS_AND_VISITORS,
    ReplyAsAssistant: frozenset(["assistant"]),
    EndConversation: AGENTS_AND_VISITORS,
    HandOverConversation: AGENTS_AND_VISITORS | {"assistant"},
    AcceptConversation: AGENTS - SYSTEM,
    AssignConversation: SUPERVISORS,
    SetAvailability: AGENTS,
    NoticeIdle: AGENTS - SYSTEM,
    SetCapacity: SUPERVISORS,
    SetSkills: SUPERVISORS,
    CreateTeam: SUPERVISORS,
    RenameTeam: SUPERVISORS,
    AddTeamMember: SUPERVISORS,
    RemoveTeamMember: SUPERVISORS,
    RouteTeam: SUPERVISORS,
    BeginTeamHours: SYSTEM,
    RemoveTeam: SUPERVISORS,
    CreateSlaPolicy: ADMINS,
    ReplaceSlaPolicy: ADMINS,
    RemoveSlaPolicy: ADMINS,
    KeepSla: SYSTEM,
    TellSla: SYSTEM,
    **dict.fromkeys((WatchForVisitor, LookForVisitor, NoteNoticeSent, NoteNoticeFailed), SYSTEM),
    TransferConversation: AGENTS,
    ReturnConversation: AGENTS,
    SnoozeConversation: AGENTS,
    AwakenConversation: AGENTS,
    ReopenConversation: AGENTS,
    ChangeLabels: AGENTS,
    SetPriority: AGENTS,
    SetAttributes: AGENTS,
    AddParticipant: AGENTS,
    RemoveParticipant: AGENTS,
    ReadMentions: AGENTS - SYSTEM,
    QualifyConversation: AGENTS,
    DisqualifyConversation: AGENTS,
    StartCall: VISITORS,
    ReportCall: AGENTS,
    EndOverdueCall: SYSTEM,
    SetQualificationRules: ADMINS,
    RecordGeneration: AGENTS - SYSTEM,
    MarkDelivered: VISITORS,
    MarkRead: (AGENTS - SYSTEM) | VISITORS,
    RateConversation: VISITORS,
    IntroduceContact: AGENTS_AND_VISITORS,
    ChangeContact: AGENTS,
    NoteContact: AGENTS,
    BlockContact: AGENTS,
    UnblockContact: AGENTS,
    MergeContact: AGENTS,
    UnmergeContact: AGENTS,
    IdentifyContact: VISITORS,
    EraseContact: ADMINS,
    IssueIdentitySecret: ADMINS,
    RevokeIdentitySecret: ADMINS,
    InstallWidget: ADMINS,
    CreateWidget: ADMINS,
    RestyleWidget: ADMINS,
    ConfigureWidget: ADMINS,
    SetWidgetAddressRules: ADMINS,
    ArchiveWidget: ADMINS,
    RotateWidgetToken: ADMINS,
    IssueWidgetToken: ADMINS,
    RevokeWidgetToken: ADMINS,
    ConfigureAssistant: ADMINS,
    CreateAssistant: ADMINS,
    ChangeAssistant: ADMINS,
    ArchiveAssistant: ADMINS,
    ChooseDefaultAssistant: ADMINS,
    InviteAgent: ADMINS,
    ChangeAgentRole: ADMINS,
    GivePermissionSet: ADMINS,
    CreatePermissionSet: ADMINS,
    ChangePermissionSet: ADMINS,
    RemovePermissionSet: ADMINS,
    DeactivateAgent: ADMINS,
    ReactivateAgent: ADMINS,
    RenewInvitation: ADMINS,
    JoinAsAgent: SYSTEM,
    IssueApiKey: ADMINS,
    RevokeApiKey: ADMINS,
    TrustIssuer: ADMINS,
    DistrustIssuer: ADMINS,
    ConfigureLoginProvider: ADMINS,
    RemoveLoginProvider: ADMINS,
    CreateWebhook: ADMINS,
    ChangeWebhook: ADMINS,
    PauseWebhook: ADMINS,
    SuspendWebhook: SYSTEM,
    ResumeWebhook: ADMINS,
    RotateWebhookSecret: ADMINS,
    RewindWebhook: ADMINS,
    TryWebhook: ADMINS,
    RedeliverWebhook: ADMINS,
    RemoveWebhook: ADMINS,
    OpenTenant: SYSTEM,
    RenameTenant: ADMINS,
    SetFileRules: ADMINS,
    ChangePlan: ADMINS,
    ConfigureVoice: ADMINS,
    NoticeUsage: SYSTEM,
    SetMasking: ADMINS,
    UploadFile: AGENTS_AND_VISITORS,
    PurgeFile: ADMINS,
    ExpireFile: SYSTEM,
    DraftCampaign: SUPERVISORS,
    ChangeCampaign: SUPERVISORS,
    ScheduleCampaign: SUPERVISORS,
    LaunchCampaign: SUPERVISORS,
    PauseCampaign: SUPERVISORS,
    ResumeCampaign: SUPERVISORS,
    CancelCampaign: SUPERVISORS,
    RemoveCampaign: SUPERVISORS,
    KeepCampaignTime: SYSTEM,
    FailCampaign: SYSTEM,
    QueueRecipients: SYSTEM,
    TakeAudience: SYSTEM,
    SendCampaignMessage: SYSTEM,
    DropRecipients: SYSTEM,
    CompleteCampaign: SYSTEM,
    ReportProgress: SYSTEM,
    CreateArticle: ADMINS,
    WriteArticle: ADMINS,
    ChangeArticle: ADMINS,
    PublishArticle: ADMINS,
    UnpublishArticle: ADMINS,
    RemoveArticle: ADMINS,
    CreateCannedResponse: AGENTS,
    SaveCannedResponse: SUPERVISORS,
    ChangeCannedResponse: AGENTS,
    RemoveCannedResponse: AGENTS,
    RecordCannedUse: AGENTS,
    CreateAutomation: ADMINS,
    ChangeAutomation: ADMINS,
    RemoveAutomation: ADMINS,
    ApplyAutomation: SYSTEM,
    NoteFailedAutomation: SYSTEM,
    CreateMacro: AGENTS,
    ChangeMacro: AGENTS,
    RemoveMacro: AGENTS,
    ApplyMacro: AGENTS - SYSTEM,
    CreateView: AGENTS - SYSTEM,
    ChangeView: AGENTS - SYSTEM,
    RemoveView: AGENTS - SYSTEM,
    BeginBulk: AGENTS,
    MarkAllRead: AGENTS - SYSTEM,
    UndoConversationEvent: AGENTS,
    UndoBulkChange: AGENTS,
    UndoContactEvent: AGENTS,
}
