"""Leads by rules: once, with what speaks for it, and never against an agent's word."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import pytest

from application.contact import EraseContact, IntroduceContact
from application.handling import EndConversation
from application.joining import IdentifyContact
from application.marks import SetAttributes
from application.policies.qualify_by_rules import QualifyByRules
from application.qualification import DisqualifyConversation, QualifyConversation
from application.qualification_rules import SetQualificationRules
from application.work import fold
from domain.conversation import Conversation
from domain.ids import natural_key
from domain.personal import ERASED
from domain.qualification import ConversationQualified
from domain.qualification_rules import LeadField, LeadRule, Ruleset, rules_of
from domain.refusals import Conflict, Forbidden
from tests.support.house import ADMIN, TENANT, VISITING, VISITOR, House, agent
from tests.support.memory_log import MemoryLog

MINE = Ruleset((LeadRule("Sales form", contactable=False, fields=(LeadField("topic", ("sales",)),), score=40),))


class Scene(House):
    def __init__(self) -> None:
        self.memory = MemoryLog()
        super().__init__(self.memory)
        self.seen_pages: tuple[str, ...] = ()
        self.followed = 0

    async def open_conversations(self, tenant_id: int, contact_ids: Sequence[UUID], seq: int) -> Sequence[UUID]:
        ids = {one.stream_id for one in self.memory.recorded if one.type == "conversation.started.1"}
        chats = [fold(await self.memory.load(tenant_id, id)) for id in ids]
        return [
            one.id
            for one in chats
            if isinstance(one, Conversation) and one.contact_id in contact_ids and not one.is_ended
        ]

    async def pages(self, tenant_id: int, contact_id: UUID) -> Sequence[str]:
        return self.seen_pages

    async def follow(self, since: int | None = None) -> None:
        policy = QualifyByRules(self.memory, self.bus, self)
        events = self.memory.recorded[self.followed if since is None else since :]
        self.followed = len(self.memory.recorded)
        for one in events:
            if policy.concerns(one):
                await policy.react(one)

    @property
    def leads(self) -> list[ConversationQualified]:
        return [one.event for one in self.memory.recorded if isinstance(one.event, ConversationQualified)]


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_who_says_an_address_and_a_wish_is_a_lead_once(scene: Scene) -> None:
    chat = await scene.chat("I want to buy chairs", with_assistant=False)
    await scene.follow()
    assert scene.leads == []
    said = (await scene.say(chat, "Write to zoe@home.test")).events[-1]
    await scene.follow()
    [lead] = scene.leads
    assert (lead.source, lead.by.kind, lead.cause.policy) == ("rule", "system", "qualify_by_rules")
    assert lead.ruleset_version == 0
    assert getattr(said, "message_id") in lead.evidence  # noqa: B009
    assert len(lead.evidence) == 2
    await scene.say(chat, "What is the price?")
    await scene.follow()
    await scene.follow(since=0)
    assert len(scene.leads) == 1


async def test_a_contact_who_becomes_known_later_makes_the_open_conversation_a_lead(scene: Scene) -> None:
    await scene.chat("A demo, please", with_assistant=False)
    ended = await scene.chat("A demo, please", with_assistant=False)
    await scene.do(agent(), EndConversation(conversation_id=ended))
    await scene.follow()
    await scene.do(VISITING, IntroduceContact(contact_id=VISITOR, phone="+49 30 1234567"))
    await scene.follow()
    assert [lead.originator_id == ended for lead in scene.leads] == [False]


async def test_a_signed_identity_counts_for_the_conversations_of_the_browser(scene: Scene) -> None:
    chat = await scene.chat("A demo, please", with_assistant=False)
    known = natural_key(TENANT, "contact", "crm-1")
    identify = IdentifyContact(contact_id=known, external_id="crm-1", visitor_id=VISITOR, email="zoe@home.test")
    await scene.do(VISITING, identify)
    await scene.follow()
    assert [lead.originator_id for lead in scene.leads] == [chat]


async def test_what_an_agent_refused_no_rule_makes_a_lead(scene: Scene) -> None:
    chat = await scene.chat("Hello", with_assistant=False)
    await scene.do(agent(), DisqualifyConversation(conversation_id=chat))
    await scene.say(chat, "I want to buy: zoe@home.test")
    await scene.follow()
    assert scene.leads == []
    await scene.do(agent(), QualifyConversation(conversation_id=chat))
    assert len(scene.leads) == 1


async def test_an_agent_takes_back_what_a_rule_said_and_it_stays_so(scene: Scene) -> None:
    chat = await scene.chat("I want to buy: zoe@home.test", with_assistant=False)
    await scene.follow()
    await scene.do(agent(), DisqualifyConversation(conversation_id=chat))
    await scene.say(chat, "And the price?")
    await scene.follow()
    assert len(scene.leads) == 1


async def test_a_tenants_own_rules_take_the_place_of_the_default_ones(scene: Scene) -> None:
    set_mine = SetQualificationRules(ruleset=MINE)
    assert (await scene.do(ADMIN, set_mine)).version == 1
    assert (await scene.do(ADMIN, set_mine)).events == ()
    chat = await scene.chat("I want to buy: zoe@home.test", with_assistant=False)
    await scene.follow()
    assert scene.leads == []
    await scene.do(agent(), SetAttributes(conversation_id=chat, values='{"topic":"Sales"}'))
    await scene.say(chat, "Hello?")
    await scene.follow()
    [lead] = scene.leads
    assert (lead.score, lead.ruleset_version, lead.why) == (40, 1, "Sales form: topic was answered")


async def test_pages_are_asked_for_only_where_a_rule_names_some(scene: Scene) -> None:
    scene.seen_pages = ("https://shop.test/pricing",)
    rules = Ruleset((LeadRule("Price page", contactable=False, pages=("/pricing",)),))
    await scene.do(ADMIN, SetQualificationRules(ruleset=rules))
    await scene.chat("Hello", with_assistant=False)
    await scene.follow()
    assert [lead.why for lead in scene.leads] == ["Price page: /pricing was visited"]


async def test_rules_are_the_admins_and_are_not_overwritten_unseen(scene: Scene) -> None:
    with pytest.raises(Forbidden):
        await scene.do(agent(), SetQualificationRules(ruleset=MINE))
    with pytest.raises(Conflict):
        await scene.do(ADMIN, SetQualificationRules(ruleset=MINE, expected_version=3))
    assert (await scene.memory.load(TENANT, rules_of(TENANT))).events == ()


async def test_what_an_erased_person_said_makes_no_lead(scene: Scene) -> None:
    await scene.chat("I want to buy: zoe@home.test", with_assistant=False)
    await scene.do(ADMIN, EraseContact(contact_id=VISITOR, reason="asked for"))
    scene.memory.shred(VISITOR)
    assert any(getattr(one.event, "text", None) == ERASED for one in scene.memory.recorded)
    await scene.follow()
    assert scene.leads == []
