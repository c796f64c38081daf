"""Rights: command -> the permission that opens it to who holds a set. A command that is not in it is no set's.

The part that API keys have too is `application.scopes`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from application import (
    api_key,
    assistant,
    automation,
    canned_use,
    identity_secret,
    issuer,
    joining,
    login_provider,
    macro,
    marks,
    mention,
    permission_set,
    receipts,
    sla_policy,
    team,
    view,
    widget,
)
from application.agent import (
    ChangeAgentRole,
    DeactivateAgent,
    GivePermissionSet,
    InviteAgent,
    ReactivateAgent,
    RenewInvitation,
)
from application.availability import NoticeIdle, SetAvailability, SetCapacity, SetSkills
from application.bulk import BeginBulk, MarkAllRead
from application.command import Command
from application.contact import EraseContact
from application.file import PurgeFile
from application.handling import AcceptConversation
from application.joining import IdentifyContact
from application.plan import ChangePlan
from application.qualification_rules import SetQualificationRules
from application.receipts import MarkDelivered, RateConversation
from application.scopes import SCOPES
from application.team import BeginTeamHours
from application.tenant import RenameTenant, SetFileRules, SetMasking
from application.undo import UndoContactEvent, UndoConversationEvent
from application.voice import ConfigureVoice
from domain.permission_set import Permission
from domain.refusals import Forbidden

OF_NOUNS: tuple[tuple[Permission, Iterable[type[Command]]], ...] = (
    ("conversations:write", (AcceptConversation, BeginBulk, MarkAllRead, SetAvailability, NoticeIdle)),
    ("conversations:write", (*marks.HANDLERS, *receipts.HANDLERS, *canned_use.HANDLERS, UndoConversationEvent)),
    ("conversations:write", (*macro.HANDLERS, *view.HANDLERS, *mention.HANDLERS)),
    ("contacts:write", (*joining.HANDLERS, UndoContactEvent)),
    ("contacts:erase", (EraseContact, PurgeFile)),
    ("teams:manage", (*team.HANDLERS, SetCapacity, SetSkills)),
    ("widgets:manage", widget.HANDLERS),
    ("assistants:manage", assistant.HANDLERS),
    ("automations:manage", automation.HANDLERS),
    ("sla:manage", sla_policy.HANDLERS),
    ("settings:manage", (RenameTenant, SetFileRules, SetMasking, SetQualificationRules, ConfigureVoice)),
)

NO_MEMBERS: frozenset[type[Command]] = frozenset(
    [BeginTeamHours, IdentifyContact, MarkDelivered, RateConversation]
)
"""A visitor's or the product's own."""

RESERVED: frozenset[type[Command]] = frozenset(
    [
        *permission_set.HANDLERS,
        *api_key.HANDLERS,
        *issuer.HANDLERS,
        *login_provider.HANDLERS,
        *identity_secret.HANDLERS,
        InviteAgent,
        RenewInvitation,
        ChangeAgentRole,
        GivePermissionSet,
        DeactivateAgent,
        ReactivateAgent,
        ChangePlan,
    ]
)
"""The admins' for good: who gives rights, makes credentials or lifts limits could give themselves everything."""

RIGHTS: Mapping[type[Command], Permission] = {
    **SCOPES,
    **{command: one for one, commands in OF_NOUNS for command in commands if command not in NO_MEMBERS},
}


class PermissionMissing(Forbidden):
    """Details: `permission`, the one that would be needed; without it no permission opens this."""

    code = "permission_missing"
    sentence = "Your permission set does not hold this."


def expect_right(held: frozenset[str], needed: Permission | None) -> None:
    """Raises PermissionMissing; None is a permission that nobody has."""
    if needed is None:
        raise PermissionMissing
    if needed not in held:
        raise PermissionMissing(permission=needed)
