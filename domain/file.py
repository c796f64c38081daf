"""File: what somebody uploaded, and the one conversation it becomes part of. Its bytes are in the blob store."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec

from domain.kernel import BEGINNING, NOWHERE, Aggregate, By, Event, PersonalEvent, Stamp
from domain.personal import Personal
from domain.refusals import FileIsAttached, FileIsPurged, Invalid, NotFound, TooLarge, UnsupportedFile
from domain.values import required

MIB = 1024 * 1024
LARGEST_FILE = 100 * MIB
KEPT_UNATTACHED = timedelta(hours=24)
CONTENT_TYPES = (
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "application/pdf",
    "text/plain",
    "text/csv",
    "audio/mpeg",
    "audio/ogg",
    "audio/mp4",
    "video/mp4",
)
"""All that can ever be accepted. No HTML, SVG, XML, script, archive, office document: those may carry programs."""


class Attachment(msgspec.Struct, frozen=True):
    """What a message says of a file; its name is the file's own, so that an erased name is erased everywhere."""

    file_id: UUID
    content_type: str
    size: int


class FileRules(msgspec.Struct, frozen=True):
    """What a tenant accepts: `max_size` in bytes, `content_types` out of CONTENT_TYPES."""

    max_size: int = 20 * MIB
    content_types: tuple[str, ...] = CONTENT_TYPES

    def check(self, content_type: str, size: int) -> None:
        """Raises TooLarge, UnsupportedFile, Invalid for an empty file."""
        if size < 1:
            raise Invalid("The file is empty.")
        if size > self.max_size:
            raise TooLarge(maxSize=self.max_size)
        if content_type not in self.content_types:
            raise UnsupportedFile(accepted=self.content_types)


def valid_rules(rules: FileRules) -> FileRules:
    """`rules` unchanged. Raises Invalid for a size or a type that is never accepted."""
    if not 1 <= rules.max_size <= LARGEST_FILE:
        raise Invalid(f"maxSize is 1 to {LARGEST_FILE} bytes.")
    unknown = set(rules.content_types) - set(CONTENT_TYPES)
    if unknown or len(set(rules.content_types)) < len(rules.content_types):
        raise Invalid(f"contentTypes are some of {', '.join(CONTENT_TYPES)}.")
    return rules


class FileUploaded(PersonalEvent, frozen=True, kw_only=True):
    """A visitor's file name is sealed under the visitor's key, an agent's under a key of the file's own."""

    TYPE = "file.uploaded.1"

    tenant_id: int
    name: Personal
    content_type: str
    size: int
    sha256: str
    key: str

    def create(self) -> Aggregate:
        return File(self.originator_id)

    def apply(self, aggregate: File) -> None:
        aggregate.uploaded_by, aggregate.uploaded_at = self.by, self.at
        aggregate.name = self.name
        aggregate.attachment = Attachment(self.originator_id, self.content_type, self.size)
        aggregate.key = self.key


class FileAttached(Event, frozen=True, kw_only=True):
    """Part of a conversation; `contact_id` is whom that is with, and who never sees a `private` one (a note's)."""

    TYPE = "file.attached.1"

    conversation_id: UUID
    contact_id: UUID
    message_id: UUID
    private: bool = False

    def apply(self, aggregate: File) -> None:
        if not aggregate.is_kept:
            aggregate.conversation_id = self.conversation_id
        if not self.private:
            aggregate.shown_to = aggregate.shown_to | {self.contact_id}


class FileKept(Event, frozen=True, kw_only=True):
    """For every agent to attach, to any conversation, as often as they like: a canned response has it."""

    TYPE = "file.kept.1"

    def apply(self, aggregate: File) -> None:
        aggregate.is_kept = True


class FilePurged(Event, frozen=True, kw_only=True):
    """It can no longer be read. The `size` bytes, and the key of the name, are destroyed once this is durable."""

    TYPE = "file.purged.1"

    reason: str
    size: int = 0

    def apply(self, aggregate: File) -> None:
        aggregate.is_purged = True


class File(Aggregate):
    """Belongs to whoever uploaded it until it is attached, then to the one conversation it is attached to."""

    KIND = "file"

    uploaded_by = By("system")
    uploaded_at = BEGINNING
    name: Personal = ""
    attachment = Attachment(NOWHERE, "", 0)
    key = ""
    conversation_id: UUID | None = None
    shown_to: frozenset[UUID] = frozenset()
    is_kept = False
    is_purged = False

    def upload(
        self,
        stamp: Stamp,
        *,
        tenant_id: int,
        name: str,
        content_type: str,
        size: int,
        sha256: str,
        key: str,
        rules: FileRules,
    ) -> None:
        """`key` is where its bytes lie already. Uploading twice changes nothing.

        Raises TooLarge, UnsupportedFile, Invalid.
        """
        if self.exists:
            return
        rules.check(content_type, size)
        self.record(
            FileUploaded,
            stamp,
            tenant_id=tenant_id,
            subject_id=stamp.by.id if stamp.by.kind == "visitor" else self.id,
            name=required("name", name),
            content_type=content_type,
            size=size,
            sha256=sha256,
            key=key,
        )

    def attach(
        self, stamp: Stamp, *, conversation_id: UUID, contact_id: UUID, message_id: UUID, private: bool = False
    ) -> Attachment:
        """What the message carries. To the same conversation again changes nothing, but a note's may be shown.

        Raises NotFound for anybody but the uploader (of a kept one: but agents), FileIsPurged, FileIsAttached
        (to another conversation).
        """
        if not self.exists or not (stamp.by == self.uploaded_by or (self.is_kept and stamp.by.kind == "agent")):
            raise NotFound
        if self.is_purged:
            raise FileIsPurged
        if self.conversation_id not in (None, conversation_id):
            raise FileIsAttached
        is_new = self.conversation_id is None and not self.is_kept
        if is_new or (not private and contact_id not in self.shown_to):
            self.record(
                FileAttached,
                stamp,
                conversation_id=conversation_id,
                contact_id=contact_id,
                message_id=message_id,
                private=private,
            )
        return self.attachment

    def keep(self, stamp: Stamp) -> None:
        """Keeping twice changes nothing.

        Raises NotFound for anybody but the uploader, FileIsPurged, FileIsAttached.
        """
        if not self.exists or stamp.by != self.uploaded_by:
            raise NotFound
        if self.is_purged:
            raise FileIsPurged
        if self.conversation_id is not None:
            raise FileIsAttached
        if not self.is_kept:
            self.record(FileKept, stamp)

    def purge(self, stamp: Stamp, reason: str) -> None:
        """Purging twice changes nothing. Raises Invalid."""
        if self.exists and not self.is_purged:
            self.record(FilePurged, stamp, reason=required("reason", reason), size=self.attachment.size)

    def expire(self, stamp: Stamp) -> None:
        """Purged if nobody attached or kept it within KEPT_UNATTACHED; else nothing changes."""
        if self.conversation_id is None and not self.is_kept and stamp.at - self.uploaded_at >= KEPT_UNATTACHED:
            self.purge(stamp, "never_attached")

    def is_visible_to(self, reader: By) -> bool:
        """The tenant's side sees all its files; a visitor what they uploaded, and what was shown to them."""
        if self.is_purged or not self.exists:
            return False
        if reader.kind in ("agent", "integration") or reader == self.uploaded_by:
            return True
        return reader.kind == "visitor" and reader.id in self.shown_to


EVENTS: tuple[type[Event], ...] = (FileUploaded, FileAttached, FileKept, FilePurged)
