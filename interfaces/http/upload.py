"""Family B, `POST upload`: one file, sent as a form, read piece by piece."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from uuid import UUID, uuid5

from litestar import Response, post
from litestar.exceptions import InternalServerException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from application.actor import Actor
from application.bus import Receipt
from application.file import UploadFile
from domain.file import LARGEST_FILE, MIB, FileRules, FileUploaded
from domain.refusals import Invalid, Refusal, TooLarge
from infrastructure.blobs.spool import Spool
from infrastructure.clock import uuid7
from interfaces.http.audience import Asker, may
from interfaces.http.body import JsonRequest, NotJson
from interfaces.http.downloads import FileAnswer, file_body
from interfaces.http.first_contact import order_of
from interfaces.http.headers import answer_to_command, idempotency_key
from interfaces.http.parts import HttpParts, Parts
from projections.files import read_file_rules

FRAME = 64 * 1024
"""Bytes that a form needs around its file, at most."""
PATIENCE = 300.0
"""Seconds that a file may take to come in."""
STILL_READ = 32 * MIB
STILL_READ_FOR = 5.0
_FILES = UUID("2f6d8c4e-91ab-5d27-8c3e-5a70b1e64f19")


class NotForm(NotJson):
    sentence = "A file is sent as multipart/form-data."


@dataclass
class UploadOperation(Operation):
    """The form, for OpenAPI: the route reads it by itself."""

    def __post_init__(self) -> None:
        schema = Schema(
            type="object",  # pyright: ignore[reportArgumentType]
            required=["file"],
            properties={"file": Schema(type="string", content_media_type="application/octet-stream")},  # pyright: ignore
        )
        self.request_body = RequestBody({"multipart/form-data": OpenAPIMediaType(schema)}, required=True)


@post(
    "/api/v1/chat/upload",
    status_code=201,
    opt={"audience": "visitor_or_agent", "roles": may(UploadFile)},
    request_max_body_size=LARGEST_FILE + FRAME,
    operation_class=UploadOperation,
    summary="Upload a file",
    operation_id="uploadFile",
    tags=["chat"],
)
async def upload_file(request: JsonRequest, caller: Asker, parts: Parts) -> Response[FileAnswer]:
    """One form field, `file`. Its type is decided by its content; pictures lose their metadata.

    Name its id in `attachments` of a message within 24 hours, or it is deleted.
    """
    actor = caller.actor()
    boundary = form_boundary(request)
    upload = await parts.files.uploads.begin(actor, _file_id(request, actor))
    rules = await _rules(parts, actor.tenant_id)
    async with received(request, boundary, rules.max_size) as (name, spool):
        stored = await parts.files.intake.store(upload, name, spool, rules)
    command = UploadFile(
        file_id=upload.file_id,
        name=stored.name,
        content_type=stored.content_type,
        size=stored.size,
        sha256=stored.sha256,
        key=stored.key,
    )
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    await parts.files.uploads.settled(upload)
    return answer_to_command(FileAnswer(file_body(parts, actor, _uploaded(receipt))), receipt, 201)


def _file_id(request: JsonRequest, actor: Actor) -> UUID:
    """The same for the same key of the same person: a repeat is about the same file."""
    key = idempotency_key(request, None)
    return uuid7() if key is None else uuid5(_FILES, f"{actor.tenant_id}/{actor.by.kind}/{actor.by.id}/{key}")


async def _rules(parts: HttpParts, tenant_id: int) -> FileRules:
    async with parts.database.tenant(tenant_id) as connection:
        return await read_file_rules(connection, tenant_id)


def form_boundary(request: JsonRequest) -> str:
    media_type, options = parse_options_header(request.headers.get("content-type", ""))
    if media_type != "multipart/form-data":
        raise NotForm
    boundary = options.get("boundary", "")
    if not 1 <= len(boundary) <= 70 or not boundary.isascii() or not boundary.isprintable():
        raise Invalid("The form has no valid boundary.")
    return boundary


@asynccontextmanager
async def received(request: JsonRequest, boundary: str, max_size: int) -> AsyncGenerator[tuple[str, Spool]]:
    """The file's name and what was sent. Raises Invalid, TooLarge."""
    spool = Spool(max_size)
    try:
        yield await _read(request, boundary, spool, max_size), spool
    finally:
        spool.close()


async def _read(request: JsonRequest, boundary: str, spool: Spool, max_size: int) -> str:
    stream = request.stream()
    try:
        if (request.content_length or 0) > max_size + FRAME:
            raise TooLarge(maxSize=max_size)
        async with asyncio.timeout(PATIENCE):
            return await _parse(stream, boundary, spool)
    except Refusal:
        await _throw_away(request, stream)
        raise
    except TimeoutError:
        raise Invalid(f"The file did not come in within {PATIENCE:.0f} s.") from None
    except InternalServerException:
        raise Invalid("The file broke off.") from None


async def _parse(stream: AsyncIterator[bytes], boundary: str, spool: Spool) -> str:
    name: str | None = None
    try:
        with PushMultipartParser(boundary, max_segment_count=1, strict=True) as parser:
            async for chunk in stream:
                for piece in parser.parse(chunk):
                    if isinstance(piece, MultipartSegment):
                        name = _name(piece)
                    elif piece:
                        await spool.write(bytes(piece))
    except MultipartError:
        raise Invalid("The form holds one field, `file`, and nothing else.") from None
    if name is None:
        raise Invalid("The form holds no file.")
    return name


async def _throw_away(request: JsonRequest, stream: AsyncIterator[bytes]) -> None:
    """Some of what still comes: who closes on unread bytes resets the connection, and the answer with it."""
    left = STILL_READ
    with suppress(TimeoutError, RequestEntityTooLarge, InternalServerException):
        async with asyncio.timeout(STILL_READ_FOR):
            async for chunk in stream:
                left -= len(chunk)
                if left < 0:
                    break
            else:
                return
    request.scope.setdefault("state", {})["is_unread"] = True


def _name(part: MultipartSegment) -> str:
    if part.name != "file" or part.filename is None:
        raise Invalid("The form holds one field, `file`, with a file name.")
    return part.filename


def _uploaded(receipt: Receipt) -> FileUploaded:
    return next(event for event in receipt.events if isinstance(event, FileUploaded))
