"""Sentences: what each event says to a person who reads the history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from domain import (
    agent,
    api_key,
    article,
    assistant,
    automation,
    automation_run,
    blocking,
    bulk,
    call,
    canned_response,
    canned_shortcut,
    canned_use,
    contact,
    conversation,
    generation,
    handling,
    identity_secret,
    issuer,
    joining,
    macro,
    marks,
    mention,
    ownership,
    participants,
    plan,
    qualification,
    qualification_rules,
    receipts,
    tenant,
    view,
    voice,
    webhook,
    widget,
)
from domain.ids import wire
from domain.kernel import Event
from domain.personal import readable
from projections.campaign_sentences import CAMPAIGN_SENTENCES
from projections.continuity_sentences import CONTINUITY_SENTENCES
from projections.permission_sentences import PERMISSION_SENTENCES, set_given
from projections.sla_sentences import SLA_SENTENCES

Sentence = Callable[[Any, Mapping[UUID, str]], str]
"""(event, names of the agents by id) -> what was done, without who."""


def _quoted(text: object) -> str:
    words = readable(text) if isinstance(text, str) else None
    return f"“{words}”" if words is not None else "a text that was erased"


def _place_of(event: Any) -> str:
    return wire("conversation", event.occasion.conversation_id)


def _asked(event: Any) -> str:
    model = f" with the model {event.model}" if event.model else ""
    sources = ", ".join(citation.title for citation in getattr(event, "citations", ()))
    return model + (f", citing {sources}" if sources else "")


def _named(event: conversation.NoteAdded, names: Mapping[UUID, str]) -> str:
    if event.mentions is None:
        return ""
    agents = [names.get(id, "an agent") for id in event.mentions.agents]
    return ", mentioning " + ", ".join([*agents, *("a team" for _ in event.mentions.teams)])


def _agent(event: participants.ParticipantJoined | participants.ParticipantLeft, names: Mapping[UUID, str]) -> str:
    return "themselves" if event.by.id == event.agent_id else names.get(event.agent_id, "an agent")


def _ended(event: handling.Ended) -> str:
    return "ended the conversation" + (f": {event.reason}" if event.reason else "")


def _transferred(event: handling.Transferred, names: Mapping[UUID, str]) -> str:
    if event.to_agent_id is None:
        return "transferred it to a team"
    return f"transferred it to {names.get(event.to_agent_id, 'an agent')}"


def _labelled(event: marks.LabelsChanged) -> str:
    parts = (("added", event.added), ("removed", event.removed))
    return " and ".join(f"{word} the labels {', '.join(labels)}" for word, labels in parts if labels)


def _introduced(event: contact.ContactIntroduced) -> str:
    given = (("name", event.name), ("address", event.email), ("phone number", event.phone))
    told = " and the ".join(f"{word} {_quoted(text)}" for word, text in given if text is not None)
    parts = (("gave the ", told), ("withdrew the ", " and the ".join(event.withdrawn)))
    return " and ".join(word + what for word, what in parts if what)


_PAUSED: Mapping[str, str] = {
    "asked": "paused the webhook",
    "failing": "paused the webhook: its address has failed for days",
    "gone": "paused the webhook: its address answered that it is gone",
}


def _limited(event: plan.PlanChanged) -> str:
    limits = ((meter.replace("_", " "), event.limits.of(meter)) for meter in plan.METERS)
    told = ", ".join(f"{limit} {words}" for words, limit in limits if limit is not None)
    return f"limited the plan to {told}" if told else "made the plan unlimited"


def _call_ended(event: call.CallEnded) -> str:
    return f"ended the call after {event.seconds} s: {event.reason.replace('_', ' ')}"


def _voice(event: voice.VoiceConfigured) -> str:
    if not event.settings.enabled:
        return "took no more calls"
    return f"took calls over {len(event.settings.numbers)} numbers ({event.settings.provider})"


def _why(event: qualification.ConversationQualified | qualification.ConversationDisqualified) -> str:
    return f": {_quoted(event.why)}" if event.why is not None else ""


SENTENCES: Mapping[type[Event], Sentence] = {
    conversation.ConversationStarted: lambda e, _: (
        f"started a conversation, handled by the {e.handling.handled_by}"
    ),
    conversation.MessagePosted: lambda e, _: f"wrote {_quoted(e.text)}",
    **CAMPAIGN_SENTENCES,
    conversation.NoteAdded: lambda e, names: f"noted privately {_quoted(e.text)}{_named(e, names)}",
    mention.MentionsRead: lambda _e, _: "read what mentions them",
    participants.ParticipantJoined: lambda e, names: f"brought in {_agent(e, names)}",
    participants.ParticipantLeft: lambda e, names: f"took {_agent(e, names)} out",
    conversation.AssistantReplied: lambda e, _: f"replied {_quoted(e.text)}{_asked(e)}",
    conversation.ReplyDiscarded: lambda e, _: f"had a reply discarded ({e.reason}): {_quoted(e.text)}",
    handling.HandedOver: lambda e, _: f"handed the conversation to the queue: {e.reason}",
    handling.Accepted: lambda e, names: f"assigned it to {names.get(e.agent_id, 'an agent')}",
    handling.Assigned: lambda e, names: f"gave it to {names.get(e.agent_id, 'an agent')} by the rule {e.rule}",
    handling.Transferred: _transferred,
    handling.Returned: lambda e, _: f"put it back into the queue: {e.reason}",
    handling.Snoozed: lambda e, _: f"snoozed it until {e.until.isoformat() if e.until else 'the next reply'}",
    handling.Awakened: lambda e, _: f"woke it up: {e.reason}",
    handling.Ended: lambda e, _: _ended(e),
    handling.Reopened: lambda _e, _: "reopened the conversation",
    marks.LabelsChanged: lambda e, _: _labelled(e),
    marks.PriorityChanged: lambda e, _: f"changed the priority from {e.before or 'none'} to {e.after or 'none'}",
    marks.AttributesChanged: lambda e, _: f"set the attributes {', '.join(e.names)}",
    qualification.ConversationQualified: lambda e, _: "qualified it as a lead" + _why(e),
    qualification.ConversationDisqualified: lambda e, _: "said that it is no lead" + _why(e),
    qualification_rules.QualificationRulesSet: lambda e, _: (
        f"set {len(e.ruleset.rules)} rules for leads" if e.ruleset.enabled else "switched the rules for leads off"
    ),
    generation.GenerationRecorded: lambda e, _: (
        f"asked for a {e.purpose}: {e.outcome}" + (f" with the model {e.trace.model}" if e.trace.model else "")
    ),
    call.CallStarted: lambda e, _: f"started a call over {e.phone_number}",
    call.CallRang: lambda _e, _: "let the call ring",
    call.CallAnswered: lambda _e, _: "had the call answered",
    call.CallEnded: lambda e, _: _call_ended(e),
    call.CallRecorded: lambda e, _: (
        "kept the recording of the call" if readable(e.link) else "kept a recording that was erased"
    ),
    call.CallTranscribed: lambda e, _: f"transcribed the call: {_quoted(e.text)}",
    receipts.Delivered: lambda e, _: f"had everything up to version {e.up_to}",
    receipts.Read: lambda e, _: f"read up to version {e.up_to}",
    receipts.Rated: lambda e, _: f"rated it {e.score} of 5" + (f": {_quoted(e.comment)}" if e.comment else ""),
    contact.ContactMet: lambda _e, _: "appeared for the first time",
    contact.ContactIntroduced: lambda e, _: _introduced(e),
    contact.ContactVerified: lambda _e, _: "proved who they are, by a signed identity",
    contact.ContactAttributesChanged: lambda e, _: f"set the contact's attributes {', '.join(e.names)}",
    contact.ContactNoted: lambda e, _: f"noted on the contact {_quoted(e.text)}",
    joining.ContactLinked: lambda e, _: f"became the known contact {wire('contact', e.into_id)}",
    joining.ContactMerged: lambda e, _: f"merged this contact into {wire('contact', e.into_id)}",
    joining.ContactAbsorbed: lambda e, _: f"added the contact {wire('contact', e.contact_id)} to this one",
    joining.ContactUnmerged: lambda e, _: f"took this contact out of {wire('contact', e.from_id)} again",
    joining.ContactReleased: lambda e, _: f"let the contact {wire('contact', e.contact_id)} go again",
    blocking.ContactBlocked: lambda e, _: (
        f"blocked the contact{f' until {e.until:%Y-%m-%d %H:%M} UTC' if e.until else ''}: {_quoted(e.reason)}"
    ),
    blocking.ContactUnblocked: lambda _e, _: "unblocked the contact",
    identity_secret.IdentitySecretIssued: lambda e, _: f"issued the identity secret {e.secret_id.hex}",
    identity_secret.IdentitySecretRevoked: lambda e, _: f"revoked the identity secret {e.secret_id.hex}",
    contact.ContactErased: lambda e, _: f"had all personal data erased: {e.reason}",
    widget.WidgetInstalled: lambda e, _: f"installed the widget “{e.look.name}”",
    widget.WidgetRestyled: lambda e, _: f"changed the look of the widget “{e.look.name}”",
    widget.WidgetConfigured: lambda e, _: f"changed {', '.join(e.changed)} of the widget “{e.look.name}”",
    widget.WidgetAddressRulesSet: lambda e, _: (
        f"set the widget's address rules: {len(e.rules.blocked)} ranges blocked, {len(e.rules.allowed)} allowed"
    ),
    widget.WidgetArchived: lambda _e, _: "archived the widget",
    widget.WidgetTokenRotated: lambda e, _: (
        f"issued the widget token {e.token_id.hex}; older ones are good until {e.grace_until:%Y-%m-%d %H:%M} UTC"
    ),
    widget.WidgetTokenIssued: lambda e, _: f"issued the widget token {e.token_id.hex}",
    widget.WidgetTokenRevoked: lambda e, _: f"revoked the widget token {e.token_id.hex}",
    assistant.AssistantConfigured: lambda e, _: f"configured the assistant “{e.persona.name}”",
    assistant.AssistantArchived: lambda _e, _: "archived the assistant",
    agent.AgentInvited: lambda e, _: f"invited {readable(e.name) or 'somebody'} as {e.role}" + set_given(e),
    agent.AgentRoleChanged: lambda e, _: f"changed the role to {e.role}" + set_given(e),
    **PERMISSION_SENTENCES,
    agent.SkillsSet: lambda e, _: f"set the skills to {', '.join(e.skills) or 'none'}",
    agent.AgentDeactivated: lambda _e, _: "deactivated the agent",
    agent.AgentReactivated: lambda _e, _: "reactivated the agent",
    agent.InvitationIssued: lambda e, _: f"made a link that is good until {e.expires_at:%Y-%m-%d %H:%M} UTC",
    agent.AgentJoined: lambda _e, _: "joined by the link",
    ownership.OwnerAdded: lambda e, names: f"made {names.get(e.agent_id, 'somebody')} an owner",
    ownership.OwnerRemoved: lambda e, names: f"took ownership from {names.get(e.agent_id, 'somebody')}",
    api_key.ApiKeyIssued: lambda e, _: f"issued the API key “{e.name}” for {', '.join(e.scopes)}",
    api_key.ApiKeyRevoked: lambda _e, _: "revoked the API key",
    issuer.IssuerTrusted: lambda e, _: f"trusted the identity provider {e.trust.issuer}",
    issuer.IssuerDistrusted: lambda _e, _: "trusted no identity provider any more",
    webhook.WebhookCreated: lambda e, _: f"created the webhook to {e.subscription.url}",
    webhook.WebhookChanged: lambda e, _: f"changed the webhook to {e.subscription.url}",
    webhook.WebhookPaused: lambda e, _: _PAUSED[e.reason],
    webhook.WebhookResumed: lambda _e, _: "resumed the webhook",
    webhook.WebhookSecretRotated: lambda e, _: (
        f"rotated the webhook's secret; the old one signs until {e.previous_until:%Y-%m-%d %H:%M} UTC"
    ),
    webhook.WebhookRewound: lambda e, _: f"had everything from seq {e.to_seq} on delivered to the webhook",
    webhook.WebhookTestRequested: lambda _e, _: "sent a test to the webhook",
    webhook.RedeliveryRequested: lambda e, _: f"had {wire('delivery', e.delivery_id)} delivered again",
    webhook.WebhookRemoved: lambda _e, _: "removed the webhook",
    plan.PlanChanged: lambda e, _: _limited(e),
    plan.LimitNeared: lambda e, _: f"saw {e.used} of {e.limit} {e.meter.replace('_', ' ')} used",
    voice.VoiceConfigured: lambda e, _: _voice(e),
    tenant.TenantOpened: lambda e, _: f"opened the tenant “{e.name}”",
    tenant.TenantRenamed: lambda e, _: f"renamed the tenant to “{e.name}”",
    tenant.MaskingSet: lambda e, _: f"switched masking of card numbers and secrets {'on' if e.enabled else 'off'}",
    tenant.DefaultAssistantChosen: lambda e, _: f"made {wire('assistant', e.assistant_id)} the default assistant",
    article.ArticleWritten: lambda e, _: f"wrote the article “{e.title}”",
    article.ArticlePublished: lambda _e, _: "published the article",
    article.ArticleUnpublished: lambda _e, _: "unpublished the article",
    article.ArticleRemoved: lambda _e, _: "removed the article",
    canned_response.CannedResponseSaved: lambda e, _: f"saved the canned response /{e.shortcut}",
    canned_response.CannedResponseRemoved: lambda _e, _: "removed the canned response",
    canned_shortcut.ShortcutClaimed: lambda _e, _: "gave a canned response its shortcut",
    canned_shortcut.ShortcutReleased: lambda _e, _: "freed the shortcut of a canned response",
    canned_use.CannedResponseUsed: lambda e, _: f"sent the canned response in version {e.response_version}",
    automation.AutomationSaved: lambda e, _: (
        f"saved the automation “{e.rules.name}”" + ("" if e.rules.enabled else ", switched off")
    ),
    automation.AutomationRemoved: lambda _e, _: "removed the automation",
    automation_run.AutomationApplied: lambda e, _: f"ran in {_place_of(e)}",
    automation_run.AutomationFailed: lambda e, _: f"failed in {_place_of(e)}: {e.code}",
    automation_run.AutomationStopped: lambda e, _: f"was stopped in {_place_of(e)}: {e.reason}",
    macro.MacroSaved: lambda e, _: f"saved the macro “{e.name}”",
    macro.MacroRemoved: lambda _e, _: "removed the macro",
    **SLA_SENTENCES,
    **CONTINUITY_SENTENCES,
    view.ViewSaved: lambda e, _: f"saved the {e.scope} view “{e.name}”",
    view.ViewRemoved: lambda _e, _: "removed the view",
    bulk.BulkBegun: lambda e, _: f"began a bulk action on {len(e.conversation_ids)} conversations",
}
