"""Whenever a contact was erased, their key is destroyed, their browsers are nobody's, and their files are purged.

The event comes first, and each step may be done twice: whatever is cut off is done when it is done again.
A family of merged contacts is erased by one command, with one event for each: so each of them comes here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from uuid import UUID

import msgspec

from application.actor import system
from application.bus import CommandBus, Request
from application.file import PurgeFile
from application.log import Recorded
from domain.contact import ContactErased

OfContact = Callable[[int, UUID], Awaitable[None]]
"""Does something to a tenant's contact."""
FilesOf = Callable[[int, UUID, int], Awaitable[Collection[UUID]]]
"""The files of a tenant's contact that are not purged, as of this seq or later. Raises ProjectionBehind."""


class Leftovers(msgspec.Struct, frozen=True):
    """What lies beside the log. Drafts are not named: they go with the key."""

    destroy_key: OfContact
    revoke_tokens: OfContact
    files_of: FilesOf


class ErasePerson:
    """A `Policy`. The key goes first: from then on nothing of theirs can be read, whatever else takes long."""

    name = "erase_person"

    def __init__(self, bus: CommandBus, leftovers: Leftovers) -> None:
        self._bus = bus
        self._leftovers = leftovers

    def concerns(self, recorded: Recorded) -> bool:
        return isinstance(recorded.event, ContactErased)

    async def react(self, recorded: Recorded) -> None:
        tenant_id, contact_id = recorded.tenant_id, recorded.stream_id
        await self._leftovers.destroy_key(tenant_id, contact_id)
        await self._leftovers.revoke_tokens(tenant_id, contact_id)
        for file_id in await self._leftovers.files_of(tenant_id, contact_id, recorded.seq):
            request = Request(f"{self.name}:{file_id.hex}", policy=self.name, position=recorded.position)
            await self._bus.execute(
                system(tenant_id), PurgeFile(file_id=file_id, reason="contact_erased"), request
            )
