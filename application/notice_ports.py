"""What continuity needs from outside: where visitors are, which widgets ask for it, and who carries a notice."""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from domain.continuity import Refused, Via


class Notice(msgspec.Struct, frozen=True):
    """A mail to an absent visitor, ready to be sent. `id` is the same at every attempt.

    `sender`: how the tenant's site is called. `replies`: how many there are in `text`.
    """

    id: UUID
    tenant_id: int
    address: str
    sender: str
    subject: str
    text: str
    replies: int


class NoticeNotSent(Exception):
    """It was not taken. `is_final`: another attempt is hopeless."""

    def __init__(self, reason: Refused, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.reason: Refused = reason
        self.is_final = is_final


class Notices(Protocol):
    """Carries notices."""

    @property
    def via(self) -> Via: ...

    async def send(self, notice: Notice) -> None:
        """Taken by whoever delivers it when it returns; within a deadline. Raises NoticeNotSent.

        The same notice may come again after a crash: whoever takes it twice can tell by its id.
        """
        ...


class Presence(Protocol):
    """Where a person is; whoever was joined with a contact is the same person."""

    async def is_here(self, tenant_id: int, contact_id: UUID) -> bool:
        """On the site or in the chat just now, at whichever process."""
        ...

    async def came_since(self, tenant_id: int, contact_id: UUID, since: datetime) -> bool:
        """Here now, or seen on a page after `since`."""
        ...

    async def last_page(self, tenant_id: int, contact_id: UUID) -> str | None:
        """The address of the page they looked at last, None where nobody knows."""
        ...


class ContinuedWidgets(Protocol):
    """The widgets that ask for continuity."""

    async def of(self, tenant_id: int, seq: int) -> Set[UUID]:
        """As of the tenant's `seq` or later. Raises ProjectionBehind."""
        ...
