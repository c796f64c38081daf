"""API keys as credentials: shown once, scoped, expiring, revoked everywhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from application.actor import system
from application.api_key import IssueApiKey
from domain.api_key import ApiKeyIssued, Scope
from domain.refusals import TokenExpired, TokenMissing, TokenRevoked, Unauthenticated
from tests.infrastructure.access.conftest import Door

SCOPES: tuple[Scope, ...] = ("contacts:read", "events:read")


async def issued(
    door: Door, tenant_id: int = 1, name: str = "CRM", expires_at: datetime | None = None
) -> ApiKeyIssued:
    command = IssueApiKey(name=name, scopes=SCOPES, expires_at=expires_at)
    [event] = (await door.bus.execute(system(tenant_id), command)).events
    assert isinstance(event, ApiKeyIssued)
    return event


async def key_of(door: Door, event: ApiKeyIssued) -> str:
    key = await door.access.api_keys.issue(event)
    assert key is not None
    return key


async def test_a_key_speaks_for_its_tenant_within_its_scopes(door: Door) -> None:
    event = await issued(door)
    member = await door.access.api_key(await key_of(door, event))
    assert (member.tenant_id, member.agent_id, member.scopes) == (1, event.originator_id, frozenset(SCOPES))
    assert member.is_key


async def test_a_key_is_made_once(door: Door) -> None:
    event = await issued(door)
    await key_of(door, event)
    assert await door.access.api_keys.issue(event) is None


async def test_a_revoked_key_is_refused_here_and_elsewhere(door: Door) -> None:
    event = await issued(door)
    key = await key_of(door, event)
    await door.access.api_key(key)
    await door.access.api_keys.revoke(1, event.originator_id)
    await door.access.api_keys.revoke(1, event.originator_id)
    for access in (door.access, await door.another_process()):
        with pytest.raises(TokenRevoked):
            await access.api_key(key)


async def test_nobody_revokes_another_tenants_key(door: Door) -> None:
    event = await issued(door)
    key = await key_of(door, event)
    await door.access.api_keys.revoke(2, event.originator_id)
    await (await door.another_process()).api_key(key)
    assert await door.access.api_keys.find(2, event.originator_id) is None


async def test_a_key_expires(door: Door) -> None:
    event = await issued(door, expires_at=datetime.now(UTC) + timedelta(hours=1))
    key = await key_of(door, event)
    assert (await door.access.api_key(key)).expires_at == event.expires_at
    async with door.store.database.worker() as connection:
        await connection.execute("UPDATE access.api_key SET expires_at = now()")
    with pytest.raises(TokenExpired):
        await (await door.another_process()).api_key(key)


async def test_use_is_seen(door: Door) -> None:
    event = await issued(door)
    key = await key_of(door, event)
    before = await door.access.api_keys.find(1, event.originator_id)
    await door.access.api_key(key)
    after = await door.access.api_keys.find(1, event.originator_id)
    assert before is not None
    assert after is not None
    assert before.last_used_at is None
    assert after.last_used_at is not None
    assert (after.name, after.hint, tuple(after.scopes)) == ("CRM", key[-4:], SCOPES)


async def test_pages_are_newest_first_and_ones_own(door: Door) -> None:
    events = [await issued(door, name=f"key {number}") for number in range(3)]
    for event in [*events, await issued(door, tenant_id=2)]:
        await key_of(door, event)
    first = await door.access.api_keys.page(1, None, 2)
    rest = await door.access.api_keys.page(1, first[-1].key_id, 2)
    assert [row.name for row in (*first, *rest)] == ["key 2", "key 1", "key 0"]


async def test_only_a_hash_is_stored(door: Door) -> None:
    key = await key_of(door, await issued(door))
    async with door.store.database.worker() as connection:
        rows = await (await connection.execute("SELECT k::text FROM access.api_key k")).fetchall()
    assert key not in rows[0][0]
    assert key.encode().hex() not in rows[0][0]


@pytest.mark.parametrize("token", ["x", "sk_short", "sk_" + "A" * 43, "rt_" + "A" * 43])
async def test_a_key_nobody_made_is_refused(door: Door, token: str) -> None:
    with pytest.raises(Unauthenticated):
        await door.access.api_key(token)
    with pytest.raises(TokenMissing):
        await door.access.api_key("")
    assert await door.access.api_keys.find(1, UUID(int=1)) is None
