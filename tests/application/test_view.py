"""Who may save, change and remove which views."""

from __future__ import annotations

from uuid import UUID

import pytest

from application.actor import Actor
from application.view import ChangeView, CreateView, RemoveView
from domain.refusals import Conflict, Forbidden, Invalid, NotFound
from domain.view import ViewFilter, ViewSaved, ViewScope
from tests.support.house import ADMIN, ANNA, BEN, House, agent

SUPERVISOR, ANNAS, BENS = agent(UUID(int=0xC8), "supervisor"), agent(ANNA), agent(BEN)
MINE = ViewFilter(status="open", assignee="me", label="VIP ")


@pytest.fixture
def house() -> House:
    return House()


async def made(house: House, actor: Actor = ANNAS, scope: ViewScope = "private") -> UUID:
    receipt = await house.do(actor, CreateView(name=" Mine ", filter=MINE, scope=scope))
    return receipt.events[0].originator_id


async def test_a_view_is_saved_with_its_filter_as_the_inbox_reads_it(house: House) -> None:
    receipt = await house.do(ANNAS, CreateView(name=" Mine ", filter=MINE, place=3))
    (saved,) = receipt.events
    assert isinstance(saved, ViewSaved)
    assert (saved.name, saved.scope, saved.place, saved.owner_id) == ("Mine", "private", 3, ANNA)
    assert (saved.filter.assignee, saved.filter.label) == ("me", "vip")


@pytest.mark.parametrize(
    "filter",
    [ViewFilter(assignee="agt_x"), ViewFilter(team="none"), ViewFilter(label=" "), ViewFilter(q="x" * 201)],
)
async def test_a_filter_that_the_inbox_would_not_take_is_refused(house: House, filter: ViewFilter) -> None:
    with pytest.raises(Invalid):
        await house.do(ANNAS, CreateView(name="x", filter=filter))


@pytest.mark.parametrize("actor", [BENS, SUPERVISOR, ADMIN])
async def test_a_private_view_is_not_there_for_others(house: House, actor: Actor) -> None:
    id = await made(house)
    for command in (ChangeView(view_id=id, name="Theirs"), RemoveView(view_id=id)):
        with pytest.raises(NotFound):
            await house.do(actor, command)


async def test_supervisors_write_shared_views_and_agents_look_through_them(house: House) -> None:
    with pytest.raises(Forbidden):
        await made(house, ANNAS, "shared")
    id = await made(house, SUPERVISOR, "shared")
    for command in (ChangeView(view_id=id, name="Ours"), RemoveView(view_id=id)):
        with pytest.raises(Forbidden):
            await house.do(ANNAS, command)
    await house.do(ADMIN, ChangeView(view_id=id, name="Everybody's"))


async def test_an_agent_cannot_share_what_is_private(house: House) -> None:
    id = await made(house)
    with pytest.raises(Forbidden):
        await house.do(ANNAS, ChangeView(view_id=id, scope="shared"))


async def test_a_shared_view_made_private_is_whose_did_it(house: House) -> None:
    id = await made(house, SUPERVISOR, "shared")
    await house.do(ADMIN, ChangeView(view_id=id, scope="private"))
    with pytest.raises(NotFound):
        await house.do(SUPERVISOR, ChangeView(view_id=id, name="Mine again"))


async def test_a_change_keeps_what_it_does_not_name_and_the_same_again_is_quiet(house: House) -> None:
    id = await made(house)
    (saved,) = (await house.do(ANNAS, ChangeView(view_id=id, name="Other"))).events
    assert isinstance(saved, ViewSaved)
    assert (saved.name, saved.filter.status) == ("Other", "open")
    assert (await house.do(ANNAS, ChangeView(view_id=id, name="Other"))).events == ()
    with pytest.raises(Conflict):
        await house.do(ANNAS, ChangeView(view_id=id, name="Late", expected_version=1))


async def test_removing_twice_changes_nothing_and_a_removed_view_is_not_there(house: House) -> None:
    id = await made(house)
    assert len((await house.do(ANNAS, RemoveView(view_id=id))).events) == 1
    assert (await house.do(ANNAS, RemoveView(view_id=id))).events == ()
    with pytest.raises(NotFound):
        await house.do(ANNAS, ChangeView(view_id=id, name="x"))
    with pytest.raises(NotFound):
        await house.do(BENS, RemoveView(view_id=id))
