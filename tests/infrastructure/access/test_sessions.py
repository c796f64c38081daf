"""Logging in, staying logged in, being logged out."""

from __future__ import annotations

import pytest

from application.actor import system
from application.agent import ChangeAgentRole, DeactivateAgent
from domain.refusals import Conflict, Invalid, TokenRevoked, Unauthenticated, WrongLogin
from tests.infrastructure.access.conftest import PASSWORD, Door
from tests.support.cases import cases

ANNA = "anna@shop.test"


async def test_a_login_speaks_for_the_agent_in_the_role_of_the_log(door: Door) -> None:
    agent_id = await door.invite(1, ANNA, "supervisor")
    session = await door.access.login(" ANNA@shop.test", PASSWORD)
    member = await door.access.member(session.access_token)
    assert (member.tenant_id, member.agent_id, member.role) == (1, agent_id, "supervisor")
    assert session.expires_in == 900


@pytest.mark.parametrize(("email", "password"), [(ANNA, "wrong wrong wrong"), ("x@y.z", PASSWORD), ("", "")])
async def test_either_being_wrong_is_one_refusal(door: Door, email: str, password: str) -> None:
    await door.invite(1, ANNA)
    with pytest.raises(WrongLogin):
        await door.access.login(email, password)


async def test_one_address_has_one_login_in_the_whole_installation(door: Door) -> None:
    await door.invite(1, ANNA)
    with pytest.raises(Conflict):
        await door.invite(2, ANNA)


async def test_a_new_password_replaces_the_old_one_and_ends_the_sessions(door: Door) -> None:
    agent_id = await door.invite(1, ANNA)
    session = await door.access.login(ANNA, PASSWORD)
    await door.access.set_password(1, agent_id, ANNA, "another fine password")
    with pytest.raises(TokenRevoked):
        await door.access.member(session.access_token)
    with pytest.raises(WrongLogin):
        await door.access.login(ANNA, PASSWORD)
    assert (await door.access.login(ANNA, "another fine password")).member.agent_id == agent_id


@pytest.mark.parametrize("password", ["short", "x" * 129])
async def test_a_password_has_15_to_128_characters(door: Door, password: str) -> None:
    agent_id = await door.invite(1, ANNA)
    with pytest.raises(Invalid):
        await door.access.set_password(1, agent_id, ANNA, password)


async def test_no_address_is_stored_in_clear(door: Door) -> None:
    await door.invite(1, ANNA)
    async with door.store.database.worker() as connection:
        rows = await (await connection.execute("SELECT p::text FROM access.password p")).fetchall()
    assert len(rows) == 1
    assert ANNA not in rows[0][0]
    assert ANNA.encode().hex() not in rows[0][0]


async def test_a_deactivated_agent_neither_logs_in_nor_stays(door: Door) -> None:
    agent_id = await door.invite(1, ANNA)
    session = await door.access.login(ANNA, PASSWORD)
    await door.bus.execute(system(1), DeactivateAgent(agent_id=agent_id))
    with pytest.raises(WrongLogin):
        await door.access.login(ANNA, PASSWORD)
    with pytest.raises(TokenRevoked):
        await (await door.another_process()).member(session.access_token)
    with pytest.raises(TokenRevoked):
        await door.access.refresh(session.refresh_token)


async def test_a_new_role_holds_for_tokens_minted_before(door: Door) -> None:
    agent_id = await door.invite(1, ANNA, "admin")
    session = await door.access.login(ANNA, PASSWORD)
    await door.bus.execute(system(1), ChangeAgentRole(agent_id=agent_id, role="agent"))
    assert (await (await door.another_process()).member(session.access_token)).role == "agent"


async def test_each_refresh_token_has_one_successor_that_works(door: Door) -> None:
    await door.invite(1, ANNA)
    first = await door.access.login(ANNA, PASSWORD)
    second = await door.access.refresh(first.refresh_token)
    third = await door.access.refresh(second.refresh_token)
    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3
    assert (await door.access.member(third.access_token)).session_id == first.member.session_id


async def test_an_answer_that_was_lost_can_be_asked_for_again(door: Door) -> None:
    await door.invite(1, ANNA)
    first = await door.access.login(ANNA, PASSWORD)
    await door.access.refresh(first.refresh_token)
    again = await door.access.refresh(first.refresh_token)
    assert (await door.access.member(again.access_token)).tenant_id == 1


async def test_a_spent_refresh_token_ends_the_whole_session(door: Door) -> None:
    await door.invite(1, ANNA)
    first = await door.access.login(ANNA, PASSWORD)
    second = await door.access.refresh(first.refresh_token)
    third = await door.access.refresh(second.refresh_token)
    with pytest.raises(TokenRevoked):
        await door.access.refresh(first.refresh_token)
    with pytest.raises(TokenRevoked):
        await door.access.refresh(third.refresh_token)
    with pytest.raises(TokenRevoked):
        await door.access.member(third.access_token)


async def test_a_spent_token_is_not_good_for_ever(door: Door) -> None:
    await door.invite(1, ANNA)
    first = await door.access.login(ANNA, PASSWORD)
    await door.access.refresh(first.refresh_token)
    async with door.store.database.worker() as connection:
        await connection.execute("UPDATE access.refresh_token SET used_at = used_at - interval '11 seconds'")
    with pytest.raises(TokenRevoked):
        await door.access.refresh(first.refresh_token)


async def test_one_session_ending_leaves_the_others(door: Door) -> None:
    await door.invite(1, ANNA)
    laptop, phone = await door.access.login(ANNA, PASSWORD), await door.access.login(ANNA, PASSWORD)
    await door.access.logout(laptop.member)
    await door.access.logout(laptop.member)
    with pytest.raises(TokenRevoked):
        await door.access.member(laptop.access_token)
    with pytest.raises(TokenRevoked):
        await door.access.refresh(laptop.refresh_token)
    assert (await door.access.member(phone.access_token)).session_id == phone.member.session_id


@cases("token", ["", "x", "a.b.c", "rt_short", "rt_" + "A" * 43, "vt_" + "A" * 43])
async def test_a_token_nobody_made_is_refused(door: Door, token: str) -> None:
    with pytest.raises(Unauthenticated):
        await door.access.refresh(token)
    with pytest.raises(Unauthenticated):
        await door.access.member(token)
