"""Sentences of permission sets, of who holds them and of company logins, for the history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from domain import login_provider, permission_set
from domain.agent import AgentInvited, AgentRoleChanged
from domain.ids import wire
from domain.kernel import Event

PERMISSION_SENTENCES: Mapping[type[Event], Callable[[Any, Mapping[UUID, str]], str]] = {
    permission_set.PermissionSetCreated: lambda e, _: (
        f"created the permission set “{e.name}” over the role {e.ground}: {', '.join(e.permissions)}"
    ),
    permission_set.PermissionSetChanged: lambda e, _: (
        f"changed the permission set “{e.name}” to {', '.join(e.permissions)}"
    ),
    permission_set.PermissionSetGiven: lambda e, names: (
        f"gave the permission set to {names.get(e.agent_id, 'somebody')}"
    ),
    permission_set.PermissionSetTaken: lambda e, names: (
        f"took the permission set from {names.get(e.agent_id, 'somebody')}"
    ),
    permission_set.PermissionSetRemoved: lambda _e, _: "removed the permission set",
    login_provider.LoginProviderConfigured: lambda e, _: (
        f"let people log in by {e.terms.issuer}"
        + (f", with addresses of {', '.join(e.terms.domains)}" if e.terms.domains else "")
    ),
    login_provider.LoginProviderRemoved: lambda _e, _: "let nobody log in with their company's account any more",
}


def set_given(event: AgentInvited | AgentRoleChanged) -> str:
    """Said after the role; nothing where there is no set."""
    if event.permission_set_id is None:
        return ""
    return f", with the permission set {wire('permission_set', event.permission_set_id)}"
