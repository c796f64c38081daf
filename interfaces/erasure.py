"""Erasure in a running process: where what lies beside the log is found."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from application.bus import CommandBus
from application.policies.erase_person import ErasePerson, Leftovers
from infrastructure.access.access import Access
from infrastructure.eventstore.store import EventStore
from infrastructure.projector.positions import ReadPositions
from infrastructure.projector.progress import Progress
from projections.files import Files, read_files_of_contact

PATIENCE = 5.0
"""Seconds to wait for the read model; a reaction that waited in vain is tried again."""


def erase_person(
    store: EventStore, bus: CommandBus, access: Access, progress: Progress | None = None
) -> ErasePerson:
    """The policy, over this installation's keys, visitor tokens and files."""
    positions = ReadPositions(store.database, progress)

    async def files_of(tenant_id: int, contact_id: UUID, seq: int) -> Collection[UUID]:
        await positions.wait(tenant_id, Files.name, seq, PATIENCE)
        async with store.database.tenant(tenant_id) as connection:
            return await read_files_of_contact(connection, tenant_id, contact_id)

    return ErasePerson(bus, Leftovers(store.keyring.destroy, access.revoke_visitor, files_of))
