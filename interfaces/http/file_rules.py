"""What a tenant accepts as files."""

from __future__ import annotations

import msgspec
from litestar import Response, get, put
from litestar.params import JSONBody

from application.file import UploadFile
from application.tenant import SetFileRules
from domain.file import FileRules
from interfaces.http.audience import Asker, may
from interfaces.http.body import JsonRequest
from interfaces.http.first_contact import order_of
from interfaces.http.headers import answer, answer_to_command
from interfaces.http.parts import Parts
from interfaces.http.position import reached
from projections.files import read_file_rules


class FileRulesRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """`maxSize` in bytes."""

    max_size: int
    content_types: tuple[str, ...]


class FileRulesBody(msgspec.Struct, frozen=True, rename="camel"):
    max_size: int
    content_types: tuple[str, ...]


class FileRulesAnswer(msgspec.Struct, frozen=True):
    rules: FileRulesBody


@get(
    "/api/v1/chat/upload/rules",
    opt={"audience": "visitor_or_agent", "roles": may(UploadFile)},
    summary="What may be uploaded",
    operation_id="getFileRules",
    tags=["chat"],
)
async def get_file_rules(request: JsonRequest, caller: Asker, parts: Parts) -> Response[FileRulesAnswer]:
    """Largest size in bytes, and content types."""
    seq = await reached(parts, request, caller.tenant_id, "files")
    async with parts.database.tenant(caller.tenant_id) as connection:
        rules = await read_file_rules(connection, caller.tenant_id)
    return answer(_answer(rules), seq=seq)


@put(
    "/api/v1/chat/upload/rules",
    opt={"audience": "member", "roles": may(SetFileRules)},
    summary="Change what may be uploaded",
    operation_id="setFileRules",
    tags=["chat"],
)
async def set_file_rules(
    request: JsonRequest, data: JSONBody[FileRulesRequest], caller: Asker, parts: Parts
) -> Response[FileRulesAnswer]:
    """For uploads from now on; at most 100 MiB, and only kinds of files that carry no programs."""
    actor = caller.actor()
    rules = FileRules(data.max_size, data.content_types)
    command = SetFileRules(rules=rules)
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    return answer_to_command(_answer(rules), receipt)


ROUTES = (get_file_rules, set_file_rules)


def _answer(rules: FileRules) -> FileRulesAnswer:
    return FileRulesAnswer(FileRulesBody(rules.max_size, rules.content_types))
