"""Ready-made appends, for tests of the log itself (tests of behaviour give commands instead)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from application.log import Append, Appended, Meta, Slice
from domain.conversation import ConversationStarted, MessagePosted
from domain.handling import Handling
from domain.kernel import By, Cause, Event
from domain.tenant import TenantRenamed
from infrastructure.eventstore.hashing import event_hash
from infrastructure.eventstore.pending import SealedEvent, SealedSlice
from infrastructure.eventstore.store import EventStore
from infrastructure.settings import master_key

SECRET = "nothing but tests are sealed with this"
MASTER_KEY = master_key(SECRET)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
META = b'{"command_id":"00000000-0000-0000-0000-000000000001"}'


def renamed(stream_id: UUID, version: int, name: str = "Acme") -> TenantRenamed:
    """An event without personal fields."""
    at = NOON + timedelta(seconds=version)
    return TenantRenamed(
        originator_id=stream_id,
        originator_version=version,
        at=at,
        by=By("system"),
        cause=Cause("RenameTenant"),
        name=name,
    )


def append_of(
    tenant_id: int, *slices: Slice, command_id: UUID | None = None, fingerprint: bytes = b"same"
) -> Append:
    return Append(tenant_id, Meta(command_id or uuid4()), fingerprint, slices)


def plain(stream_id: UUID, before: int = 0, head: bytes = b"", count: int = 1) -> Slice:
    """`count` events of a stream after version `before`."""
    events = tuple(renamed(stream_id, before + place + 1) for place in range(count))
    return Slice(stream_id, "tenant", before, head, events)


def sealed(
    stream_id: UUID, before: int = 0, head: bytes = b"", *, tenant_id: int = 7, type: str = "tenant.renamed.1"
) -> SealedSlice:
    """One event in its stored form, for the writer, which looks into none."""
    hash = event_hash(head, tenant_id, stream_id, before + 1, type, NOON, b"{}", META)
    return SealedSlice(stream_id, "tenant", before, (SealedEvent(type, NOON, b"{}", META, hash),))


class Talk:
    """One conversation of one visitor, written straight into the log."""

    def __init__(self, store: EventStore, tenant_id: int = 7) -> None:
        self.store = store
        self.tenant_id = tenant_id
        self.stream_id = uuid4()
        self.contact_id = uuid4()
        self.version = 0
        self.head = b""

    async def start(self, name: str | None = None) -> Appended:
        return await self._append(self._started(name))

    async def post(self, text: str) -> Appended:
        return await self._append(self.message(text))

    def message(self, text: str) -> MessagePosted:
        return MessagePosted(**self._common(), subject_id=self.contact_id, message_id=uuid4(), text=text)

    def _started(self, name: str | None) -> ConversationStarted:
        return ConversationStarted(
            **self._common(),
            tenant_id=self.tenant_id,
            subject_id=self.contact_id,
            contact_id=self.contact_id,
            channel="chat",
            handling=Handling(status="open", handled_by="queue"),
            contact_name=name,
        )

    def _common(self) -> dict[str, object]:
        return {
            "originator_id": self.stream_id,
            "originator_version": self.version + 1,
            "at": NOON,
            "by": By("visitor", self.contact_id),
            "cause": Cause("Test"),
        }

    async def _append(self, event: Event) -> Appended:
        piece = Slice(self.stream_id, "conversation", self.version, self.head, (event,))
        appended = await self.store.append(append_of(self.tenant_id, piece))
        self.version, self.head = self.version + 1, appended.heads[0]
        return appended
