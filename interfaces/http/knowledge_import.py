"""The knowledge base: importing files."""

from __future__ import annotations

import asyncio

from litestar import Response, post

from application.article import WriteArticle
from infrastructure.documents.reader import LARGEST
from interfaces.http.audience import Asker, may
from interfaces.http.body import JsonRequest
from interfaces.http.headers import POSITION, command_request
from interfaces.http.knowledge_body import ImportBody, import_body
from interfaces.http.parts import Parts
from interfaces.http.upload import FRAME, UploadOperation, form_boundary, received
from interfaces.knowledge_import import import_pages


@post(
    "/api/v1/knowledge/import",
    status_code=200,
    opt={"audience": "member", "roles": may(WriteArticle)},
    request_max_body_size=LARGEST + FRAME,
    operation_class=UploadOperation,
    summary="Import a file of knowledge",
    operation_id="importKnowledge",
    tags=["knowledge"],
)
async def import_knowledge(request: JsonRequest, caller: Asker, parts: Parts) -> Response[ImportBody]:
    """One form field, `file`: text, Markdown, HTML or JSON in UTF-8, at most 2 MiB, told by the name's ending.

    A Markdown or HTML file with several headings of the first level is an article for each. JSON is a list of
    `{title, body, id?}`, or guidelines by flow and subflow. The same file again changes nothing: an article is
    known by the file's name and its `id` or title. All articles are as they must be, or none is imported.
    """
    actor = caller.actor()
    boundary = form_boundary(request)
    async with received(request, boundary, LARGEST) as (name, spool):
        body = await asyncio.to_thread(spool.body.read)
    pages = await parts.documents.read(name, body)
    done = await import_pages(parts.bus, actor, pages, command_request(request, actor, WriteArticle))
    return Response(import_body(done), status_code=200, headers={POSITION: str(done.seq)})
