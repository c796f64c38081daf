"""Logins that fail too often: per account and per address, over all processes, and never for ever."""

from __future__ import annotations

import asyncio

import pytest

from domain.refusals import RateLimited, WrongLogin
from infrastructure.access.access import Access
from infrastructure.access.throttle import PER_ACCOUNT, PER_ADDRESS, network_of
from tests.infrastructure.access.conftest import PASSWORD, Door

ANNA, BEN = "anna@shop.test", "ben@shop.test"
HOME, ELSEWHERE, WRONG = "192.0.2.1", "198.51.100.1", "wrong wrong wrong"


async def outcome(access: Access, email: str, password: str, address: str) -> str:
    try:
        await access.login(email, password, address)
    except (WrongLogin, RateLimited) as refusal:
        return refusal.code
    return "in"


async def fail(access: Access, email: str, address: str, times: int) -> None:
    for _ in range(times):
        assert await outcome(access, email, WRONG, address) == "login_failed"


async def forget(door: Door, minutes: int) -> None:
    async with door.store.database.worker() as connection:
        await connection.execute(
            "UPDATE access.login_window SET failures = "
            "ARRAY(SELECT one - make_interval(mins => %s) FROM unnest(failures) one)",
            (minutes,),
        )


@pytest.mark.parametrize("email", [ANNA, "nobody@shop.test", "no address"])
async def test_ten_failures_close_an_account_known_or_not(door: Door, email: str) -> None:
    await door.invite(1, ANNA)
    for number in range(PER_ACCOUNT):
        await fail(door.access, email, f"203.0.113.{number}", 1)
    with pytest.raises(RateLimited) as refused:
        await door.access.login(f" {email.upper()}", PASSWORD, "203.0.113.99")
    assert 890 <= refused.value.retry_after <= 900


async def test_two_processes_count_together_and_at_once(door: Door) -> None:
    await door.invite(1, ANNA)
    other = await door.another_process()
    tries = [outcome(access, ANNA, WRONG, ELSEWHERE) for access in (door.access, other) for _ in range(15)]
    found = await asyncio.gather(*tries)
    assert (found.count("login_failed"), found.count("rate_limited")) == (PER_ACCOUNT, 20)


async def test_an_address_that_tries_many_accounts_is_closed(door: Door) -> None:
    await door.invite(1, ANNA)
    for number in range(PER_ADDRESS):
        await door.access.throttle.begin(f"guess{number}@shop.test", ELSEWHERE)
    assert await outcome(door.access, ANNA, PASSWORD, ELSEWHERE) == "rate_limited"
    assert await outcome(door.access, ANNA, PASSWORD, HOME) == "in"


async def test_a_success_begins_the_accounts_window_anew_but_not_the_addresss(door: Door) -> None:
    await door.invite(1, ANNA)
    await door.invite(1, BEN)
    for _ in range(5):
        await fail(door.access, ANNA, HOME, PER_ACCOUNT - 1)
        assert await outcome(door.access, ANNA, PASSWORD, HOME) == "in"
    await fail(door.access, ANNA, HOME, PER_ADDRESS - 5 * (PER_ACCOUNT - 1))
    assert await outcome(door.access, BEN, PASSWORD, HOME) == "rate_limited"


async def test_who_guesses_elsewhere_does_not_shut_out_the_owner_at_home(door: Door) -> None:
    await door.invite(1, ANNA)
    assert await outcome(door.access, ANNA, PASSWORD, HOME) == "in"
    await fail(door.access, ANNA, ELSEWHERE, PER_ACCOUNT)
    assert await outcome(door.access, ANNA, PASSWORD, "198.51.100.77") == "rate_limited"
    assert await outcome(await door.another_process(), ANNA, PASSWORD, HOME) == "in"
    assert await outcome(door.access, ANNA, WRONG, ELSEWHERE) == "rate_limited"


async def test_a_known_address_is_no_way_around_the_limit(door: Door) -> None:
    await door.invite(1, ANNA)
    assert await outcome(door.access, ANNA, PASSWORD, HOME) == "in"
    await fail(door.access, ANNA, HOME, PER_ACCOUNT)
    assert await outcome(door.access, ANNA, PASSWORD, HOME) == "rate_limited"


async def test_the_window_slides(door: Door) -> None:
    await door.invite(1, ANNA)
    await fail(door.access, ANNA, ELSEWHERE, PER_ACCOUNT - 1)
    await forget(door, minutes=10)
    await fail(door.access, ANNA, ELSEWHERE, 1)
    with pytest.raises(RateLimited) as refused:
        await door.access.login(ANNA, PASSWORD, HOME)
    assert 200 < refused.value.retry_after <= 300
    await forget(door, minutes=6)
    assert await outcome(door.access, ANNA, PASSWORD, HOME) == "in"


async def test_a_refusal_by_the_throttle_does_not_prolong_it(door: Door) -> None:
    await fail(door.access, ANNA, ELSEWHERE, PER_ACCOUNT)
    before = await windows(door)
    assert await outcome(door.access, ANNA, WRONG, ELSEWHERE) == "rate_limited"
    assert await windows(door) == before


async def test_sweeping_forgets_windows_that_are_over(door: Door) -> None:
    await fail(door.access, ANNA, ELSEWHERE, 1)
    await door.access.sweep()
    assert len(await windows(door)) == 2
    await forget(door, minutes=16)
    await door.access.sweep()
    assert await windows(door) == []


async def windows(door: Door) -> list[tuple[object, ...]]:
    async with door.store.database.worker() as connection:
        cursor = await connection.execute("SELECT kind, failures FROM access.login_window ORDER BY kind")
        return await cursor.fetchall()


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_who_has_a_network_has_its_addresses(address: str, network: str) -> None:
    assert network_of(address) == network
