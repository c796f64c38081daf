"""Family B: "is typing", told to whoever looks at the conversation and never stored."""

from __future__ import annotations

import msgspec
from litestar import Response, post
from litestar.params import FromPath, JSONBody

from domain.ids import parse
from interfaces.http.audience import STAFF, Asker
from interfaces.http.body import JsonRequest
from interfaces.http.parts import Parts


class TypingRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    typing: bool = True


@post(
    "/api/v1/chat/conversations/{conversation_id:str}/typing",
    status_code=204,
    opt={"audience": "visitor_or_agent", "roles": STAFF},
    summary="Tell that somebody is typing",
    operation_id="tellTyping",
    tags=["chat"],
)
async def tell_typing(
    request: JsonRequest,
    conversation_id: FromPath[str],
    caller: Asker,
    parts: Parts,
    data: JSONBody[TypingRequest | None] = None,
) -> Response[None]:
    """Forgotten after five seconds by who is shown it. A visitor never learns of a note's author."""
    is_typing = data.typing if data else True
    await parts.typing(caller.actor(), parse("conversation", conversation_id), is_typing)
    return Response(None, status_code=204)
