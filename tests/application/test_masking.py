"""Card numbers and secrets are out of everything that is written down, unless the tenant says otherwise."""

from __future__ import annotations

import msgspec
import pytest

from application.actor import system
from application.contact import ChangeContact
from application.handling import EndConversation
from application.marks import SetAttributes
from application.receipts import RateConversation
from application.tenant import OpenTenant, SetMasking
from domain.contact import ContactAttributesChanged
from domain.kernel import Event
from domain.marks import AttributesChanged
from domain.receipts import Rated
from tests.support.house import ADMIN, TENANT, VISITING, VISITOR, House, agent

CARD = "4111 1111 1111 1111"
WRITTEN = {"card": f"it is {CARD}", "number": 4111111111111111, "age": 41, "vip": True, "rate": 1.5, "plan": "pro"}
STORED = WRITTEN | {"card": "it is [card-number]", "number": "[card-number]"}


async def changed(house: House) -> list[dict[str, object]]:
    """What is stored of the same attributes, on a conversation and on its contact."""
    chat = await house.chat(with_assistant=False)
    text = msgspec.json.encode(WRITTEN).decode()
    stored: list[dict[str, object]] = []
    for command in (
        SetAttributes(conversation_id=chat, values=text),
        ChangeContact(contact_id=VISITOR, attributes=text),
    ):
        event = (await house.do(agent(), command)).events[-1]
        assert isinstance(event, AttributesChanged | ContactAttributesChanged)
        stored.append(msgspec.json.decode(str(event.values)))
    return stored


async def rated(house: House, comment: str | None) -> Event:
    chat = await house.chat(with_assistant=False)
    await house.do(VISITING, EndConversation(conversation_id=chat))
    rating = RateConversation(conversation_id=chat, score=5, comment=comment)
    return (await house.do(VISITING, rating)).events[-1]


async def test_attributes_hold_no_card_number() -> None:
    assert await changed(House()) == [STORED] * 2


async def test_attributes_are_stored_as_written_where_the_tenant_says_so() -> None:
    house = House()
    await house.do(system(TENANT), OpenTenant(name="Shop"))
    await house.do(ADMIN, SetMasking(enabled=False))
    assert await changed(house) == [WRITTEN] * 2


async def test_the_same_card_number_again_changes_nothing() -> None:
    house = House()
    chat = await house.chat(with_assistant=False)
    command = SetAttributes(conversation_id=chat, values=msgspec.json.encode(WRITTEN).decode())
    await house.do(agent(), command)
    assert (await house.do(agent(), command)).events == ()


@pytest.mark.parametrize(
    ("comment", "stored"), [(f"I paid with {CARD}", "I paid with [card-number]"), (None, None)]
)
async def test_a_ratings_comment_holds_no_card_number(comment: str | None, stored: str | None) -> None:
    event = await rated(House(), comment)
    assert isinstance(event, Rated)
    assert event.comment == stored
