"""Sending a campaign: everybody once, whatever stops it in between; who cannot be sent it, with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import pytest

from application.actor import system, visitor
from application.campaign import (
    CancelCampaign,
    ChangeCampaign,
    DraftCampaign,
    LaunchCampaign,
    PauseCampaign,
    ResumeCampaign,
)
from application.campaign_ports import Queued, Recipient
from application.campaign_sending import ReportProgress, SendCampaignMessage
from application.contact import BlockContact, ChangeContact, EraseContact, IntroduceContact
from application.conversation import PostMessage, StartConversation
from application.handling import EndConversation
from application.joining import MergeContact
from application.log import Append, Appended, Recorded
from application.policies.run_campaigns import RunCampaigns
from application.policies.tell_campaign_progress import TellCampaignProgress
from domain.campaign import Author, CampaignContent
from domain.campaign_batch import RecipientsDropped
from domain.campaign_progress import Counts, Progress, ProgressReported
from domain.campaign_rules import Segment
from domain.conversation import ConversationStarted, MessagePosted
from domain.handling import Awakened
from domain.kernel import By
from domain.refusals import ContactIsErased, NotFound, Unavailable
from tests.support.house import ADMIN, ASSISTANT, TENANT, WIDGET, House, agent
from tests.support.memory_campaigns import MemoryCampaigns
from tests.support.memory_log import MemoryLog

PRODUCT = system(TENANT)
SALE = CampaignContent("Sale", {"en": "Sale!", "de": "Ausverkauf!"})


class BreakingLog(MemoryLog):
    """Takes so many sends, then it is away until it is mended."""

    left = 10**9

    async def append(self, append: Append) -> Appended:
        if any(isinstance(event, MessagePosted) for piece in append.slices for event in piece.events):
            if self.left <= 0:
                raise Unavailable
            self.left -= 1
        return await super().append(append)


class Scene(House):
    """A house whose campaigns are sent when a test says so."""

    def __init__(self) -> None:
        self.memory = BreakingLog()
        super().__init__(self.memory)
        self.desk = MemoryCampaigns(self.memory)
        self.run = RunCampaigns(self.memory, self.bus, self.desk)
        self.tell = TellCampaignProgress(self.bus, self.desk)

    async def people(self, number: int) -> list[UUID]:
        ids = [UUID(int=0xF000 + place) for place in range(number)]
        for id in ids:
            await self.do(PRODUCT, IntroduceContact(contact_id=id, name="Somebody"))
        return ids

    async def launched(self, content: CampaignContent = SALE) -> UUID:
        id = (await self.do(ADMIN, DraftCampaign(kind="one_off", content=content))).events[0].originator_id
        await self.do(ADMIN, LaunchCampaign(campaign_id=id))
        return id

    async def react(self) -> None:
        """To all that happened; as a reactor does, also to what it has reacted to."""
        for one in tuple(self.memory.recorded):
            if self.run.concerns(one):
                await self.run.react(one)

    def types(self, id: UUID) -> list[str]:
        return [type.split(".")[1] for type in self.memory.types(id)]

    def reports(self) -> Sequence[Progress]:
        return [one.event.progress for one in self.memory.recorded if isinstance(one.event, ProgressReported)]

    def dropped(self) -> list[tuple[UUID, str, str]]:
        events = [one.event for one in self.memory.recorded if isinstance(one.event, RecipientsDropped)]
        return [(one.contact_id, one.status, one.reason) for event in events for one in event.dropped]


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_everybody_is_sent_it_once_in_batches_and_it_is_completed(scene: Scene) -> None:
    people = await scene.people(600)
    id = await scene.launched()
    await scene.react()
    assert sorted(scene.desk.sent(id)) == people
    assert scene.types(id) == ["drafted", "launched", "audience_taken", "completed"]
    assert sum(one.type == "campaign_batch.queued.1" for one in scene.memory.recorded) == 3
    before = len(scene.memory.recorded)
    await scene.react()
    assert len(scene.memory.recorded) == before


async def test_nobody_to_send_it_to_is_a_campaign_too(scene: Scene) -> None:
    id = await scene.launched()
    await scene.react()
    assert scene.types(id)[-1] == "completed"


@pytest.mark.parametrize("left", [0, 1, 249, 250, 251, 599])
async def test_where_it_broke_off_it_goes_on_and_nobody_gets_two(scene: Scene, left: int) -> None:
    people = await scene.people(600)
    id = await scene.launched()
    scene.memory.left = left
    with pytest.raises(Unavailable):
        await scene.react()
    assert len(scene.desk.sent(id)) == left
    scene.memory.left = 10**9
    scene.run = RunCampaigns(scene.memory, scene.new_bus(), scene.desk)
    await scene.react()
    assert sorted(scene.desk.sent(id)) == people


async def test_a_read_model_that_is_behind_makes_nobody_get_two(scene: Scene) -> None:
    """As if what was sent was not folded yet: each of them seems to wait, in another conversation."""
    people = await scene.people(3)
    id = await scene.launched()
    await scene.react()
    recorded = next(one for one in scene.memory.recorded if scene.run.concerns(one))

    class Old(MemoryCampaigns):
        async def queued(self, tenant_id: int, campaign_id: UUID, seq: int, number: int) -> Queued | None:
            chats = [one.stream_id for one in scene.memory.recorded if isinstance(one.event, ConversationStarted)]
            some = tuple(Recipient(id, chat) for id, chat in zip(people, chats, strict=True))
            return Queued(0, some) if number == 0 else None

    again = RunCampaigns(unfinished(scene.memory), scene.new_bus(), Old(scene.memory))
    await again.react(recorded)
    assert sorted(scene.desk.sent(id)) == people


def unfinished(log: MemoryLog) -> MemoryLog:
    """As it was before the campaign was completed: what a second leader knows."""
    old = MemoryLog()
    old.recorded = [one for one in log.recorded if one.type != "campaign.completed.1"]
    return old


async def test_a_pause_holds_after_the_batch_and_a_resumption_goes_on_with_the_words_of_now(scene: Scene) -> None:
    people = await scene.people(600)
    id = await scene.launched()
    looks = 0

    async def pause_at_the_second_batch() -> None:
        nonlocal looks
        looks += 1
        if looks == 2:
            await scene.do(ADMIN, PauseCampaign(campaign_id=id))

    scene.desk.between = pause_at_the_second_batch
    await scene.react()
    assert len(scene.desk.sent(id)) == 500
    assert scene.types(id)[-1] == "paused"
    await scene.do(ADMIN, ChangeCampaign(campaign_id=id, texts={"en": "Last day!"}))
    await scene.do(ADMIN, ResumeCampaign(campaign_id=id))
    await scene.react()
    assert sorted(scene.desk.sent(id)) == people
    said = [one.event.text for one in scene.memory.recorded if isinstance(one.event, MessagePosted)]
    assert said[-1] == "Last day!"
    assert said.count("Last day!") == 100


async def test_a_cancelled_one_sends_nothing_more(scene: Scene) -> None:
    await scene.people(3)
    id = await scene.launched()
    await scene.do(ADMIN, CancelCampaign(campaign_id=id))
    await scene.react()
    assert scene.desk.sent(id) == []
    assert scene.types(id)[-1] == "cancelled"


async def test_who_became_erased_blocked_or_part_of_somebody_after_the_launch_is_passed_over(scene: Scene) -> None:
    erased, blocked, merged, fine = await scene.people(4)
    id = await scene.launched()
    looks = 0

    async def at_the_first_look() -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            await scene.do(PRODUCT, EraseContact(contact_id=erased, reason="asked"))
            await scene.do(agent(), BlockContact(contact_id=blocked, reason="spam"))
            await scene.do(agent(), MergeContact(contact_id=merged, into_id=fine))

    scene.desk.between = at_the_first_look
    await scene.react()
    assert scene.desk.sent(id) == [fine]
    assert sorted(scene.dropped()) == [
        (erased, "skipped", "erased"),
        (blocked, "skipped", "blocked"),
        (merged, "skipped", "merged"),
    ]
    assert scene.types(id)[-1] == "completed"


async def test_a_segment_chooses_the_audience(scene: Scene) -> None:
    people = await scene.people(3)
    await scene.do(agent(), ChangeContact(contact_id=people[1], attributes='{"plan":"pro"}'))
    id = await scene.launched(CampaignContent("Sale", {"en": "x"}, segment=Segment(attributes={"plan": "pro"})))
    await scene.react()
    assert scene.desk.sent(id) == [people[1]]


async def send(scene: Scene, id: UUID, contact_id: UUID, chat: UUID | None = None) -> list[Recorded]:
    command = SendCampaignMessage(campaign_id=id, version=1, contact_id=contact_id, conversation_id=chat)
    before = len(scene.memory.recorded)
    await scene.do(PRODUCT, command)
    return scene.memory.recorded[before:]


async def test_a_new_conversation_waits_unseen_and_wakes_when_it_is_answered(scene: Scene) -> None:
    (person,) = await scene.people(1)
    await scene.open()
    content = CampaignContent("Sale", {"en": "Sale!"}, author=Author("assistant", ASSISTANT), widget_id=WIDGET)
    started, said = await send(scene, await scene.launched(content), person)
    assert isinstance(started.event, ConversationStarted)
    assert (started.event.handling.status, started.event.handling.handled_by) == ("snoozed", "bot")
    assert said.event.by == By("assistant", ASSISTANT)
    await scene.do(visitor(TENANT, person), PostMessage(conversation_id=said.stream_id, text="Yes"))
    assert any(isinstance(one.event, Awakened) for one in scene.memory.recorded)


async def test_it_goes_into_the_open_conversation_and_not_into_one_that_ended(scene: Scene) -> None:
    (person,) = await scene.people(1)
    id, guest = await scene.launched(), visitor(TENANT, person)
    chat = (await scene.do(guest, StartConversation(contact_id=person, text="hi"))).events[-1].originator_id
    (said,) = await send(scene, id, person, chat)
    assert (said.stream_id, said.event.by) == (chat, By("system"))
    await scene.do(guest, EndConversation(conversation_id=chat))
    events = await send(scene, id, person, chat)
    assert events[-1].stream_id != chat


async def test_the_message_of_an_erased_or_unknown_person_is_refused(scene: Scene) -> None:
    (person,) = await scene.people(1)
    id = await scene.launched()
    await scene.do(PRODUCT, EraseContact(contact_id=person, reason="asked"))
    with pytest.raises(ContactIsErased):
        await send(scene, id, person)
    with pytest.raises(NotFound):
        await send(scene, id, UUID(int=0xDEAD))


async def test_a_language_of_the_contact_chooses_the_words(scene: Scene) -> None:
    (person,) = await scene.people(1)
    await scene.do(agent(), ChangeContact(contact_id=person, attributes='{"language":"de"}'))
    said = (await send(scene, await scene.launched(), person))[-1].event
    assert isinstance(said, MessagePosted)
    assert said.text == "Ausverkauf!"


async def test_what_moved_is_told_once_a_second_whoever_tells_it(scene: Scene) -> None:
    await scene.people(2)
    id = await scene.launched()
    await scene.tell.tell()
    await scene.react()
    await scene.tell.tell()
    assert [one.counts.sent for one in scene.reports()] == [0, 2]
    assert scene.reports()[-1].status == "completed"
    for milliseconds, sent in ((500, 3), (400, 4), (200, 5)):
        scene.later(milliseconds=milliseconds)
        progress = Progress("one_off", "completed", Counts(total=9, sent=sent), as_of=100 + sent)
        for bus in (scene.bus, scene.new_bus()):
            await bus.execute(PRODUCT, ReportProgress(campaign_id=id, progress=progress))
    assert [one.counts.sent for one in scene.reports()] == [0, 2, 5]


async def test_each_state_is_told_in_its_turn_and_a_repeat_tells_nothing(scene: Scene) -> None:
    id = await scene.launched()
    await scene.do(ADMIN, PauseCampaign(campaign_id=id))
    await scene.do(ADMIN, ResumeCampaign(campaign_id=id))
    for _ in range(2):
        for one in tuple(scene.memory.recorded):
            if scene.tell.concerns(one):
                await scene.tell.react(one)
        assert [one.status for one in scene.reports()] == ["running", "paused", "running"]


async def test_an_author_of_another_house_is_not_found(scene: Scene) -> None:
    content = CampaignContent("Sale", {"en": "x"}, author=Author("agent", UUID(int=0xBAD)))
    with pytest.raises(NotFound):
        await scene.do(ADMIN, DraftCampaign(kind="one_off", content=content))
