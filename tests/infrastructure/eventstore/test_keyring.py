"""Keyring: one key per person and tenant, whoever asks first; gone for good when destroyed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import psycopg
import pytest

from domain.personal import ERASED
from infrastructure.eventstore import keyring as keyring_module
from infrastructure.eventstore.keyring import Keyring, Owner
from infrastructure.eventstore.sealing import Tampered
from infrastructure.postgres import Database
from tests.support.appends import MASTER_KEY

PLACE = b"7|place"


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[Keyring]:
    """The keyring of another process."""
    database = Database(database_url)
    await database.open()
    yield Keyring(database, MASTER_KEY)
    await database.close()


@pytest.fixture
def keyring(database: Database) -> Keyring:
    return Keyring(database, MASTER_KEY)


def seals(one: Keyring, two: Keyring, owner: Owner) -> bool:
    """What one seals, the other opens."""
    first, second = one.find(*owner), two.find(*owner)
    return first is not None and second is not None and second.open(first.seal("word", PLACE), PLACE) == "word"


async def test_processes_that_race_for_the_same_new_keys_end_with_the_same(
    keyring: Keyring, other: Keyring, owner: psycopg.Connection
) -> None:
    owners = [(tenant_id, uuid4()) for tenant_id in (7, 8) for _ in range(30)]
    await asyncio.gather(
        *[one.ensure(owners[start : start + 20]) for start in range(0, 60, 10) for one in (keyring, other)]
    )
    assert all(seals(keyring, other, owner) for owner in owners)
    assert owner.execute("SELECT count(*) FROM keys.subject").fetchone() == (60,)
    assert owner.execute("SELECT count(*) FROM keys.tenant").fetchone() == (2,)


async def test_a_key_is_found_again_by_a_process_that_starts_later(keyring: Keyring, other: Keyring) -> None:
    owner = (7, uuid4())
    await keyring.ensure([owner])
    assert other.find(*owner) is None
    await other.load([owner])
    assert seals(keyring, other, owner)


async def test_loading_makes_no_keys(keyring: Keyring, owner: psycopg.Connection) -> None:
    await keyring.load([(7, uuid4())])
    assert owner.execute("SELECT count(*) FROM keys.subject").fetchone() == (0,)


async def test_a_destroyed_key_is_gone_for_other_processes_when_theirs_is_no_longer_fresh(
    keyring: Keyring, other: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring_module, "FRESH", -1.0)
    owner = (7, uuid4())
    await asyncio.gather(keyring.load([owner]), other.load([owner]))
    monkeypatch.setattr(keyring_module, "FRESH", 60.0)
    await keyring.ensure([owner])
    monkeypatch.setattr(keyring_module, "FRESH", -1.0)
    await other.load([owner])
    assert other.find(*owner) is not None
    await keyring.destroy(*owner)
    assert keyring.find(*owner) is None
    await other.load([owner])
    assert other.find(*owner) is None


async def test_a_key_after_erasure_is_another_one(keyring: Keyring) -> None:
    owner = (7, uuid4())
    await keyring.ensure([owner])
    before = keyring.find(*owner)
    await keyring.destroy(*owner)
    await keyring.ensure([owner])
    after = keyring.find(*owner)
    assert before is not None
    assert after is not None
    assert after.open(before.seal("word", PLACE), PLACE) == ERASED


async def test_the_same_person_has_another_key_with_each_tenant(keyring: Keyring) -> None:
    subject = uuid4()
    await asyncio.wait_for(keyring.ensure([(7, subject), (8, subject)]), 5)
    first, second = keyring.find(7, subject), keyring.find(8, subject)
    assert first is not None
    assert second is not None
    assert second.open(first.seal("word", PLACE), PLACE) == ERASED
    await keyring.destroy(7, subject)
    await keyring.load([(7, subject), (8, subject)])
    assert keyring.find(7, subject) is None
    assert keyring.find(8, subject) is not None


async def test_another_secret_opens_no_key(keyring: Keyring, database: Database) -> None:
    owner = (7, uuid4())
    await keyring.ensure([owner])
    with pytest.raises(Tampered):
        await Keyring(database, b"x" * 32).load([owner])


async def test_a_key_that_was_moved_to_another_person_does_not_open(
    keyring: Keyring, other: Keyring, owner: psycopg.Connection
) -> None:
    mine, theirs = (7, uuid4()), (7, uuid4())
    await keyring.ensure([mine, theirs])
    owner.execute(
        "UPDATE keys.subject SET wrapped = (SELECT wrapped FROM keys.subject WHERE subject_id = %s) "
        "WHERE subject_id = %s",
        (mine[1], theirs[1]),
    )
    with pytest.raises(Tampered):
        await other.load([theirs])


async def test_no_more_keys_are_kept_than_asked_for(database: Database) -> None:
    keyring = Keyring(database, MASTER_KEY, size=10)
    owners = [(7, uuid4()) for _ in range(25)]
    for owner in owners:
        await keyring.ensure([owner])
    assert sum(keyring.find(*owner) is not None for owner in owners) == 10
