"""Keyring: the keys of data subjects, made before their first event, fetched a page at a time.

master key (a setting) wraps the tenant's key, which wraps the subject's. Deleting keys.subject is erasure.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import OrderedDict
from collections.abc import Iterable
from uuid import UUID

import msgspec

from infrastructure.eventstore.sealing import SubjectKey, unwrap, wrap
from infrastructure.postgres import Connection, Database

Owner = tuple[int, UUID]
"""(tenant, data subject)"""
_Number = tuple[int, int]
"""The same as the cache knows it: a UUID's own hash is a call of Python code."""

FRESH = 60.0
"""Seconds a key is used before it is looked up again: how long another process may outlive an erasure."""


class _Cached(msgspec.Struct, frozen=True):
    key: SubjectKey | None
    until: float


class Keyring:
    """The `size` last used keys of this process. `master` has 32 bytes."""

    def __init__(self, database: Database, master: bytes, size: int = 50_000) -> None:
        self._database = database
        self._master = master
        self._size = size
        self._keys: OrderedDict[_Number, _Cached] = OrderedDict()
        self._tenants: dict[int, bytes] = {}
        self._wanted: dict[Owner, None] = {}
        self._making: asyncio.Task[None] | None = None

    def find(self, tenant_id: int, subject_id: UUID) -> SubjectKey | None:
        """A key that `ensure` or `load` brought; None where it was destroyed."""
        cached = self._keys.get((tenant_id, subject_id.int))
        return cached.key if cached is not None else None

    def missing(self, owners: Iterable[Owner]) -> list[Owner]:
        """Those for whom `ensure` would have to wait."""
        now = time.monotonic()
        return [one for one in owners if (cached := self._fresh(one, now)) is None or cached.key is None]

    async def ensure(self, owners: Iterable[Owner]) -> None:
        """Every owner has a key, durable, when this returns. Concurrent callers share one transaction."""
        missing = self.missing(owners)
        while missing:
            self._wanted.update(dict.fromkeys(missing))
            if self._making is None:
                self._making = asyncio.create_task(self._make())
            await asyncio.shield(self._making)
            missing = self.missing(missing)

    async def load(self, owners: Iterable[Owner]) -> None:
        """Whatever key these owners have is found afterwards; one query for all that are not fresh."""
        now = time.monotonic()
        stale = [owner for owner in owners if self._fresh(owner, now) is None]
        if stale:
            async with self._database.worker() as connection:
                await self._fetch(connection, stale)

    async def destroy(self, tenant_id: int, subject_id: UUID) -> None:
        """Erasure: what was sealed for this person can never be read again."""
        async with self._database.tenant(tenant_id) as connection:
            await connection.execute(
                "DELETE FROM keys.subject WHERE tenant_id = %s AND subject_id = %s", (tenant_id, subject_id)
            )
        self.forget(tenant_id, subject_id)

    def forget(self, tenant_id: int, subject_id: UUID) -> None:
        """Look this key up again before it is used again."""
        self._keys.pop((tenant_id, subject_id.int), None)

    def _fresh(self, owner: Owner, now: float) -> _Cached | None:
        cached = self._keys.get((owner[0], owner[1].int))
        return None if cached is None or cached.until < now else cached

    async def _make(self) -> None:
        wanted, self._wanted = list(self._wanted), {}
        try:
            async with self._database.worker() as connection:
                await self._load_tenants(connection, {tenant_id for tenant_id, _ in wanted}, create=True)
                await connection.execute(
                    "INSERT INTO keys.subject (subject_id, tenant_id, wrapped) "
                    "SELECT * FROM unnest(%s::uuid[], %s::int[], %s::bytea[]) ON CONFLICT DO NOTHING",
                    (
                        [subject_id for _, subject_id in wanted],
                        [tenant_id for tenant_id, _ in wanted],
                        [wrap(self._tenants[owner[0]], os.urandom(32), _subject(*owner)) for owner in wanted],
                    ),
                )
                await self._fetch(connection, wanted)
        finally:
            self._making = None

    async def _fetch(self, connection: Connection, owners: list[Owner]) -> None:
        await self._load_tenants(connection, {tenant_id for tenant_id, _ in owners}, create=False)
        rows = await connection.execute(
            "SELECT tenant_id, subject_id, wrapped FROM keys.subject WHERE subject_id = ANY(%s)",
            ([subject_id for _, subject_id in owners],),
        )
        found = {(tenant_id, subject_id): wrapped for tenant_id, subject_id, wrapped in await rows.fetchall()}
        until = time.monotonic() + FRESH
        for owner in owners:
            wrapped, tenant_key = found.get(owner), self._tenants.get(owner[0])
            key = None
            if wrapped is not None and tenant_key is not None:
                key = SubjectKey(unwrap(tenant_key, wrapped, _subject(*owner)))
            number = (owner[0], owner[1].int)
            self._keys[number] = _Cached(key, until)
            self._keys.move_to_end(number)
        while len(self._keys) > self._size:
            self._keys.popitem(last=False)

    async def _load_tenants(self, connection: Connection, tenant_ids: set[int], *, create: bool) -> None:
        missing = sorted(tenant_ids - self._tenants.keys())
        if not missing:
            return
        if create:
            wrapped = [wrap(self._master, os.urandom(32), _tenant(tenant_id)) for tenant_id in missing]
            await connection.execute(
                "INSERT INTO keys.tenant (tenant_id, wrapped) "
                "SELECT * FROM unnest(%s::int[], %s::bytea[]) ON CONFLICT DO NOTHING",
                (missing, wrapped),
            )
        rows = await connection.execute(
            "SELECT tenant_id, wrapped FROM keys.tenant WHERE tenant_id = ANY(%s)", (missing,)
        )
        for tenant_id, wrapped in await rows.fetchall():
            self._tenants[tenant_id] = unwrap(self._master, wrapped, _tenant(tenant_id))


def _tenant(tenant_id: int) -> str:
    return f"tenant {tenant_id}"


def _subject(tenant_id: int, subject_id: UUID) -> str:
    return f"subject {tenant_id} {subject_id.hex}"
