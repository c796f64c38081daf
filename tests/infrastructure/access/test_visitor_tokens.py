"""One browser, one contact."""

from __future__ import annotations

from uuid import uuid4

import pytest

from domain.refusals import TokenExpired, TokenMissing, TokenRevoked, Unauthenticated
from tests.infrastructure.access.conftest import Door


async def test_a_token_names_its_contact(door: Door) -> None:
    contact_id = uuid4()
    one, two = await door.access.new_visitor(1, contact_id), await door.access.new_visitor(1, contact_id)
    assert one != two
    for token in (one, two):
        grant = await door.access.visitor(token)
        assert (grant.tenant_id, grant.contact_id) == (1, contact_id)


async def test_revoking_a_contact_ends_all_their_browsers(door: Door) -> None:
    contact_id, other_id = uuid4(), uuid4()
    mine, other = await door.access.new_visitor(1, contact_id), await door.access.new_visitor(1, other_id)
    await door.access.visitor(mine)
    await door.access.revoke_visitor(1, contact_id)
    for access in (door.access, await door.another_process()):
        with pytest.raises(TokenRevoked):
            await access.visitor(mine)
        assert (await access.visitor(other)).contact_id == other_id


async def test_a_token_that_nobody_used_for_180_days_has_expired(door: Door) -> None:
    token = await door.access.new_visitor(1, uuid4())
    async with door.store.database.worker() as connection:
        await connection.execute("UPDATE access.visitor_token SET expires_at = now()")
    with pytest.raises(TokenExpired):
        await door.access.visitor(token)


async def test_using_a_token_prolongs_it(door: Door) -> None:
    token = await door.access.new_visitor(1, uuid4())
    async with door.store.database.worker() as connection:
        await connection.execute("UPDATE access.visitor_token SET expires_at = now() + interval '1 hour'")
        await door.access.visitor(token)
        found = await (
            await connection.execute("SELECT expires_at > now() + interval '179 days' FROM access.visitor_token")
        ).fetchone()
    assert found == (True,)


async def test_sweeping_deletes_what_expired_and_nothing_else(door: Door) -> None:
    old, new = await door.access.new_visitor(1, uuid4()), await door.access.new_visitor(1, uuid4())
    async with door.store.database.worker() as connection:
        await connection.execute(
            "UPDATE access.visitor_token SET expires_at = now() - interval '2 days' WHERE hash = sha256(%s)",
            (old.encode(),),
        )
        await door.access.sweep()
        rows = await (await connection.execute("SELECT count(*) FROM access.visitor_token")).fetchone()
    assert rows == (1,)
    assert (await door.access.visitor(new)).tenant_id == 1


@pytest.mark.parametrize("token", ["x", "wt_" + "A" * 43, "vt_" + "A" * 43, "vt_é" + "A" * 42])
async def test_a_token_nobody_made_is_refused(door: Door, token: str) -> None:
    with pytest.raises(Unauthenticated):
        await door.access.visitor(token)


async def test_no_token_is_missing(door: Door) -> None:
    with pytest.raises(TokenMissing):
        await door.access.visitor("")
