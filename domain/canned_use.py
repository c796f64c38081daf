"""CannedUse: a canned response became a message.

Each use is a stream of its own: a greeting that is sent a thousand times a day neither grows nor locks its text.
"""

from __future__ import annotations

from uuid import UUID

from domain.kernel import Aggregate, Event, Stamp


class CannedResponseUsed(Event, frozen=True, kw_only=True):
    """`response_version`: of the text that was sent, before the agent edited it."""

    TYPE = "canned_response.used.1"

    tenant_id: int
    canned_response_id: UUID
    response_version: int
    conversation_id: UUID
    message_id: UUID

    def create(self) -> Aggregate:
        return CannedUse(self.originator_id)


class CannedUse(Aggregate):
    KIND = "canned_use"

    def record_use(
        self,
        stamp: Stamp,
        tenant_id: int,
        *,
        canned_response_id: UUID,
        response_version: int,
        conversation_id: UUID,
        message_id: UUID,
    ) -> None:
        """One message is one use; telling of it twice changes nothing."""
        if self.exists:
            return
        self.record(
            CannedResponseUsed,
            stamp,
            tenant_id=tenant_id,
            canned_response_id=canned_response_id,
            response_version=response_version,
            conversation_id=conversation_id,
            message_id=message_id,
        )


EVENTS: tuple[type[Event], ...] = (CannedResponseUsed,)
