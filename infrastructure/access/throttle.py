"""Throttle: how often a login may be tried in vain, per account and per address, over all processes.

A sliding window of 15 minutes in PostgreSQL. An account takes 10 failures from addresses it was never logged in
from, all of them together, and 10 from each address that it was: who guesses from elsewhere shuts out other
strangers, never the owner at their own desk.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

import msgspec

from domain.refusals import RateLimited
from infrastructure.access.keys import derived, keyed_digest
from infrastructure.postgres import Connection, Database

SPAN = timedelta(minutes=15)
PER_ACCOUNT, PER_ADDRESS = 10, 50
KNOWN_FOR = timedelta(days=90)
LONGEST_EMAIL = 320


class Attempt(msgspec.Struct, frozen=True):
    """A try that was counted as failed. `window` is the account's that it stands in."""

    account: bytes
    address: bytes
    window: bytes
    counted: datetime


class LoginsLimited(RateLimited):
    sentence = "Too many failed logins. Try again later."
    policy = ("login", PER_ACCOUNT, int(SPAN.total_seconds()))


class Throttle:
    """Nothing in it asks whether an account exists."""

    def __init__(self, database: Database, secrets: bytes) -> None:
        self._database = database
        self._key = derived(secrets, "throttle")

    async def begin(self, email: str, address: str) -> Attempt:
        """Counts the try before it is made. Raises RateLimited."""
        name, place = email[:LONGEST_EMAIL].strip().lower(), network_of(address)
        account, there = self._digest("account", name), self._digest("address", place)
        both = self._digest("both", f"{name} {place}")
        async with self._database.worker() as connection:
            cursor = await connection.execute(
                "SELECT wait, counted, window_key FROM access.begin_login(%s, %s, %s, %s, %s, %s)",
                (account, there, both, PER_ACCOUNT, PER_ADDRESS, SPAN),
            )
            found = await cursor.fetchone()
        assert found is not None
        if found[0] > 0:
            raise LoginsLimited(found[0])
        return Attempt(account, there, bytes(found[2]), found[1])

    async def succeeded(self, attempt: Attempt) -> None:
        """The account's window begins anew, the address keeps its other failures; the account knows it now."""
        async with self._database.worker() as connection, connection.transaction():
            await _take_back(connection, "address", attempt.address, attempt.counted)
            await connection.execute(
                "DELETE FROM access.login_window WHERE kind = 'account' AND key = %s", (attempt.window,)
            )
            await connection.execute(
                "INSERT INTO access.known_address (account, address) VALUES (%s, %s) "
                "ON CONFLICT (account, address) DO UPDATE SET at = now()",
                (attempt.account, attempt.address),
            )

    async def not_made(self, attempt: Attempt) -> None:
        """The password was never looked at: the try does not count."""
        async with self._database.worker() as connection, connection.transaction():
            await _take_back(connection, "address", attempt.address, attempt.counted)
            await _take_back(connection, "account", attempt.window, attempt.counted)

    async def sweep(self) -> None:
        """Forget windows that are over and addresses not seen for 90 days."""
        async with self._database.worker() as connection:
            await connection.execute(
                "DELETE FROM access.login_window WHERE NOT EXISTS "
                "(SELECT FROM unnest(failures) one WHERE one > now() - %s)",
                (SPAN,),
            )
            await connection.execute("DELETE FROM access.known_address WHERE at < now() - %s", (KNOWN_FOR,))

    def _digest(self, kind: str, text: str) -> bytes:
        return keyed_digest(self._key, f"{kind} {text.encode(errors='replace').decode()}")


def network_of(address: str) -> str:
    """An IPv4 address, the /64 of an IPv6 one (who has one of them has them all), else the text itself."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    mapped = getattr(ip, "ipv4_mapped", None)
    if mapped is not None or ip.version == 4:
        return str(mapped or ip)
    return str(ip_network((ip, 64), strict=False))


async def _take_back(connection: Connection, kind: str, key: bytes, counted: datetime) -> None:
    await connection.execute(
        "UPDATE access.login_window SET failures = array_remove(failures, %s) WHERE kind = %s AND key = %s",
        (counted, kind, key),
    )
