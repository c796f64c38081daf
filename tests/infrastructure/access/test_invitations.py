"""A link for a first password: once, for a week, the newest only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from application.actor import system
from application.agent import DeactivateAgent, InviteAgent
from domain.refusals import Conflict, Invalid, TokenExpired, TokenMissing, TokenRevoked, Unauthenticated
from infrastructure.access.common_passwords import COMMON, is_common
from tests.infrastructure.access.conftest import PASSWORD, Door

ANNA = "anna@shop.test"


async def invited(door: Door, days: float = 7, email: str = ANNA) -> tuple[UUID, str]:
    agent_id = uuid4()
    command = InviteAgent(agent_id=agent_id, name="Anna", email=email, link_days=7)
    await door.bus.execute(system(1), command)
    until = datetime.now(UTC) + timedelta(days=days)
    return agent_id, await door.access.invite(1, agent_id, email, until)


async def test_the_link_sets_a_password_once(door: Door) -> None:
    agent_id, token = await invited(door)
    joined = await door.access.accept_invitation(token, PASSWORD)
    assert (joined.tenant_id, joined.agent_id) == (1, agent_id)
    assert (await door.access.login(ANNA, PASSWORD)).member.agent_id == agent_id
    with pytest.raises(TokenRevoked):
        await door.access.accept_invitation(token, "another fine password")
    assert (await door.access.login(ANNA, PASSWORD)).member.agent_id == agent_id


async def test_a_new_link_voids_the_old_one(door: Door) -> None:
    agent_id, token = await invited(door)
    newer = await door.access.invite(1, agent_id, ANNA, datetime.now(UTC) + timedelta(days=7))
    with pytest.raises(TokenRevoked):
        await door.access.accept_invitation(token, PASSWORD)
    await door.access.accept_invitation(newer, PASSWORD)


async def test_a_link_expires(door: Door) -> None:
    _, token = await invited(door, days=-0.01)
    with pytest.raises(TokenExpired):
        await door.access.accept_invitation(token, PASSWORD)


async def test_a_deactivated_agents_link_is_void(door: Door) -> None:
    agent_id, token = await invited(door)
    await door.bus.execute(system(1), DeactivateAgent(agent_id=agent_id))
    with pytest.raises(TokenRevoked):
        await door.access.accept_invitation(token, PASSWORD)


async def test_a_password_that_is_refused_leaves_the_link_as_it_was(door: Door) -> None:
    _, token = await invited(door)
    for bad in ("short", "x" * 129, "passwordpassword"):
        with pytest.raises(Invalid):
            await door.access.accept_invitation(token, bad)
    await door.access.accept_invitation(token, PASSWORD)


async def test_an_address_with_a_login_elsewhere_leaves_link_and_login_as_they_were(door: Door) -> None:
    await door.invite(2, ANNA)
    _, token = await invited(door)
    for _ in range(2):
        with pytest.raises(Conflict):
            await door.access.accept_invitation(token, "another fine password")
    assert (await door.access.login(ANNA, PASSWORD)).member.tenant_id == 2


@pytest.mark.parametrize("token", ["x", "iv_short", "iv_" + "A" * 43, "rt_" + "A" * 43])
async def test_a_token_nobody_made_is_refused(door: Door, token: str) -> None:
    with pytest.raises(Unauthenticated):
        await door.access.accept_invitation(token, PASSWORD)
    with pytest.raises(TokenMissing):
        await door.access.accept_invitation("", PASSWORD)


async def test_only_a_hash_is_stored(door: Door) -> None:
    _, token = await invited(door)
    async with door.store.database.worker() as connection:
        rows = await (await connection.execute("SELECT i::text FROM access.invitation i")).fetchall()
    assert len(rows) == 1
    assert not any(secret in rows[0][0] for secret in (token, ANNA, token.encode().hex(), ANNA.encode().hex()))


def test_the_hundred_most_used_passwords_are_known() -> None:
    assert len(COMMON) >= 100


@pytest.mark.parametrize(
    "password",
    [
        "password", "Password", "passwordpassword", "PASSWORD 1234567", "123456789012345", "987654321098765",
        "abcdefghijklmnop", "qwertyuiopasdfgh", "aaaaaaaaaaaaaaaa", "!!!letmein!!!2024", "abcabcabcabcabc",
    ],
)  # fmt: skip
def test_a_common_password_stays_common_however_long_it_is_made(password: str) -> None:
    assert is_common(password)


@pytest.mark.parametrize(
    "password", [PASSWORD, "a password of some length", "one that I chose myself", "x7-Gk2_pQ9.rT4v"]
)
def test_a_password_of_ones_own_is_fine(password: str) -> None:
    assert not is_common(password)
