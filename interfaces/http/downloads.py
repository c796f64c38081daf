"""Fetching files: links that expire, made for one person, and the bytes behind them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import Response, delete, get
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Operation, Schema
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from application.actor import Actor
from application.file import PurgeFile, UploadFile
from application.ports import BlobMissing
from domain.file import MIB, File, FileUploaded
from domain.ids import parse, wire
from domain.kernel import Aggregate, By
from domain.personal import readable
from domain.refusals import NotFound
from infrastructure.blobs.links import Holder
from infrastructure.clock import now
from infrastructure.postgres import Database
from interfaces.http.audience import Asker, may
from interfaces.http.body import JsonRequest
from interfaces.http.contact_body import contact_in_log
from interfaces.http.errors import RangeNotSatisfiable
from interfaces.http.first_contact import order_of
from interfaces.http.headers import answer
from interfaces.http.parts import HttpParts, Parts

SHOWN = frozenset(["image/png", "image/jpeg", "image/gif", "image/webp"])
"""Safe in a page: pictures that were encoded by us. Everything else is saved, never shown."""
NAMELESS = "file"
PART = MIB
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_NOT_IN_THE_LOG = "SELECT NOT EXISTS (SELECT FROM access.facts(%s, %s) f WHERE f.type LIKE '{}.%%')"
_STILL_THERE = {
    "agent": "SELECT access.role_of(tenant, agent) IS NOT NULL AND "
    "coalesce('conversations:read' = ANY(access.permissions_of(tenant, agent)), true) "
    "FROM (SELECT %s::int, %s::uuid) AS holder(tenant, agent)",
    "visitor": _NOT_IN_THE_LOG.format("contact.erased"),
    "integration": _NOT_IN_THE_LOG.format("api_key.revoked"),
}
_UNQUOTED = re.compile(r'[^\x20-\x7e]|["\\%]')


class FileBody(msgspec.Struct, frozen=True, rename="camel"):
    """`url` is for whoever asked, until `expiresAt`; `name` is null once erased."""

    id: str
    name: str | None
    size: int
    content_type: str
    url: str
    expires_at: datetime


class FileAnswer(msgspec.Struct, frozen=True):
    file: FileBody


@get(
    "/api/v1/chat/files/{file_id:str}/link",
    opt={"audience": "visitor_or_agent", "roles": may(UploadFile)},
    summary="Get a fresh link to a file",
    operation_id="getFileLink",
    tags=["chat"],
)
async def get_file_link(
    request: JsonRequest, file_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[FileAnswer]:
    """For agents, and for the visitor whose file or conversation it is."""
    actor = caller.actor()
    uploaded = await _visible(parts, actor.tenant_id, parse("file", file_id), actor.by)
    seq = (await parts.reader.tenant_heads([actor.tenant_id]))[actor.tenant_id]
    return answer(FileAnswer(file_body(parts, actor, uploaded)), seq=seq)


@dataclass
class DownloadOperation(Operation):
    """What comes back, for OpenAPI: the bytes themselves."""

    def __post_init__(self) -> None:
        bytes_of_it = {"*/*": OpenAPIMediaType(Schema(content_media_type="application/octet-stream"))}
        self.responses = {
            "200": OpenAPIResponse("The file.", content=bytes_of_it),
            "206": OpenAPIResponse("The part that `Range` asked for.", content=bytes_of_it),
            "304": OpenAPIResponse("It is the one that `If-None-Match` names."),
        }


@get(
    "/api/v1/chat/files/{file_id:str}",
    opt={"audience": "link"},
    operation_class=DownloadOperation,
    summary="Fetch a file by its link",
    operation_id="getFile",
    tags=["chat"],
)
async def get_file(
    request: JsonRequest, file_id: FromPath[str], parts: Parts, signature: FromQuery[str] = ""
) -> Stream:
    """The link is the credential; 404 once it has expired, the file is gone, or its holder may no longer see it.

    Answers `Range` (one range) and `If-None-Match`.
    """
    id = parse("file", file_id)
    holder = parts.files.links.holder(id, signature, now())
    if not await _is_still_there(parts.database, holder):
        raise NotFound
    uploaded = await _visible(parts, holder.tenant_id, id, holder.by)
    headers = _headers(uploaded, holder)
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Stream(_nothing(), status_code=304, headers=headers, media_type=uploaded.content_type)
    return await _answer(request, parts, uploaded, headers)


@delete(
    "/api/v1/chat/files/{file_id:str}",
    status_code=204,
    opt={"audience": "member", "roles": may(PurgeFile)},
    summary="Delete a file",
    operation_id="purgeFile",
    tags=["chat"],
)
async def purge_file(request: JsonRequest, file_id: FromPath[str], caller: Asker, parts: Parts) -> None:
    """Links to it stop working at once, its bytes are deleted soon after; that there was one stays in the log."""
    actor = caller.actor()
    command = PurgeFile(file_id=parse("file", file_id), reason="deleted")
    await parts.bus.execute(actor, command, order_of(request, actor, command))


ROUTES = (get_file_link, get_file, purge_file)


def file_body(parts: HttpParts, actor: Actor, uploaded: FileUploaded) -> FileBody:
    """The file with a link for this actor."""
    link = parts.files.links.link(actor.tenant_id, uploaded.originator_id, actor.by, now())
    return FileBody(
        id=wire("file", uploaded.originator_id),
        name=readable(uploaded.name),
        size=uploaded.size,
        content_type=uploaded.content_type,
        url=parts.base_url + link.path,
        expires_at=link.expires_at,
    )


async def _visible(parts: HttpParts, tenant_id: int, file_id: UUID, reader: By) -> FileUploaded:
    """Out of the log, so that a purge holds at once. Raises NotFound."""
    events = [one.event for one in await parts.reader.stream(tenant_id, file_id)]
    aggregate: Aggregate | None = None
    for event in events:
        aggregate = event.mutate(aggregate)
    if not isinstance(aggregate, File) or not await _may_see(parts, tenant_id, aggregate, reader):
        raise NotFound
    return next(event for event in events if isinstance(event, FileUploaded))


async def _may_see(parts: HttpParts, tenant_id: int, file: File, reader: By) -> bool:
    """A visitor also what the contacts may see that a signed identity joined with them."""
    if file.is_visible_to(reader) or reader.kind != "visitor":
        return file.is_visible_to(reader)
    others = file.shown_to | ({file.uploaded_by.id} if file.uploaded_by.kind == "visitor" else frozenset())
    for id in others:
        contact = await contact_in_log(parts, tenant_id, id)
        if contact is not None and contact.is_linked and contact.merged_into == reader.id:
            return file.is_visible_to(By("visitor", id))
    return False


async def _is_still_there(database: Database, holder: Holder) -> bool:
    """A link ends with whom it was made for: an agent without a role, an erased visitor, a revoked key."""
    async with database.tenant(holder.tenant_id) as connection:
        cursor = await connection.execute(_STILL_THERE[holder.by.kind].encode(), (holder.tenant_id, holder.by.id))
        found = await cursor.fetchone()
    return found is not None and found[0]


async def _answer(
    request: JsonRequest, parts: HttpParts, uploaded: FileUploaded, headers: dict[str, str]
) -> Stream:
    span = _span(request, uploaded.size, headers["ETag"])
    first, last = span or (0, uploaded.size - 1)
    try:
        beginning = await parts.files.blobs.read(uploaded.key, first, min(PART, last - first + 1))
    except BlobMissing:
        raise NotFound from None
    headers |= {"Content-Length": str(last - first + 1)}
    if span is not None:
        headers["Content-Range"] = f"bytes {first}-{last}/{uploaded.size}"
    body = _body(parts, uploaded.key, beginning, first, last)
    return Stream(body, status_code=206 if span else 200, headers=headers, media_type=uploaded.content_type)


def _headers(uploaded: FileUploaded, holder: Holder) -> dict[str, str]:
    left = max(0, int((holder.expires_at - now()).total_seconds()))
    return {
        "Content-Disposition": disposition(readable(uploaded.name) or NAMELESS, uploaded.content_type),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Cache-Control": f"private, max-age={left}",
        "Accept-Ranges": "bytes",
        "ETag": f'"{uploaded.sha256[:32]}"',
    }


def disposition(name: str, content_type: str) -> str:
    """RFC 6266: a plain name for old readers, the real one in UTF-8 for all others."""
    kind = "inline" if content_type in SHOWN else "attachment"
    return f"{kind}; filename=\"{_UNQUOTED.sub('_', name)}\"; filename*=UTF-8''{quote(name, safe='')}"


def _span(request: JsonRequest, size: int, etag: str) -> tuple[int, int] | None:
    """(first, last) byte of the one range that is asked for; None for all. Raises RangeNotSatisfiable."""
    match = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if match is None or request.headers.get("if-range", etag) != etag or match[0] == "bytes=-":
        return None
    if not match[1]:
        first, last = max(0, size - int(match[2])), size - 1
    else:
        first, last = int(match[1]), min(int(match[2] or size), size - 1)
        if match[2] and int(match[2]) < first:
            return None
    if first >= size or last < first:
        raise RangeNotSatisfiable(size=size)
    return first, last


async def _body(parts: HttpParts, key: str, beginning: bytes, first: int, last: int) -> AsyncIterator[bytes]:
    yield beginning
    at = first + len(beginning)
    while at <= last:
        part = await parts.files.blobs.read(key, at, min(PART, last - at + 1))
        yield part
        at += len(part)


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""
