"""Which site may talk, from where, and until when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from application.actor import system
from application.widget import RestyleWidget
from domain.kernel import By, Cause
from domain.refusals import TokenExpired, TokenMissing, TokenRevoked, Unauthenticated
from domain.widget import Look, WidgetTokenRotated
from tests.infrastructure.access.conftest import Door


async def test_a_token_names_its_tenant_and_widget(door: Door) -> None:
    widget_id = await door.install(1)
    token_id, token = await door.access.issue_widget_token(1, widget_id)
    grant = await door.access.widget(token, "https://anywhere.test")
    assert (grant.tenant_id, grant.widget_id, grant.token_id) == (1, widget_id, token_id)
    assert token.startswith("wt_")


async def test_only_a_hash_is_stored(door: Door) -> None:
    _, token = await door.access.issue_widget_token(1, await door.install(1))
    async with door.store.database.worker() as connection:
        rows = await (await connection.execute("SELECT w::text FROM access.widget_token w")).fetchall()
    assert token not in rows[0][0]
    assert token.removeprefix("wt_").encode().hex() not in rows[0][0]


async def test_a_site_that_the_widget_does_not_name_is_refused(door: Door) -> None:
    widget_id = await door.install(1, "https://shop.test", "https://Shop.test:8443/")
    _, token = await door.access.issue_widget_token(1, widget_id)
    for origin in (None, "https://shop.test", "https://SHOP.test", "https://shop.test:8443"):
        assert (await door.access.widget(token, origin)).widget_id == widget_id
    for origin in ("http://shop.test", "https://shop.test.evil.test", "null", "https://sub.shop.test", ""):
        with pytest.raises(Unauthenticated):
            await door.access.widget(token, origin)


async def test_the_sites_of_the_newest_look_hold(door: Door) -> None:
    widget_id = await door.install(1, "https://old.test")
    _, token = await door.access.issue_widget_token(1, widget_id)
    look = Look(name="Shop", origins=("https://new.test",))
    await door.bus.execute(system(1), RestyleWidget(widget_id=widget_id, look=look))
    other = await door.another_process()
    assert (await other.widget(token, "https://new.test")).widget_id == widget_id
    with pytest.raises(Unauthenticated):
        await other.widget(token, "https://old.test")


async def rotate(door: Door, widget_id: UUID, ends: dict[UUID, datetime]) -> str:
    event = WidgetTokenRotated(
        originator_id=widget_id,
        at=datetime.now(UTC),
        by=By("system"),
        cause=Cause("Test"),
        token_id=uuid4(),
        grace_until=datetime.now(UTC),
    )
    token = await door.access.widget_tokens.rotated(1, event, ends)
    assert token is not None
    assert await door.access.widget_tokens.rotated(1, event, ends) is None
    return token


async def test_rotation_keeps_the_old_token_for_a_while(door: Door) -> None:
    widget_id = await door.install(1)
    old_id, old = await door.access.issue_widget_token(1, widget_id)
    new = await rotate(door, widget_id, {old_id: datetime.now(UTC) + timedelta(hours=1)})
    for token in (old, new):
        assert (await door.access.widget(token, None)).widget_id == widget_id


async def test_after_the_overlap_only_the_new_token_works(door: Door) -> None:
    widget_id = await door.install(1)
    old_id, old = await door.access.issue_widget_token(1, widget_id)
    new = await rotate(door, widget_id, {old_id: datetime.now(UTC)})
    with pytest.raises(TokenExpired):
        await door.access.widget(old, None)
    assert (await door.access.widget(new, None)).widget_id == widget_id


async def test_a_later_rotation_never_lengthens_a_life(door: Door) -> None:
    widget_id = await door.install(1)
    old_id, old = await door.access.issue_widget_token(1, widget_id)
    await rotate(door, widget_id, {old_id: datetime.now(UTC)})
    await rotate(door, widget_id, {old_id: datetime.now(UTC) + timedelta(hours=1)})
    with pytest.raises(TokenExpired):
        await door.access.widget(old, None)


async def test_rotating_leaves_other_widgets_alone(door: Door) -> None:
    one, two = await door.install(1), await door.install(1)
    token_id, token = await door.access.issue_widget_token(1, one)
    await rotate(door, two, {token_id: datetime.now(UTC)})
    assert (await door.access.widget(token, None)).widget_id == one


async def test_revoking_all_of_a_widget_leaves_other_widgets_alone(door: Door) -> None:
    one, two = await door.install(1), await door.install(1)
    _, gone = await door.access.issue_widget_token(1, one)
    _, stays = await door.access.issue_widget_token(1, two)
    await door.access.widget_tokens.revoke_all(2, two)
    await door.access.widget_tokens.revoke_all(1, one)
    with pytest.raises(TokenRevoked):
        await door.access.widget(gone, None)
    assert (await (await door.another_process()).widget(stays, None)).widget_id == two


async def test_tokens_are_listed_newest_first_and_only_those_of_the_widget(door: Door) -> None:
    widget_id, other = await door.install(1), await door.install(1)
    ids = [(await door.access.issue_widget_token(1, widget_id))[0] for _ in range(3)]
    await door.access.issue_widget_token(1, other)
    await door.access.revoke_widget_token(1, ids[0])
    tokens = door.access.widget_tokens
    first = await tokens.page(1, widget_id, None, 2)
    rest = await tokens.page(1, widget_id, (first[-1].at, first[-1].token_id), 2)
    assert [row.token_id for row in (*first, *rest)] == ids[::-1]
    assert [row.status(datetime.now(UTC)) for row in (*first, *rest)] == ["active", "active", "revoked"]
    assert await tokens.page(2, widget_id, None, 9) == ()
    assert not await tokens.is_of(1, other, ids[0])


async def test_sites_are_known_without_a_token_and_a_stranger_learns_of_no_other_stream(door: Door) -> None:
    bound, free = await door.install(1, "https://shop.test"), await door.install(1)
    assert await door.access.sites.of(bound) == ("https://shop.test",)
    assert await door.access.sites.of(free) == ()
    agent = await door.invite(1, "a@shop.test")
    assert [await door.access.sites.of(one) for one in (agent, uuid4())] == [None, None]


async def test_a_revoked_token_is_refused_at_once_here_and_in_a_new_process(door: Door) -> None:
    token_id, token = await door.access.issue_widget_token(1, await door.install(1))
    await door.access.widget(token, None)
    await door.access.revoke_widget_token(1, token_id)
    for access in (door.access, await door.another_process()):
        with pytest.raises(TokenRevoked):
            await access.widget(token, None)


async def test_a_stranger_cannot_revoke_it(door: Door) -> None:
    token_id, token = await door.access.issue_widget_token(1, await door.install(1))
    await door.access.revoke_widget_token(2, token_id)
    assert (await (await door.another_process()).widget(token, None)).tenant_id == 1


@pytest.mark.parametrize("token", ["x", "wt_x", "vt_" + "A" * 43, "wt_" + "A" * 43, "wt_" + "\x00" * 43])
async def test_a_token_nobody_made_is_refused(door: Door, token: str) -> None:
    with pytest.raises(Unauthenticated):
        await door.access.widget(token, None)


async def test_no_token_is_missing(door: Door) -> None:
    with pytest.raises(TokenMissing):
        await door.access.widget("", None)
