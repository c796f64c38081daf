"""Commands about contacts: what agents know, whom they block and join, who somebody proves to be."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from application.actor import Actor, system, visitor
from application.cache import AggregateCache
from application.command import Command
from application.contact import (
    BlockContact,
    ChangeContact,
    EraseContact,
    IntroduceContact,
    NoteContact,
    UnblockContact,
    family,
    refuse_blocked,
)
from application.identity_secret import IssueIdentitySecret, RevokeIdentitySecret
from application.joining import IdentifyContact, MergeContact, UnmergeContact, known_id, speaks_for
from application.log import EventLog
from application.tenant import OpenTenant, SetMasking
from application.work import Work
from domain.contact import ContactErased, ContactNoted
from domain.kernel import Cause, Stamp
from domain.refusals import ContactIsErased, ContactIsMerged, Invalid, NotFound, VisitorBlocked
from tests.support.house import ADMIN, STRANGER, TENANT, VISITING, VISITOR, House, agent
from tests.support.memory_log import MemoryLog

KNOWN = UUID(int=0xE1)
OTHER = UUID(int=0xE2)
AGENT = agent()
INTRODUCE = IntroduceContact(contact_id=VISITOR, name="Mia")


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
async def house(log: MemoryLog) -> House:
    house = House(log)
    for id in (VISITOR, STRANGER):
        await house.do(visitor(TENANT, id), IntroduceContact(contact_id=id, name="Mia"))
    return house


def identify(visitor_id: UUID | None = VISITOR, contact_id: UUID = KNOWN, name: str = "Mia M.") -> IdentifyContact:
    return IdentifyContact(contact_id=contact_id, visitor_id=visitor_id, external_id="customer-1", name=name)


def work(log: EventLog, house: House) -> Work:
    return Work(log, AggregateCache(), VISITING, Stamp(VISITING.by, house.now, Cause("Test")), house.new_id)


async def types(house: House, command: Command, actor: Actor = AGENT) -> list[str]:
    return [event.TYPE for event in (await house.do(actor, command)).events]


async def test_an_agent_writes_down_what_they_know(house: House) -> None:
    change = ChangeContact(contact_id=VISITOR, email="mia@example.org", attributes='{"plan":"pro"}')
    assert await types(house, change) == ["contact.introduced.1", "contact.attributes_changed.1"]
    assert await types(house, change) == []
    with pytest.raises(Invalid):
        await house.do(AGENT, ChangeContact(contact_id=VISITOR, attributes='{"plan":[]}'))
    with pytest.raises(NotFound):
        await house.do(AGENT, ChangeContact(contact_id=KNOWN, name="x"))


async def test_a_note_on_somebody(house: House) -> None:
    assert await types(house, NoteContact(contact_id=VISITOR, text="Nice.")) == ["contact.noted.1"]
    with pytest.raises(NotFound):
        await house.do(AGENT, NoteContact(contact_id=KNOWN, text="Nice."))


async def test_a_blocked_visitor_does_nothing_until_it_is_over(house: House, log: MemoryLog) -> None:
    until = house.now + timedelta(hours=1)
    block = BlockContact(contact_id=VISITOR, reason="spam", until=until)
    assert await types(house, block) == ["contact.blocked.1"]
    assert await types(house, block) == []
    with pytest.raises(VisitorBlocked):
        await house.do(VISITING, IntroduceContact(contact_id=VISITOR, name="Mallory"))
    with pytest.raises(VisitorBlocked):
        await refuse_blocked(work(log, house))
    assert await types(house, ChangeContact(contact_id=VISITOR, phone="12345")) == ["contact.introduced.1"]
    house.later(hours=1)
    await refuse_blocked(work(log, house))


async def test_unblocking(house: House, log: MemoryLog) -> None:
    unblock = UnblockContact(contact_id=VISITOR)
    assert await types(house, unblock) == []
    await house.do(AGENT, BlockContact(contact_id=VISITOR, reason="spam"))
    assert await types(house, unblock) == ["contact.unblocked.1"]
    await refuse_blocked(work(log, house))
    with pytest.raises(NotFound):
        await house.do(AGENT, UnblockContact(contact_id=KNOWN))


async def test_whether_somebody_is_blocked_is_asked_of_the_cache(house: House, log: MemoryLog) -> None:
    at_work = work(log, house)
    await refuse_blocked(at_work)
    log.recorded.clear()
    await refuse_blocked(at_work)


async def test_a_merge_is_one_append_on_both_streams_and_so_is_taking_it_back(house: House) -> None:
    merge = MergeContact(contact_id=VISITOR, into_id=STRANGER)
    assert sorted(await types(house, merge)) == ["contact.absorbed.1", "contact.merged.1"]
    assert await types(house, merge) == []
    with pytest.raises(ContactIsMerged):
        await house.do(AGENT, ChangeContact(contact_id=VISITOR, name="x"))
    unmerge = UnmergeContact(contact_id=VISITOR)
    assert sorted(await types(house, unmerge)) == ["contact.released.1", "contact.unmerged.1"]
    assert await types(house, unmerge) == []


async def test_another_tenants_contact_is_not_there_to_merge(house: House, log: MemoryLog) -> None:
    await house.do(visitor(TENANT + 1, OTHER), IntroduceContact(contact_id=OTHER, name="Mia"))
    before = len(log.recorded)
    for source, target in ((OTHER, VISITOR), (VISITOR, OTHER), (VISITOR, KNOWN)):
        with pytest.raises(NotFound):
            await house.do(AGENT, MergeContact(contact_id=source, into_id=target))
    with pytest.raises(NotFound):
        await house.do(AGENT, UnmergeContact(contact_id=OTHER))
    assert len(log.recorded) == before


@pytest.mark.parametrize("named", [VISITOR, STRANGER])
async def test_erasing_a_merged_person_erases_all_they_were(house: House, named: UUID) -> None:
    await house.do(AGENT, MergeContact(contact_id=VISITOR, into_id=STRANGER))
    receipt = await house.do(ADMIN, EraseContact(contact_id=named, reason="asked to"))
    erased = {event.originator_id for event in receipt.events if isinstance(event, ContactErased)}
    assert erased == {VISITOR, STRANGER}
    with pytest.raises(ContactIsErased):
        await house.do(AGENT, UnmergeContact(contact_id=VISITOR))
    with pytest.raises(ContactIsErased):
        await house.do(AGENT, BlockContact(contact_id=STRANGER, reason="spam"))


async def test_blocking_a_merged_person_blocks_all_they_are(house: House, log: MemoryLog) -> None:
    await house.do(AGENT, MergeContact(contact_id=VISITOR, into_id=STRANGER))
    await house.do(AGENT, BlockContact(contact_id=STRANGER, reason="spam"))
    with pytest.raises(VisitorBlocked):
        await refuse_blocked(work(log, house))


async def test_a_signed_identity_makes_a_known_contact_and_joins_the_browsers_history(
    house: House, log: MemoryLog
) -> None:
    assert await types(house, identify(), VISITING) == [
        "contact.met.1", "contact.verified.1", "contact.absorbed.1", "contact.linked.1"
    ]  # fmt: skip
    assert await types(house, identify(), VISITING) == []
    assert [one.id for one in await family(work(log, house), VISITOR)] == [KNOWN, VISITOR]


async def test_without_a_browsers_history_there_is_nothing_to_join(house: House) -> None:
    actor = visitor(TENANT, KNOWN)
    assert await types(house, identify(None), actor) == ["contact.met.1", "contact.verified.1"]
    assert await types(house, identify(OTHER), visitor(TENANT, OTHER)) == []


async def test_a_visitor_brings_nobody_elses_history(house: House) -> None:
    with pytest.raises(NotFound):
        await house.do(VISITING, identify(STRANGER))


async def test_a_browser_that_belongs_to_one_known_contact_is_not_given_to_the_next(house: House) -> None:
    await house.do(VISITING, identify())
    await house.do(VISITING, identify(contact_id=OTHER, name="Ben"))
    receipt = await house.do(AGENT, UnmergeContact(contact_id=VISITOR))
    assert {event.originator_id for event in receipt.events} == {VISITOR, KNOWN}
    assert await types(house, identify(), VISITING) == []


async def test_a_known_contact_does_not_become_part_of_another_one(house: House) -> None:
    known = visitor(TENANT, KNOWN)
    await house.do(known, identify(None))
    next_one = IdentifyContact(contact_id=OTHER, visitor_id=KNOWN, external_id="customer-2")
    assert await types(house, next_one, known) == ["contact.met.1", "contact.verified.1"]


async def test_no_circle_is_made(house: House) -> None:
    await house.do(visitor(TENANT, KNOWN), identify(None))
    await house.do(AGENT, MergeContact(contact_id=KNOWN, into_id=VISITOR))
    assert await types(house, identify(), VISITING) == []


async def test_a_blocked_one_is_not_let_in_by_an_identity(house: House) -> None:
    await house.do(visitor(TENANT, KNOWN), identify(None))
    await house.do(AGENT, BlockContact(contact_id=KNOWN, reason="spam"))
    for actor, command in ((VISITING, identify()), (visitor(TENANT, KNOWN), identify(None))):
        with pytest.raises(VisitorBlocked):
            await house.do(actor, command)


async def test_after_an_erasure_the_same_identity_is_somebody_new(house: House) -> None:
    await house.do(VISITING, identify())
    await house.do(ADMIN, EraseContact(contact_id=KNOWN, reason="asked to"))
    receipt = await house.do(visitor(TENANT, KNOWN), identify(None))
    assert {event.originator_id for event in receipt.events} == {known_id(KNOWN, 1)}
    assert known_id(KNOWN, 1) != KNOWN


async def test_only_an_identity_lets_a_visitor_read_another_contacts_words(house: House, log: MemoryLog) -> None:
    await house.do(AGENT, MergeContact(contact_id=STRANGER, into_id=VISITOR))
    assert not await speaks_for(work(log, house), STRANGER)
    await house.do(AGENT, UnmergeContact(contact_id=STRANGER))
    joined = IdentifyContact(contact_id=VISITOR, visitor_id=OTHER, external_id="customer-1")
    await house.do(visitor(TENANT, OTHER), IntroduceContact(contact_id=OTHER, name="Mia"))
    await house.do(visitor(TENANT, OTHER), joined)
    assert await speaks_for(work(log, house), OTHER)
    assert await speaks_for(work(log, house), VISITOR)


async def test_identity_secrets_are_issued_and_revoked(house: House) -> None:
    issue, revoke = IssueIdentitySecret(secret_id=KNOWN), RevokeIdentitySecret(secret_id=KNOWN)
    with pytest.raises(NotFound):
        await house.do(ADMIN, revoke)
    assert await types(house, issue, ADMIN) == ["identity_secret.issued.1"]
    assert await types(house, issue, ADMIN) == []
    assert await types(house, revoke, ADMIN) == ["identity_secret.revoked.1"]
    assert await types(house, revoke, ADMIN) == []


async def test_a_note_holds_no_card_number_unless_the_tenant_says_so(house: House) -> None:
    note = NoteContact(contact_id=VISITOR, text="Pays with 4111 1111 1111 1111.")
    masked = (await house.do(AGENT, note)).events[-1]
    assert isinstance(masked, ContactNoted)
    assert masked.text == "Pays with [card-number]."
    await house.do(system(TENANT), OpenTenant(name="Shop"))
    await house.do(ADMIN, SetMasking(enabled=False))
    plain = (await house.do(AGENT, note)).events[-1]
    assert isinstance(plain, ContactNoted)
    assert plain.text == note.text
