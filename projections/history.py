"""History: one sentence per event (who, what, when, why), straight from the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from application.log import Recorded
from domain import agent, article, assistant, canned_response, contact, conversation, tenant, widget
from domain.kernel import Event
from domain.personal import readable


class HistoryLine(msgspec.Struct, frozen=True):
    """One event for an auditor. `why` names the command, and the policy and position of a reaction."""

    position: int
    seq: int
    version: int
    at: datetime
    who: str
    what: str
    why: str
    type: str
    stream_id: UUID
    hash: bytes


def history(recorded: Sequence[Recorded], names: Mapping[UUID, str]) -> list[HistoryLine]:
    """One line per event, in order; `names` are the agents' by id."""
    return [_line(one, names) for one in recorded]


def _line(one: Recorded, names: Mapping[UUID, str]) -> HistoryLine:
    event = one.event
    return HistoryLine(
        one.position,
        one.seq,
        one.version,
        one.at,
        _who(event, names),
        _SENTENCES[type(event)](event, names),
        _why(event),
        one.type,
        one.stream_id,
        one.hash,
    )


def _who(event: Event, names: Mapping[UUID, str]) -> str:
    if event.by.kind == "agent":
        return names.get(event.by.id, "An agent")
    return {"visitor": "The visitor", "assistant": "The assistant", "system": "The system"}.get(
        event.by.kind, "An integration"
    )


def _why(event: Event) -> str:
    cause = event.cause
    if cause.policy is None:
        return f"command {cause.command}"
    return f"command {cause.command}, by the policy {cause.policy} after position {cause.position}"


def _quoted(text: object) -> str:
    words = readable(text) if isinstance(text, str) else None
    return f"“{words}”" if words is not None else "a text that was erased"


def _asked(event: Any) -> str:
    model = f" with the model {event.model}" if event.model else ""
    sources = ", ".join(citation.title for citation in getattr(event, "citations", ()))
    return model + (f", citing {sources}" if sources else "")


def _ended(event: conversation.Ended) -> str:
    return "ended the conversation" + (f": {event.reason}" if event.reason else "")


def _introduced(event: contact.ContactIntroduced) -> str:
    given = (("name", event.name), ("address", event.email))
    return "gave the " + " and the ".join(f"{word} {_quoted(text)}" for word, text in given if text is not None)


_Sentence = Callable[[Any, Mapping[UUID, str]], str]
_SENTENCES: Mapping[type[Event], _Sentence] = {
    conversation.ConversationStarted: lambda e, _: (
        f"started a conversation, handled by the {e.handling.handled_by}"
    ),
    conversation.MessagePosted: lambda e, _: f"wrote {_quoted(e.text)}",
    conversation.NoteAdded: lambda e, _: f"noted privately {_quoted(e.text)}",
    conversation.AssistantReplied: lambda e, _: f"replied {_quoted(e.text)}{_asked(e)}",
    conversation.ReplyDiscarded: lambda e, _: f"had a reply discarded ({e.reason}): {_quoted(e.text)}",
    conversation.HandedOver: lambda e, _: f"handed the conversation to the queue: {e.reason}",
    conversation.Accepted: lambda e, names: f"assigned it to {names.get(e.agent_id, 'an agent')}",
    conversation.Ended: lambda e, _: _ended(e),
    conversation.Reopened: lambda _e, _: "reopened the conversation",
    contact.ContactMet: lambda _e, _: "appeared for the first time",
    contact.ContactIntroduced: lambda e, _: _introduced(e),
    contact.ContactErased: lambda e, _: f"had all personal data erased: {e.reason}",
    widget.WidgetInstalled: lambda e, _: f"installed the widget “{e.look.name}”",
    widget.WidgetRestyled: lambda e, _: f"changed the look of the widget “{e.look.name}”",
    widget.WidgetTokenIssued: lambda e, _: f"issued the widget token {e.token_id.hex}",
    widget.WidgetTokenRevoked: lambda e, _: f"revoked the widget token {e.token_id.hex}",
    assistant.AssistantConfigured: lambda e, _: f"configured the assistant “{e.persona.name}”",
    agent.AgentInvited: lambda e, _: f"invited {readable(e.name) or 'somebody'} as {e.role}",
    agent.AgentRoleChanged: lambda e, _: f"changed the role to {e.role}",
    agent.AgentDeactivated: lambda _e, _: "deactivated the agent",
    tenant.TenantOpened: lambda e, _: f"opened the tenant “{e.name}”",
    tenant.TenantRenamed: lambda e, _: f"renamed the tenant to “{e.name}”",
    article.ArticleWritten: lambda e, _: f"wrote the article “{e.title}”",
    article.ArticleRemoved: lambda _e, _: "removed the article",
    canned_response.CannedResponseSaved: lambda e, _: f"saved the canned response /{e.shortcut}",
    canned_response.CannedResponseRemoved: lambda _e, _: "removed the canned response",
}
