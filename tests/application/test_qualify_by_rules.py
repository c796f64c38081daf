"""Leads by rules: once, with what speaks for it, and never against an agent's word."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.contact import EraseContact, IntroduceContact
from application.handling import EndConversation
from application.joining import IdentifyContact, MergeContact, UnmergeContact
from application.known_rules import RULES_AGE
from application.log import LoadedStream
from application.marks import SetAttributes
from application.policies.qualify_by_rules import QualifyByRules
from application.qualification import DisqualifyConversation, QualifyConversation
from application.qualification_rules import SetQualificationRules
from application.weighed import Place
from application.work import fold
from domain.conversation import Conversation, MessagePosted
from domain.ids import natural_key
from domain.personal import ERASED
from domain.qualification import ConversationQualified
from domain.qualification_rules import LeadField, LeadRule, QualificationRules, Ruleset, rules_of
from domain.refusals import Conflict, Forbidden, Refusal
from tests.support.house import ADMIN, STRANGER, TENANT, VISITING, VISITOR, House, agent
from tests.support.memory_log import MemoryLog

EAGER = Ruleset((LeadRule("Wish", contactable=False, words={"en": ("price*",)}),))
PAGES = Ruleset((LeadRule("Price page", pages=("/pricing",)),))
OFF = Ruleset(EAGER.rules, enabled=False)
MINE = Ruleset((LeadRule("Sales form", contactable=False, fields=(LeadField("topic", ("sales",)),), score=40),))


class Read(MemoryLog):
    """Notes which streams are read."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: list[UUID] = []

    async def load(self, tenant_id: int, stream_id: UUID) -> LoadedStream:
        self.reads.append(stream_id)
        return await super().load(tenant_id, stream_id)


class Scene(House):
    def __init__(self) -> None:
        self.memory = Read()
        super().__init__(self.memory)
        self.seen_pages: tuple[str, ...] = ()
        self.followed = 0
        self.time = 0.0
        self.policy = QualifyByRules(self.memory, self.bus, self, lambda: self.time)

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

    async def follow(self, since: int | None = None) -> list[UUID]:
        """The streams that were read for it."""
        self.memory.reads = []
        events = self.memory.recorded[self.followed if since is None else since :]
        self.followed = len(self.memory.recorded)
        for one in events:
            if self.policy.concerns(one):
                await self.policy.react(one)
        return self.memory.reads

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


async def test_words_that_change_nothing_cost_no_query(scene: Scene) -> None:
    """The rules are read once; then a conversation is read only where a word may make it a lead."""
    chat = await scene.chat("Hello", with_assistant=False)
    assert await scene.follow() == [rules_of(TENANT)]
    await scene.say(chat, "Are you there?")
    assert await scene.follow() == []
    await scene.say(chat, "What is the price?")
    assert await scene.follow() == [chat, VISITOR]
    await scene.say(chat, "Anybody?")
    assert await scene.follow() == []
    await scene.say(chat, "zoe@home.test")
    assert (await scene.follow())[:2] == [chat, VISITOR]
    assert len(scene.leads) == 1
    await scene.say(chat, "The price, please: zoe@home.test")
    await scene.follow()
    await scene.say(chat, "The price, please: zoe@home.test")
    assert await scene.follow() == []


async def test_who_cannot_qualify_is_not_looked_up(scene: Scene) -> None:
    chat = await scene.chat("Hello", with_assistant=False)
    await scene.say(chat, "zoe@home.test")
    assert await scene.follow() == [rules_of(TENANT), chat]


async def test_a_change_of_the_rules_counts_for_the_next_word(scene: Scene) -> None:
    """Also where only another process heard of it, after a while."""
    chat = await scene.chat("The price?", with_assistant=False)
    await scene.follow()
    await scene.do(ADMIN, SetQualificationRules(ruleset=EAGER))
    await scene.follow()
    await scene.say(chat, "Hello?")
    await scene.follow()
    assert [lead.ruleset_version for lead in scene.leads] == [1]
    other = await scene.chat("Hello", with_assistant=False)
    await scene.follow()
    await scene.do(ADMIN, SetQualificationRules(ruleset=Ruleset((LeadRule("Hi", False, {"en": ("hello",)}),))))
    scene.followed = len(scene.memory.recorded)
    await scene.say(other, "Hm")
    await scene.follow()
    assert len(scene.leads) == 1
    scene.time += RULES_AGE + 1
    await scene.say(other, "Hm")
    await scene.follow()
    assert [lead.ruleset_version for lead in scene.leads] == [1, 2]


async def test_who_was_found_to_be_somebody_known_is_a_lead_at_the_next_word(scene: Scene) -> None:
    chat = await scene.chat("The price?", with_assistant=False)
    await scene.do(ADMIN, IntroduceContact(contact_id=STRANGER, email="zoe@home.test"))
    await scene.follow()
    await scene.do(ADMIN, MergeContact(contact_id=VISITOR, into_id=STRANGER))
    await scene.follow()
    await scene.say(chat, "Hello?")
    await scene.follow()
    assert [lead.originator_id for lead in scene.leads] == [chat]


async def test_what_the_one_becomes_known_by_counts_for_the_other(scene: Scene) -> None:
    """Also for a conversation that had ended meanwhile, at its next word."""
    chat = await scene.chat("The price?", with_assistant=False)
    await scene.do(ADMIN, IntroduceContact(contact_id=STRANGER, name="Zoe"))
    await scene.do(ADMIN, MergeContact(contact_id=VISITOR, into_id=STRANGER))
    await scene.follow()
    await scene.say(chat, "And a demo?")
    await scene.follow()
    await scene.do(agent(), EndConversation(conversation_id=chat))
    await scene.do(ADMIN, IntroduceContact(contact_id=STRANGER, email="zoe@home.test"))
    await scene.follow()
    assert scene.leads == []
    await scene.say(chat, "Hello?")
    await scene.follow()
    assert [lead.originator_id for lead in scene.leads] == [chat]


async def test_a_word_of_somebody_who_counts_more_is_looked_at_once(scene: Scene) -> None:
    """Then nothing that is said changes it."""
    chat = await scene.chat("The price? zoe@home.test", with_assistant=False)
    await scene.follow()
    await scene.do(agent(), DisqualifyConversation(conversation_id=chat))
    await scene.do(agent(), QualifyConversation(conversation_id=chat))
    await scene.follow()
    await scene.say(chat, "Hello?")
    assert await scene.follow() == [chat]
    await scene.say(chat, "Hello?")
    assert await scene.follow() == []


async def test_a_process_that_has_just_begun_weighs_all_that_was_said(scene: Scene) -> None:
    chat = await scene.chat("The price?", with_assistant=False)
    await scene.follow()
    scene.policy = QualifyByRules(scene.memory, scene.bus, scene)
    await scene.say(chat, "zoe@home.test")
    await scene.follow()
    assert [lead.originator_id for lead in scene.leads] == [chat]


async def test_a_finding_that_was_overtaken_is_not_kept(scene: Scene) -> None:
    """The contact becomes known while a message of an ended conversation is being weighed."""
    chat = await scene.chat("The price?", with_assistant=False)
    await scene.do(agent(), EndConversation(conversation_id=chat))
    load = scene.memory.load

    async def slowly(tenant_id: int, stream_id: UUID) -> LoadedStream:
        loaded = await load(tenant_id, stream_id)
        if stream_id == VISITOR and len(scene.memory.recorded) == before:
            await scene.do(VISITING, IntroduceContact(contact_id=VISITOR, email="zoe@home.test"))
            await scene.policy.react(scene.memory.recorded[-1])
        return loaded

    before = len(scene.memory.recorded)
    scene.memory.load = slowly
    scene.followed = 0
    await scene.follow()
    assert scene.leads == []
    scene.followed = len(scene.memory.recorded)
    await scene.say(chat, "Hello?")
    await scene.follow()
    assert len(scene.leads) == 1


class Forgetful(QualifyByRules):
    """Reads everything for every event."""

    def _is_settled(self, place: Place, event: MessagePosted, rules: QualificationRules) -> bool:
        return False


class ForgetfulScene(Scene):
    async def follow(self, since: int | None = None) -> list[UUID]:
        self.policy = Forgetful(self.memory, self.bus, self)
        return await super().follow(since)


TEXTS = ("Hello", "What is the price?", "zoe@home.test", "+49 30 1234567", "I want to buy: zoe@home.test")
STEPS = st.one_of(
    st.tuples(st.just("say"), st.integers(0, 1), st.sampled_from(TEXTS)),
    st.tuples(st.sampled_from(["answer", "end", "lead", "no lead"]), st.integers(0, 1), st.just("")),
    st.tuples(
        st.sampled_from(["known", "other known", "merge", "part", "look", "later"]), st.just(0), st.just("")
    ),
    st.tuples(st.just("rules"), st.integers(0, 3), st.just("")),
)


async def take(scene: Scene, chats: Sequence[UUID], step: tuple[str, int, str]) -> None:
    name, number, text = step
    chat = chats[number % 2]
    merge = {"contact_id": VISITOR, "into_id": STRANGER}
    values = {"conversation_id": chat, "values": '{"topic":"sales"}'}
    with suppress(Refusal):
        match name:
            case "say":
                await scene.say(chat, text)
            case "answer":
                await scene.do(agent(), SetAttributes(**values))
            case "end":
                await scene.do(agent(), EndConversation(conversation_id=chat))
            case "lead":
                await scene.do(agent(), QualifyConversation(conversation_id=chat))
            case "no lead":
                await scene.do(agent(), DisqualifyConversation(conversation_id=chat))
            case "known":
                await scene.do(ADMIN, IntroduceContact(contact_id=VISITOR, email="a@home.test"))
            case "other known":
                await scene.do(ADMIN, IntroduceContact(contact_id=STRANGER, email="b@home.test"))
            case "merge":
                await scene.do(ADMIN, MergeContact(**merge))
            case "part":
                await scene.do(ADMIN, UnmergeContact(contact_id=VISITOR))
            case "look":
                scene.seen_pages = ("https://shop.test/pricing",)
            case "later":
                scene.time += 20
            case _:
                ruleset = (EAGER, PAGES, OFF, MINE)[number]
                await scene.do(ADMIN, SetQualificationRules(ruleset=ruleset))


@given(st.lists(STEPS, max_size=25))
@settings(max_examples=60, deadline=None)
async def test_what_is_remembered_changes_no_verdict(steps: list[tuple[str, int, str]]) -> None:
    """Whatever happens in whatever order, as if everything were read for every event."""
    told: list[list[ConversationQualified]] = []
    for scene in (Scene(), ForgetfulScene()):
        chats = [await scene.chat(text, with_assistant=False) for text in ("Hello", "What is the price?")]
        await scene.do(ADMIN, IntroduceContact(contact_id=STRANGER, name="Zoe"))
        await scene.follow()
        for step in steps:
            await take(scene, chats, step)
            await scene.follow()
        told.append(scene.leads)
    assert told[0] == told[1]
