"""Whenever a visitor says something, answers a form or becomes known, the tenant's rules say whether it is a lead.

Once: a conversation that is one already is left alone, and so is one of which an agent or an integration said no.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from application.actor import system
from application.bus import CommandBus, Request
from application.log import EventLog, Recorded
from application.qualification import QualifyConversation
from application.rule_ports import LeadSources
from application.work import fold
from domain.claims import Claims
from domain.contact import Contact, ContactIntroduced, ContactVerified
from domain.conversation import Conversation, MessagePosted
from domain.joining import ContactLinked
from domain.kernel import Event
from domain.lead import LeadFacts, Said, Verdict, judge
from domain.marks import AttributesChanged
from domain.personal import readable
from domain.qualification import QualificationIsStronger
from domain.qualification_rules import QualificationRules, rules_of
from domain.refusals import IdempotencyMismatch

_OF_CONTACTS = (ContactIntroduced, ContactVerified, ContactLinked)


class QualifyByRules:
    """A `Policy`. The latest word is weighed, whichever event asks: so an event that is seen late does no harm."""

    name = "qualify_by_rules"

    def __init__(self, log: EventLog, bus: CommandBus, sources: LeadSources) -> None:
        self._log = log
        self._bus = bus
        self._sources = sources

    def concerns(self, recorded: Recorded) -> bool:
        event = recorded.event
        if isinstance(event, MessagePosted | AttributesChanged):
            return event.by.kind == "visitor"
        return isinstance(event, _OF_CONTACTS)

    async def react(self, recorded: Recorded) -> None:
        """Raises ProjectionBehind where the read model does not keep up."""
        rules = fold(await self._log.load(recorded.tenant_id, rules_of(recorded.tenant_id)))
        if not isinstance(rules, QualificationRules):
            rules = QualificationRules(rules_of(recorded.tenant_id))
        if not rules.ruleset.enabled or not rules.ruleset.rules:
            return
        for conversation_id in await self._conversations(recorded):
            await self._weigh(recorded, conversation_id, rules)

    async def _conversations(self, recorded: Recorded) -> Sequence[UUID]:
        """Its own, or the open ones of a contact and of those that are part of it."""
        if not isinstance(recorded.event, _OF_CONTACTS):
            return [recorded.stream_id]
        contact = fold(await self._log.load(recorded.tenant_id, recorded.stream_id))
        ids = [recorded.stream_id, *(contact.absorbed if isinstance(contact, Contact) else ())]
        return await self._sources.open_conversations(recorded.tenant_id, ids, recorded.seq)

    async def _weigh(self, recorded: Recorded, conversation_id: UUID, rules: QualificationRules) -> None:
        stream = await self._log.load(recorded.tenant_id, conversation_id)
        chat = fold(stream)
        if not isinstance(chat, Conversation) or chat.is_qualified:
            return
        facts = await self._facts(recorded.tenant_id, chat, stream.events, rules)
        verdict = judge(rules.ruleset, facts)
        if verdict is not None:
            await self._qualify(recorded, conversation_id, verdict, rules.version)

    async def _facts(
        self, tenant_id: int, chat: Conversation, events: Sequence[Event], rules: QualificationRules
    ) -> LeadFacts:
        asks_pages = any(rule.pages for rule in rules.ruleset.rules)
        claims = await self._claims(tenant_id, chat.contact_id)
        return LeadFacts(
            said=_said(events),
            known=tuple(name for name in ("email", "phone") if readable(getattr(claims, name)) is not None),
            answers=chat.attributes,
            pages=await self._sources.pages(tenant_id, chat.contact_id) if asks_pages else (),
        )

    async def _claims(self, tenant_id: int, contact_id: UUID) -> Claims:
        """The contact's, completed by those of whom it is part of."""
        contact = fold(await self._log.load(tenant_id, contact_id))
        if not isinstance(contact, Contact):
            return Claims()
        if contact.merged_into is None:
            return contact.known
        other = fold(await self._log.load(tenant_id, contact.merged_into))
        return contact.known.completed(other.known) if isinstance(other, Contact) else contact.known

    async def _qualify(self, recorded: Recorded, conversation_id: UUID, verdict: Verdict, version: int) -> None:
        command = QualifyConversation(
            conversation_id=conversation_id,
            score=verdict.score,
            why=verdict.why,
            evidence=verdict.evidence,
            ruleset_version=version,
        )
        key = f"{self.name}:{recorded.position}:{conversation_id.hex}"
        request = Request(key, policy=self.name, position=recorded.position)
        try:
            await self._bus.execute(system(recorded.tenant_id), command, request)
        except (QualificationIsStronger, IdempotencyMismatch):
            return  # somebody who counts more said no; or an earlier run of this reaction has said it


def _said(events: Sequence[Event]) -> tuple[Said, ...]:
    """By the visitor, as far as it can be read."""
    found: list[Said] = []
    for event in events:
        if isinstance(event, MessagePosted) and event.by.kind == "visitor":
            text = readable(event.text)
            if text is not None:
                found.append(Said(event.message_id, text))
    return tuple(found)
