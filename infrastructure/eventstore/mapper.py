"""EventMapper: events to stored bytes and back; the only place that seals, opens, hashes and upcasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import force_setattr

from application.log import Append, Meta, Recorded, Slice
from domain.catalog import EVENT_TYPES, UPCASTS, Upcast
from domain.kernel import NOWHERE, Event, PersonalEvent
from domain.personal import ERASED, personal_fields
from infrastructure.eventstore.hashing import event_hash
from infrastructure.eventstore.keyring import Keyring, Owner
from infrastructure.eventstore.pending import SealedEvent, SealedSlice
from infrastructure.eventstore.rows import StoredRow
from infrastructure.eventstore.sealing import place


class UnknownEventType(Exception):
    """A type that this release does not know: deploy readers before writers."""


class EventMapper:
    """Holds one decoder per event type. Keys come from the keyring, a page's missing ones in one query."""

    def __init__(
        self,
        keyring: Keyring,
        types: Mapping[str, type[Event]] = EVENT_TYPES,
        upcasts: Mapping[str, Upcast] = UPCASTS,
    ) -> None:
        self._keyring = keyring
        self._types = types
        self._upcasts = upcasts
        self._decoders = {name: msgspec.json.Decoder(event) for name, event in types.items()}
        self._personal = {name: _personal(event) for name, event in types.items()}
        self._encoder = msgspec.json.Encoder()
        self._meta = msgspec.json.Decoder(Meta)

    async def seal(self, append: Append) -> list[SealedSlice]:
        """The command's events as they will lie in the table. Waits only for keys that are not there yet."""
        missing = self._keyring.missing(_owners_of(append))
        if missing:
            await self._keyring.ensure(missing)
        meta = self._encoder.encode(append.meta)
        return [self._seal_slice(append.tenant_id, piece, meta) for piece in append.slices]

    async def open(self, rows: Sequence[StoredRow]) -> list[Recorded]:
        """Rows as events, in their order; a text whose key is destroyed reads ERASED.

        Raises UnknownEventType, Tampered, msgspec.ValidationError.
        """
        drafts = [self._draft(row) for row in rows]
        await self._keyring.load(_owners(rows, drafts))
        return [self._recorded(row, draft) for row, draft in zip(rows, drafts, strict=True)]

    def forget_erased(self, recorded: Sequence[Recorded]) -> None:
        """Drop the keys of people whom these events erased."""
        for one in recorded:
            if one.type == "contact.erased.1":
                self._keyring.forget(one.tenant_id, one.stream_id)

    def _seal_slice(self, tenant_id: int, piece: Slice, meta: bytes) -> SealedSlice:
        head, sealed = piece.head, list[SealedEvent]()
        for event in piece.events:
            payload = self._encoder.encode(self._without_place(tenant_id, event))
            place_in_stream = (tenant_id, piece.stream_id, event.originator_version)
            head = event_hash(head, *place_in_stream, event.TYPE, event.at, payload, meta)
            sealed.append(SealedEvent(event.TYPE, event.at, payload, meta, head))
        return SealedSlice(piece.stream_id, piece.kind, piece.expected_version, tuple(sealed))

    def _without_place(self, tenant_id: int, event: Event) -> Event:
        """The event with its texts sealed and without what the table's columns say."""
        changes: dict[str, Any] = {"originator_id": NOWHERE, "originator_version": 0}
        names = self._personal[event.TYPE]
        if names and isinstance(event, PersonalEvent):
            key = self._keyring.find(tenant_id, event.subject_id)
            for name in names:
                text = getattr(event, name)
                if isinstance(text, str):
                    where = place(tenant_id, event.originator_id, event.originator_version, name)
                    changes[name] = ERASED if key is None else key.seal(text, where)
        return msgspec.structs.replace(event, **changes)

    def _draft(self, row: StoredRow) -> Event | dict[str, Any]:
        """Decoded, still sealed; an old version stays a dict until its texts are open."""
        decoder = self._decoders.get(row.type)
        if decoder is not None:
            return decoder.decode(row.payload)
        if row.type not in self._upcasts:
            raise UnknownEventType(f"{row.type} at position {row.pos}")
        return msgspec.json.decode(row.payload)

    def _recorded(self, row: StoredRow, draft: Event | dict[str, Any]) -> Recorded:
        event = self._opened(row, draft) if isinstance(draft, Event) else self._upcast(row, draft)
        force_setattr(event, "originator_id", row.stream_id)
        force_setattr(event, "originator_version", row.version)
        meta = self._meta.decode(row.meta)
        return Recorded(row.pos, row.tpos, row.tenant_id, event, meta, row.hash)

    def _opened(self, row: StoredRow, event: Event) -> Event:
        names = self._personal[row.type]
        if names and isinstance(event, PersonalEvent):
            for name in names:
                text = getattr(event, name)
                if isinstance(text, str):
                    force_setattr(event, name, self._open_text(row, event.subject_id, name, text))
        return event

    def _open_text(self, row: StoredRow, subject_id: UUID, name: str, text: str) -> Any:
        key = self._keyring.find(row.tenant_id, subject_id)
        if key is None:
            return ERASED
        return key.open(text, place(row.tenant_id, row.stream_id, row.version, name))

    def _upcast(self, row: StoredRow, facts: dict[str, Any]) -> Event:
        name = row.type
        for field in self._upcasts[name].personal:
            if isinstance(facts.get(field), str):
                opened = self._open_text(row, UUID(facts["subject_id"]), field, facts[field])
                facts[field] = msgspec.to_builtins(opened)
        while name not in self._types:
            step = self._upcasts[name]
            facts, name = step.facts(facts), step.next_type
        return msgspec.convert(facts, self._types[name])


def _personal(event_class: type[Event]) -> tuple[str, ...]:
    return personal_fields(event_class) if issubclass(event_class, PersonalEvent) else ()


def _owners_of(append: Append) -> set[Owner]:
    return {
        (append.tenant_id, event.subject_id)
        for piece in append.slices
        for event in piece.events
        if isinstance(event, PersonalEvent)
    }


def _owners(rows: Sequence[StoredRow], drafts: Sequence[Event | Mapping[str, Any]]) -> set[Owner]:
    owners: set[Owner] = set()
    for row, draft in zip(rows, drafts, strict=True):
        if isinstance(draft, PersonalEvent):
            owners.add((row.tenant_id, draft.subject_id))
        elif isinstance(draft, Mapping) and "subject_id" in draft:
            owners.add((row.tenant_id, UUID(draft["subject_id"])))
    return owners
