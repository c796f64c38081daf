"""Family B: what the assistant writes for an agent: a suggested reply, a summary. Neither is posted."""

from __future__ import annotations

from uuid import UUID, uuid4, uuid5

import msgspec
from litestar import Response, post
from litestar.params import FromPath

from application.generation import RecordGeneration
from domain.generation import GenerationRecorded, Purpose
from domain.ids import parse, wire
from domain.personal import readable
from interfaces.http.audience import Asker, Caller, may
from interfaces.http.body import JsonRequest
from interfaces.http.headers import Connection, answer_to_command, command_request
from interfaces.http.parts import HttpParts, Parts

_GENERATIONS = UUID("9d7f4f0e-0c52-5c3c-9a0e-5f6c2b6f1d11")


class GenerationBody(msgspec.Struct, frozen=True, rename="camel"):
    """`text` is null once the visitor was erased; `model` where no language model was asked."""

    id: str
    conversation_id: str
    text: str | None
    model: str | None
    tokens: int
    sources: tuple[str, ...]


@post(
    "/api/v1/chat/conversations/{conversation_id:str}/suggest",
    status_code=200,
    opt={"audience": "member", "roles": may(RecordGeneration)},
    summary="Suggest a reply",
    operation_id="suggestReply",
    tags=["chat"],
)
async def suggest_reply(
    request: JsonRequest, conversation_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[GenerationBody]:
    """For an agent to edit and send. The conversation does not move; how it came about is kept."""
    return await _write(request, caller, parts, conversation_id, "suggestion")


@post(
    "/api/v1/chat/conversations/{conversation_id:str}/summary",
    status_code=200,
    opt={"audience": "member", "roles": may(RecordGeneration)},
    summary="Summarise a conversation",
    operation_id="summariseConversation",
    tags=["chat"],
)
async def summarise_conversation(
    request: JsonRequest, conversation_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[GenerationBody]:
    """What the visitor wants and what is open, for whoever takes over. Notes are not read."""
    return await _write(request, caller, parts, conversation_id, "summary")


ROUTES = (suggest_reply, summarise_conversation)


async def _write(
    request: Connection, caller: Caller, parts: HttpParts, conversation_id: str, purpose: Purpose
) -> Response[GenerationBody]:
    """The same key for the same conversation is the same text: its stream is named by the key."""
    id, actor = parse("conversation", conversation_id), caller.actor()
    order = command_request(request, actor, RecordGeneration)
    name = f"{caller.tenant_id}/{id}/{purpose}/{order.key}"
    generation_id = uuid4() if order.key is None else uuid5(_GENERATIONS, name)
    written, receipt = await parts.assistants.copilot.write(actor, id, generation_id, purpose, order)
    return answer_to_command(_body(written), receipt)


def _body(written: GenerationRecorded) -> GenerationBody:
    trace = written.trace
    return GenerationBody(
        id=wire("generation", written.originator_id),
        conversation_id=wire("conversation", written.conversation_id),
        text=readable(written.text),
        model=trace.model,
        tokens=trace.prompt_tokens + trace.completion_tokens,
        sources=tuple(dict.fromkeys(wire("article", one.article_id) for one in trace.sources)),
    )
