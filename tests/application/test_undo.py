"""Undoing decides on the whole stream, in any process, and only by who may give the compensating command."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from application.agent import DeactivateAgent, InviteAgent
from application.bulk import BeginBulk
from application.bus import Request
from application.command import Command
from application.contact import EraseContact, IntroduceContact
from application.conversation import PostMessage
from application.handling import (
    AcceptConversation,
    AwakenConversation,
    EndConversation,
    ReopenConversation,
    ReturnConversation,
    SnoozeConversation,
    TransferConversation,
)
from application.joining import MergeContact, UnmergeContact
from application.marks import ChangeLabels, SetPriority
from application.permissions import PERMISSIONS
from application.undo import UndoBulkChange, UndoContactEvent, UndoConversationEvent
from domain.ids import event_wire
from domain.refusals import Invalid, NotFound
from domain.undo import NotUndoable, UndoRefused
from tests.support.house import ADMIN, ANNA, BEN, STRANGER, TENANT, VISITING, VISITOR, House, agent
from tests.support.memory_log import MemoryLog

ANNAS, BENS = agent(ANNA), agent(BEN)


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def house(log: MemoryLog) -> House:
    return House(log)


def undo(receipt: Any) -> UndoConversationEvent:
    event = receipt.events[-1]
    return UndoConversationEvent(conversation_id=event.originator_id, version=event.originator_version)


async def test_the_compensating_event_names_what_it_undoes_and_who_did_it(house: House) -> None:
    id = await house.chat(with_assistant=False)
    done = await house.do(ANNAS, ChangeLabels(conversation_id=id, add=("vip",)))
    (undoing,) = (await house.do(BENS, undo(done))).events
    assert undoing.by.id == BEN
    assert undoing.cause.command == "UndoConversationEvent"
    assert undoing.cause.undoes == event_wire(id, done.version)
    assert (await house.do(BENS, undo(done))).events == ()


async def test_a_process_with_an_old_copy_overlooks_nothing(house: House) -> None:
    """The undo is decided on the log, not on what this process remembers."""
    here, there = house.new_bus(), house.new_bus()
    id = await house.chat(with_assistant=False)
    done = await here.execute(ANNAS, SetPriority(conversation_id=id, priority="high"))
    await there.execute(BENS, SetPriority(conversation_id=id, priority="urgent"))
    with pytest.raises(UndoRefused):
        await here.execute(ANNAS, undo(done))


async def test_a_strangers_event_is_not_there(house: House) -> None:
    id = await house.chat(with_assistant=False)
    done = await house.do(ANNAS, ChangeLabels(conversation_id=id, add=("vip",)))
    for actor, command in (
        (agent(ANNA, tenant_id=TENANT + 1), undo(done)),
        (ANNAS, UndoConversationEvent(conversation_id=id, version=99)),
        (ANNAS, UndoConversationEvent(conversation_id=VISITOR, version=1)),
    ):
        with pytest.raises(NotFound):
            await house.do(actor, command)


async def test_nothing_is_given_back_to_an_agent_who_has_left(house: House) -> None:
    for id, name in ((ANNA, "a"), (BEN, "b")):
        await house.do(ADMIN, InviteAgent(agent_id=id, name=name, email=f"{name}@shop.test", role="agent"))
    chat = await house.chat(with_assistant=False)
    await house.do(ANNAS, AcceptConversation(conversation_id=chat))
    given = await house.do(ANNAS, TransferConversation(conversation_id=chat, agent_id=BEN))
    await house.do(ADMIN, DeactivateAgent(agent_id=ANNA))
    with pytest.raises(UndoRefused):
        await house.do(BENS, undo(given))


@pytest.mark.parametrize(
    ("undoing", "compensating"),
    [
        (
            UndoConversationEvent,
            (
                ChangeLabels,
                SetPriority,
                ReopenConversation,
                EndConversation,
                SnoozeConversation,
                AwakenConversation,
                TransferConversation,
                ReturnConversation,
            ),
        ),
        (UndoContactEvent, (UnmergeContact,)),
    ],
)
def test_who_may_undo_may_give_the_compensating_command(
    undoing: type[Command], compensating: tuple[type[Command], ...]
) -> None:
    assert all(PERMISSIONS[undoing] <= PERMISSIONS[one] for one in compensating)
    assert PERMISSIONS[UndoBulkChange] <= PERMISSIONS[UndoConversationEvent]


async def test_a_merge_is_undone_from_the_event_of_the_contact_that_was_merged(house: House) -> None:
    await house.do(VISITING, _introduce(VISITOR))
    await house.do(ANNAS, _introduce(STRANGER))
    merged = await house.do(ANNAS, MergeContact(contact_id=VISITOR, into_id=STRANGER))
    version = next(one.originator_version for one in merged.events if one.originator_id == VISITOR)
    command = UndoContactEvent(contact_id=VISITOR, version=version)
    done = await house.do(BENS, command)
    assert [one.TYPE for one in done.events] == ["contact.unmerged.1", "contact.released.1"]
    assert (await house.do(BENS, command)).events == ()
    with pytest.raises(NotUndoable):
        await house.do(BENS, UndoContactEvent(contact_id=VISITOR, version=1))


async def test_a_merge_of_somebody_who_was_erased_since_is_not_undone(house: House) -> None:
    await house.do(VISITING, _introduce(VISITOR))
    await house.do(ANNAS, _introduce(STRANGER))
    merged = await house.do(ANNAS, MergeContact(contact_id=VISITOR, into_id=STRANGER))
    version = next(one.originator_version for one in merged.events if one.originator_id == VISITOR)
    await house.do(ADMIN, EraseContact(contact_id=VISITOR, reason="asked"))
    with pytest.raises(UndoRefused):
        await house.do(ANNAS, UndoContactEvent(contact_id=VISITOR, version=version))


async def test_a_bulk_is_undone_where_it_did_something(house: House) -> None:
    ids = [await house.chat(with_assistant=False) for _ in range(3)]
    begun = await house.do(ANNAS, BeginBulk(conversation_ids=tuple(ids), change="label"))
    bulk = begun.events[0].originator_id
    await house.do(BENS, ChangeLabels(conversation_id=ids[2], add=("vip",)))
    for id in ids:
        command = ChangeLabels(conversation_id=id, add=("vip",))
        await house.bus.execute(ANNAS, command, Request(bulk=bulk))
    for id in ids:
        await house.do(BENS, UndoBulkChange(conversation_id=id, bulk_id=bulk))
        again = await house.do(BENS, UndoBulkChange(conversation_id=id, bulk_id=bulk))
        assert again.events == ()
    labels = [(await house.do(ADMIN, ChangeLabels(conversation_id=id, remove=("vip",)))).events for id in ids]
    assert [len(one) for one in labels] == [0, 0, 1]


async def test_what_a_bulk_did_that_cannot_be_undone_is_said(house: House) -> None:
    id = await house.chat(with_assistant=False)
    bulk = UUID(int=0xB1)
    await house.bus.execute(ANNAS, _note(id), Request(bulk=bulk))
    with pytest.raises(NotUndoable):
        await house.do(ANNAS, UndoBulkChange(conversation_id=id, bulk_id=bulk))


async def test_a_bulk_is_about_a_hundred_conversations_at_most(house: House) -> None:
    with pytest.raises(Invalid):
        await house.do(ANNAS, BeginBulk(conversation_ids=tuple(UUID(int=n) for n in range(101)), change="label"))


def _introduce(contact_id: UUID) -> Command:
    return IntroduceContact(contact_id=contact_id, name="Vera")


def _note(conversation_id: UUID) -> Command:
    return PostMessage(conversation_id=conversation_id, text="A note", private=True)
