"""Whenever a visitor says something, answers a form or becomes known, the tenant's rules say whether it is a lead.

Once: a conversation that is one already is left alone, and so is one of which an agent or an integration said no.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from uuid import UUID

from msgspec.structs import replace

from application.actor import system
from application.bus import CommandBus, Request
from application.known_rules import KnownRules
from application.log import EventLog, Recorded
from application.qualification import QualifyConversation
from application.rule_ports import LeadSources
from application.weighed import Finding, Place, Weighed
from application.work import fold
from domain.claims import Claims
from domain.contact import Contact, ContactIntroduced, ContactVerified
from domain.conversation import Conversation, MessagePosted
from domain.joining import ContactLinked, ContactMerged
from domain.kernel import Event, PersonalEvent
from domain.lead import REACHES, LeadFacts, Reach, Said, Verdict, judge, says_something
from domain.marks import AttributesChanged
from domain.personal import readable
from domain.qualification import ConversationDisqualified, ConversationQualified, QualificationIsStronger
from domain.qualification_rules import QualificationRules, QualificationRulesSet, rules_of
from domain.refusals import IdempotencyMismatch

_OF_CONTACTS = (ContactIntroduced, ContactVerified, ContactLinked)
_OF_FINDINGS = (AttributesChanged, ConversationQualified, ConversationDisqualified)
"""After these what was found of the conversation may not be so any more."""
_FIRST_WORD = 2
"""The version of a message before which nothing was said, answered or found."""


class QualifyByRules:
    """A `Policy`. The latest word is weighed, whichever event asks: so an event that is seen late does no harm.

    A word that changes no verdict costs no query: what was found stands until something else is heard of.
    """

    name = "qualify_by_rules"

    def __init__(
        self, log: EventLog, bus: CommandBus, sources: LeadSources, now: Callable[[], float] = time.monotonic
    ) -> None:
        """`now` is monotonic seconds."""
        self._log = log
        self._bus = bus
        self._sources = sources
        self._rules = KnownRules(self._read_rules, now)
        self._weighed = Weighed(now)

    def concerns(self, recorded: Recorded) -> bool:
        event = recorded.event
        if isinstance(event, MessagePosted):
            return event.by.kind == "visitor"
        return isinstance(event, (*_OF_FINDINGS, *_OF_CONTACTS, ContactMerged, QualificationRulesSet))

    async def react(self, recorded: Recorded) -> None:
        """Raises ProjectionBehind where the read model does not keep up."""
        self._forget(recorded)
        if not _asks(recorded.event):
            return
        rules = await self._rules.of(recorded)
        if not rules.ruleset.enabled or not rules.ruleset.rules:
            return
        if isinstance(recorded.event, MessagePosted | AttributesChanged):
            await self._weigh_own(recorded, recorded.event, rules)
            return
        for conversation_id in await self._conversations(recorded):
            await self._weigh(recorded, conversation_id, rules)

    def _forget(self, recorded: Recorded) -> None:
        event = recorded.event
        if isinstance(event, QualificationRulesSet):
            self._rules.heard(recorded)
        elif isinstance(event, _OF_FINDINGS):
            self._weighed.forget(_place(recorded, event))
        elif not isinstance(event, MessagePosted):
            self._weighed.forget_contacts(recorded.tenant_id, [recorded.stream_id])

    async def _weigh_own(
        self, recorded: Recorded, event: MessagePosted | AttributesChanged, rules: QualificationRules
    ) -> None:
        place = _place(recorded, event)
        if isinstance(event, MessagePosted) and self._is_settled(place, event, rules):
            return
        number = self._weighed.begin(place)
        finding = await self._weigh(recorded, recorded.stream_id, rules)
        self._weighed.end(place, number, finding)

    def _is_settled(self, place: Place, event: MessagePosted, rules: QualificationRules) -> bool:
        """Whether it is known without reading anything that this message makes no lead."""
        found, text = self._weighed.find(place), readable(event.text) or ""
        if found is not None and found.version is None:
            return True
        if rules.ruleset.asks_for_pages:
            return False
        if found is not None and found.version == rules.version:
            return not says_something(rules.ruleset, text)
        alone = LeadFacts(said=(Said(event.message_id, text),))
        if event.originator_version > _FIRST_WORD or _may_hold(rules, alone):
            return False
        self._weighed.note(place, Finding(rules.version))
        return True

    async def _read_rules(self, tenant_id: int, _: int) -> QualificationRules:
        rules = fold(await self._log.load(tenant_id, rules_of(tenant_id)))
        return rules if isinstance(rules, QualificationRules) else QualificationRules(rules_of(tenant_id))

    async def _conversations(self, recorded: Recorded) -> Sequence[UUID]:
        """The open ones of a contact and of those that are part of it."""
        contact = fold(await self._log.load(recorded.tenant_id, recorded.stream_id))
        ids = [recorded.stream_id, *(contact.absorbed if isinstance(contact, Contact) else ())]
        self._weighed.forget_contacts(recorded.tenant_id, ids)
        return await self._sources.open_conversations(recorded.tenant_id, ids, recorded.seq)

    async def _weigh(self, recorded: Recorded, conversation_id: UUID, rules: QualificationRules) -> Finding:
        stream = await self._log.load(recorded.tenant_id, conversation_id)
        chat = fold(stream)
        if not isinstance(chat, Conversation) or chat.is_qualified:
            return Finding()
        facts = await self._facts(recorded.tenant_id, chat, stream.events, rules)
        if not _may_hold(rules, facts):
            return Finding(rules.version)
        known = await self._known(recorded.tenant_id, chat.contact_id)
        verdict = judge(rules.ruleset, replace(facts, known=known))
        if verdict is None:
            return Finding(rules.version)
        await self._qualify(recorded, conversation_id, verdict, rules.version)
        return Finding()

    async def _facts(
        self, tenant_id: int, chat: Conversation, events: Sequence[Event], rules: QualificationRules
    ) -> LeadFacts:
        """All but what is known of the contact."""
        asks_pages = rules.ruleset.asks_for_pages
        return LeadFacts(
            said=_said(events),
            answers=chat.attributes,
            pages=await self._sources.pages(tenant_id, chat.contact_id) if asks_pages else (),
        )

    async def _known(self, tenant_id: int, contact_id: UUID) -> tuple[Reach, ...]:
        claims = await self._claims(tenant_id, contact_id)
        return tuple(name for name in REACHES if readable(getattr(claims, name)) is not None)

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


def _asks(event: Event) -> bool:
    """Whether something was said, answered or became known."""
    if isinstance(event, MessagePosted | AttributesChanged):
        return event.by.kind == "visitor"
    return isinstance(event, _OF_CONTACTS)


def _place(recorded: Recorded, event: PersonalEvent) -> Place:
    return Place(recorded.tenant_id, event.subject_id, recorded.stream_id)


def _may_hold(rules: QualificationRules, facts: LeadFacts) -> bool:
    """Whether they would make a lead of somebody who can be reached."""
    return judge(rules.ruleset, replace(facts, known=REACHES)) is not None


def _said(events: Sequence[Event]) -> tuple[Said, ...]:
    """By the visitor, as far as it can be read."""
    found: list[Said] = []
    for event in events:
        if isinstance(event, MessagePosted) and event.by.kind == "visitor":
            text = readable(event.text)
            if text is not None:
                found.append(Said(event.message_id, text))
    return tuple(found)
