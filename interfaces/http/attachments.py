"""Attachments as one reader sees them: each file's name, and a link made for whoever asked. One query per page."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from domain.ids import parse
from domain.kernel import By
from infrastructure.clock import now
from interfaces.http.parts import HttpParts
from interfaces.message_body import AttachmentBody, MessageBody
from projections.files import FileView, read_files


async def with_links(
    parts: HttpParts, tenant_id: int, reader: By, messages: Sequence[MessageBody]
) -> tuple[MessageBody, ...]:
    """The same messages, their attachments completed; one that was purged, or is not folded yet, has no link.

    Asks nothing where nothing is attached.
    """
    file_ids = {parse("file", one.id) for message in messages for one in message.attachments}
    if not file_ids:
        return tuple(messages)
    async with parts.database.tenant(tenant_id) as connection:
        files = await read_files(connection, tenant_id, file_ids)

    def link(body: AttachmentBody) -> AttachmentBody:
        file_id = parse("file", body.id)
        return _linked(parts, tenant_id, reader, body, files.get(file_id))

    return tuple(
        msgspec.structs.replace(message, attachments=tuple(map(link, message.attachments)))
        if message.attachments
        else message
        for message in messages
    )


def _linked(
    parts: HttpParts, tenant_id: int, reader: By, body: AttachmentBody, file: FileView | None
) -> AttachmentBody:
    if file is None or file.is_purged:
        return msgspec.structs.replace(body, name=None, url=None)
    link = parts.files.links.link(tenant_id, file.file_id, reader, now())
    return msgspec.structs.replace(body, name=file.name, url=parts.base_url + link.path)
