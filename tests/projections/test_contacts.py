"""Contacts are listed by their last activity, found by what they begin with, and one person once joined."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from application.actor import visitor
from application.contact import (
    BlockContact,
    ChangeContact,
    EraseContact,
    IntroduceContact,
    NoteContact,
    UnblockContact,
)
from application.conversation import StartConversation
from application.handling import EndConversation
from application.joining import IdentifyContact, MergeContact, UnmergeContact
from application.receipts import RateConversation
from domain.refusals import Invalid
from projections.contacts import (
    ContactPage,
    ContactView,
    NotePage,
    read_contact,
    read_contact_notes,
    read_contacts,
)
from projections.contacts_fold import Known
from projections.visits import (
    Timeline,
    read_timeline,
)
from tests.projections.conftest import ReadModels
from tests.support.cases import cases
from tests.support.house import ADMIN, STRANGER, TENANT, VISITING, VISITOR, House, agent

AGENT = agent()
MIA, BEN, KNOWN = VISITOR, STRANGER, UUID(int=0xE1)


async def introduce(house: House, id: UUID, name: str, email: str | None = None, phone: str | None = None) -> None:
    command = IntroduceContact(contact_id=id, name=name, email=email, phone=phone)
    await house.do(visitor(TENANT, id), command)


async def start(house: House, id: UUID, session_id: str | None = None) -> UUID:
    command = StartConversation(contact_id=id, text="Hello", session_id=session_id)
    receipt = await house.do(visitor(TENANT, id), command)
    return receipt.events[-1].originator_id


async def listed(
    models: ReadModels, q: str | None = None, limit: int = 50, cursor: str | None = None
) -> ContactPage:
    await models.fold()
    async with models.tenant() as connection:
        return await read_contacts(connection, TENANT, q, limit, cursor)


async def names(models: ReadModels, q: str | None = None) -> list[str | None]:
    return [one.name for one in (await listed(models, q)).contacts]


async def one(models: ReadModels, id: UUID) -> ContactView:
    await models.fold()
    async with models.tenant() as connection:
        found = await read_contact(connection, TENANT, id)
    assert found is not None
    return found


async def notes(models: ReadModels, id: UUID, limit: int = 50, cursor: str | None = None) -> NotePage:
    await models.fold()
    async with models.tenant() as connection:
        return await read_contact_notes(connection, TENANT, id, limit, cursor)


async def timeline(models: ReadModels, id: UUID, limit: int = 50, cursor: str | None = None) -> Timeline:
    await models.fold()
    async with models.tenant() as connection:
        return await read_timeline(connection, TENANT, id, limit, cursor)


async def test_who_was_active_last_comes_first(house: House, models: ReadModels) -> None:
    await introduce(house, MIA, "Mia")
    await introduce(house, BEN, "Ben")
    assert await names(models) == ["Ben", "Mia"]
    await start(house, MIA)
    assert await names(models) == ["Mia", "Ben"]
    assert (await one(models, MIA)).conversations == 1


async def test_pages_hold_everybody_once(house: House, models: ReadModels) -> None:
    for number in range(5):
        await introduce(house, UUID(int=number), f"Number {number}")
    found, cursor = [], None
    for _ in range(3):
        page = await listed(models, limit=2, cursor=cursor)
        found += [one.name for one in page.contacts]
        cursor = page.next_cursor
    assert found == [f"Number {number}" for number in (4, 3, 2, 1, 0)]
    assert cursor is None
    with pytest.raises(Invalid):
        await listed(models, cursor="x")


@cases(
    ("q", "found"),
    [
        ("mi", ["Mia"]),
        ("MIA@", ["Mia"]),
        ("+49 151", ["Mia"]),
        ("+49-(151)", ["Mia"]),
        ("%", []),
        ("_ia", []),
        ("zebra", []),
        (" ", ["Ben", "Mia"]),
    ],
)
async def test_people_are_found_by_what_their_claims_begin_with(
    house: House, models: ReadModels, q: str, found: list[str]
) -> None:
    await introduce(house, MIA, "Mia", "mia@example.org", "+49 151 234567")
    await introduce(house, BEN, "Ben", "ben@example.org")
    assert await names(models, q) == found


async def test_what_is_verified_is_shown_and_found_and_the_claim_is_kept_beside_it(
    house: House, models: ReadModels
) -> None:
    signed = IdentifyContact(contact_id=KNOWN, external_id="customer-1", name="Mia M.")
    await house.do(visitor(TENANT, KNOWN), signed)
    await house.do(AGENT, ChangeContact(contact_id=KNOWN, name="Mallory", email="m@example.org"))
    found = await one(models, KNOWN)
    assert (found.name, found.email, found.is_verified) == ("Mia M.", "m@example.org", True)
    assert (found.verified, found.claimed) == (Known("Mia M."), Known("Mallory", "m@example.org"))
    assert found.external_id == "customer-1"
    assert await names(models, "mallory") == []


async def test_a_joined_person_is_listed_once_with_what_both_did_until_they_are_two_again(
    house: House, models: ReadModels
) -> None:
    await introduce(house, MIA, "Mia")
    await introduce(house, BEN, "Ben")
    await start(house, MIA)
    await house.do(AGENT, MergeContact(contact_id=MIA, into_id=BEN))
    await introduce(house, KNOWN, "Known")
    await start(house, MIA)
    page = await listed(models)
    assert [(one.name, one.conversations) for one in page.contacts] == [("Ben", 2), ("Known", 0)]
    assert (await one(models, MIA)).merged_into == BEN
    assert len((await timeline(models, BEN)).moments) == len((await timeline(models, MIA)).moments) == 2
    await house.do(AGENT, UnmergeContact(contact_id=MIA))
    counts = {one.name: one.conversations for one in (await listed(models)).contacts}
    assert counts == {"Mia": 2, "Ben": 0, "Known": 0}
    assert (await timeline(models, BEN)).moments == ()


async def test_activity_climbs_through_every_joint(house: House, models: ReadModels) -> None:
    for id, name in ((MIA, "Mia"), (BEN, "Ben"), (KNOWN, "Known")):
        await introduce(house, id, name)
    await house.do(AGENT, MergeContact(contact_id=MIA, into_id=BEN))
    await house.do(AGENT, MergeContact(contact_id=BEN, into_id=KNOWN))
    await introduce(house, UUID(int=5), "Other")
    assert await names(models) == ["Other", "Known"]
    await start(house, MIA)
    assert await names(models) == ["Known", "Other"]
    assert (await one(models, KNOWN)).conversations == 1


async def test_a_block_is_shown(house: House, models: ReadModels) -> None:
    await introduce(house, MIA, "Mia")
    until = house.now + timedelta(days=1)
    await house.do(AGENT, BlockContact(contact_id=MIA, reason="spam", until=until))
    found = await one(models, MIA)
    assert (found.is_blocked, found.block_reason, found.blocked_until) == (True, "spam", until)
    await house.do(AGENT, UnblockContact(contact_id=MIA))
    assert not (await one(models, MIA)).is_blocked


async def test_attributes_and_notes(house: House, models: ReadModels) -> None:
    await introduce(house, MIA, "Mia")
    await house.do(AGENT, ChangeContact(contact_id=MIA, attributes='{"plan":"pro","seats":3}'))
    await house.do(AGENT, ChangeContact(contact_id=MIA, attributes='{"seats":null}'))
    for number in range(3):
        await house.do(AGENT, NoteContact(contact_id=MIA, text=f"Note {number}"))
    assert (await one(models, MIA)).attributes == {"plan": "pro"}
    first = await notes(models, MIA, 2)
    rest = await notes(models, MIA, 2, first.next_cursor)
    assert [note.text for page in (first, rest) for note in page.notes] == ["Note 2", "Note 1", "Note 0"]
    assert rest.next_cursor is None


async def test_nothing_personal_is_left_of_the_erased(house: House, models: ReadModels) -> None:
    await introduce(house, MIA, "Mia", "mia@example.org", "12345")
    chat = await start(house, MIA, "visit-1")
    await house.do(VISITING, EndConversation(conversation_id=chat))
    await house.do(VISITING, RateConversation(conversation_id=chat, score=5, comment="Great"))
    await house.do(AGENT, NoteContact(contact_id=MIA, text="Nice"))
    await house.do(AGENT, BlockContact(contact_id=MIA, reason="spam"))
    await models.fold()
    await house.do(ADMIN, EraseContact(contact_id=MIA, reason="asked to"))
    found = await one(models, MIA)
    assert (found.name, found.email, found.phone, found.block_reason, found.is_erased) == (
        None,
        None,
        None,
        None,
        True,
    )
    assert [note.text for note in (await notes(models, MIA)).notes] == [None]
    assert [moment.comment for moment in (await timeline(models, MIA)).moments] == [None, None]
    assert await names(models, "mia") == []


async def test_another_tenants_contacts_do_not_exist(house: House, models: ReadModels) -> None:
    await introduce(house, MIA, "Mia")
    await models.fold()
    async with models.tenant(TENANT + 1) as connection:
        assert (await read_contacts(connection, TENANT)).contacts == ()
        assert await read_contact(connection, TENANT, MIA) is None
