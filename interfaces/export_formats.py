"""What is held about a person as a file: one JSON document, or one JSON object a line; written piece by piece."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

import msgspec

ExportFormat = Literal["json", "ndjson"]
EntryType = Literal["contact", "note", "conversation", "message", "file", "visit", "campaign", "event"]

SECTIONS: dict[EntryType, str] = {
    "contact": "contacts",
    "note": "notes",
    "conversation": "conversations",
    "file": "files",
    "visit": "visits",
    "campaign": "campaigns",
    "event": "events",
}
"""Type of entry -> its section of the document, in their order. Messages are within conversations."""


class Entry(msgspec.Struct, frozen=True):
    """One thing that is held. A conversation is followed by its messages."""

    type: EntryType
    data: msgspec.Struct


class ExportHead(msgspec.Struct, frozen=True, rename="camel"):
    """Who was asked for, all contacts that are this person, and how far the read models had come."""

    contact_id: str
    contact_ids: tuple[str, ...]
    exported_at: datetime
    seq: int


class ExportWriting(Protocol):
    """How one format begins, goes on and ends. What lacks its end was cut off on the way."""

    media_type: str

    def opening(self, head: ExportHead) -> bytes: ...

    def entries(self, entries: Sequence[Entry]) -> bytes: ...

    def closing(self) -> bytes: ...


class NdjsonExport:
    """`{"type", "data"}` a line: first `export`, last `end` with the number of `entries` between them."""

    media_type = "application/x-ndjson"

    def __init__(self) -> None:
        self._number = 0

    def opening(self, head: ExportHead) -> bytes:
        return _line({"type": "export", "data": head})

    def entries(self, entries: Sequence[Entry]) -> bytes:
        self._number += len(entries)
        return b"".join(_line(one) for one in entries)

    def closing(self) -> bytes:
        return _line({"type": "end", "data": {"entries": self._number}})


class JsonExport:
    """`{"export", "contacts": […], … , "entries"}`: every section is there, an empty one too."""

    media_type = "application/json"

    def __init__(self) -> None:
        self._number = 0
        self._waiting = list(SECTIONS)
        self._section: EntryType | None = None
        self._messages: int | None = None
        """Of the conversation that is open; None while none is."""

    def opening(self, head: ExportHead) -> bytes:
        return b'{"export":' + msgspec.json.encode(head)

    def entries(self, entries: Sequence[Entry]) -> bytes:
        self._number += len(entries)
        return b"".join(self._entry(one) for one in entries)

    def closing(self) -> bytes:
        return self._conversation_ended() + self._sections_to(None) + b',"entries":%d}\n' % self._number

    def _entry(self, entry: Entry) -> bytes:
        written = msgspec.json.encode(entry.data)
        if entry.type == "message" and self._messages is not None:
            self._messages += 1
            return b"," + written if self._messages > 1 else written
        before = self._conversation_ended() + self._sections_to(entry.type)
        if entry.type == "conversation":
            self._messages = 0
            return before + written[:-1] + b',"messages":['
        return before + written

    def _conversation_ended(self) -> bytes:
        if self._messages is None:
            return b""
        self._messages = None
        return b"]}"

    def _sections_to(self, wanted: EntryType | None) -> bytes:
        """What stands between the last entry and one of this section; None: the end of them all."""
        if wanted is not None and wanted == self._section:
            return b","
        written = b"" if self._section is None else b"]"
        while self._waiting:
            self._section = self._waiting.pop(0)
            written += f',"{SECTIONS[self._section]}":['.encode()
            if self._section == wanted:
                return written
            written += b"]"
        return written


def export_writing(format: ExportFormat) -> ExportWriting:
    return JsonExport() if format == "json" else NdjsonExport()


def _line(one: object) -> bytes:
    return msgspec.json.encode(one) + b"\n"
