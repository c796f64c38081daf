"""Commands about participants: each does it, refuses it, stays quiet."""

from __future__ import annotations

from uuid import UUID

import pytest

from application.actor import system
from application.agent import DeactivateAgent, InviteAgent
from application.handling import AcceptConversation
from application.participant import AddParticipant, RemoveParticipant
from application.permissions import PERMISSIONS
from domain.agent import Role
from domain.refusals import Forbidden, Invalid, NotFound, OwnerTakesPart
from tests.support.house import ANNA, BEN, STRANGER, TENANT, VISITING, House, agent

ANALYST = UUID(int=0xC5)
SYSTEM = system(TENANT)


@pytest.fixture
async def house() -> House:
    opened = House()
    await opened.open()
    roles: tuple[tuple[UUID, Role], ...] = ((ANNA, "agent"), (BEN, "agent"), (ANALYST, "analyst"))
    for agent_id, role in roles:
        await opened.do(SYSTEM, InviteAgent(agent_id=agent_id, name="A", email=f"{agent_id}@a.test", role=role))
    stranger = InviteAgent(agent_id=STRANGER, name="S", email="s@b.test")
    await opened.do(system(8), stranger)
    return opened


async def test_an_agent_joins_or_brings_a_colleague_in(house: House) -> None:
    chat = await house.chat()
    for who in (ANNA, BEN):
        receipt = await house.do(agent(), AddParticipant(conversation_id=chat, agent_id=who))
        assert [event.TYPE for event in receipt.events] == ["conversation.participant_joined.1"]
        assert (receipt.events[0].by.id, receipt.events[0].cause.command) == (ANNA, "AddParticipant")


async def test_joining_twice_and_leaving_what_one_is_not_in_change_nothing(house: House) -> None:
    chat = await house.chat()
    join = AddParticipant(conversation_id=chat, agent_id=ANNA)
    await house.do(agent(), join)
    assert (await house.do(agent(), join)).events == ()
    leave = RemoveParticipant(conversation_id=chat, agent_id=BEN)
    assert (await house.do(agent(), leave)).events == ()


async def test_nobody_is_brought_in_who_is_strange_gone_or_absent(house: House) -> None:
    chat = await house.chat()
    for who in (STRANGER, UUID(int=0xEE), chat):
        with pytest.raises(NotFound):
            await house.do(agent(), AddParticipant(conversation_id=chat, agent_id=who))
        with pytest.raises(NotFound):
            await house.do(agent(), RemoveParticipant(conversation_id=chat, agent_id=who))
    await house.do(SYSTEM, DeactivateAgent(agent_id=BEN))
    house.bus = house.new_bus()
    with pytest.raises(NotFound):
        await house.do(agent(), AddParticipant(conversation_id=chat, agent_id=BEN))


async def test_taking_part_opens_nothing_to_who_may_not_answer(house: House) -> None:
    """Every agent sees every conversation, so nobody needs it to; an analyst must not be let in by it."""
    chat = await house.chat()
    with pytest.raises(Invalid):
        await house.do(agent(), AddParticipant(conversation_id=chat, agent_id=ANALYST))
    assert not {"analyst", "auditor", "visitor"} & PERMISSIONS[AddParticipant]


async def test_who_is_gone_can_still_be_taken_out(house: House) -> None:
    chat = await house.chat()
    await house.do(agent(), AddParticipant(conversation_id=chat, agent_id=BEN))
    await house.do(SYSTEM, DeactivateAgent(agent_id=BEN))
    receipt = await house.do(agent(), RemoveParticipant(conversation_id=chat, agent_id=BEN))
    assert [event.TYPE for event in receipt.events] == ["conversation.participant_left.1"]


async def test_whoever_has_it_stays(house: House) -> None:
    chat = await house.chat()
    await house.do(agent(), AcceptConversation(conversation_id=chat))
    with pytest.raises(OwnerTakesPart):
        await house.do(agent(), RemoveParticipant(conversation_id=chat, agent_id=ANNA))


async def test_a_visitor_brings_nobody_in(house: House) -> None:
    chat = await house.chat()
    for command in (AddParticipant, RemoveParticipant):
        with pytest.raises(Forbidden):
            await house.do(VISITING, command(conversation_id=chat, agent_id=ANNA))
