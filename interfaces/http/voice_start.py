"""Family A, `POST /voice/start`: a number for the visitor to dial, and the conversation that the call is in."""

from __future__ import annotations

import msgspec
from litestar import Response, post
from litestar.params import FromPath, JSONBody

from application.calling import BegunCall, CallWish
from domain.ids import wire
from domain.refusals import MissingSession
from interfaces.http.audience import Asker
from interfaces.http.body import JsonRequest
from interfaces.http.chat import maybe_parse, own_widget
from interfaces.http.first_contact import opening, visitor_token
from interfaces.http.headers import answer_to_command
from interfaces.http.parts import Parts
from interfaces.http.rates import pace
from interfaces.http.visitors import refuse_flood
from interfaces.wire import maybe_wire


class VoiceStartRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """`sessionId` is needed."""

    session_id: str | None = None
    assistant_id: str | None = None


class VoiceStartAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`phoneNumber` in E.164. `assistantId` is null where no assistant has the conversation."""

    success: bool = True
    conversation_id: str
    assistant_id: str | None
    phone_number: str
    visitor_token: str | msgspec.UnsetType = msgspec.UNSET


@post(
    "/api/widgets/{widget_id:str}/voice/start",
    status_code=200,
    opt={"audience": "widget"},
    guards=[pace],
    summary="Start voice call",
    operation_id="startVoiceCall",
    tags=["widgets"],
)
async def start_voice_call(
    request: JsonRequest, widget_id: FromPath[str], data: JSONBody[VoiceStartRequest], caller: Asker, parts: Parts
) -> Response[VoiceStartAnswer]:
    """The number is this visitor's until the call ends, or two minutes if nobody dials it.

    While the visitor's call rings or runs, starting again answers that call. 404 `voice_not_enabled`; 503
    `no_number_free` or `line_unavailable`, with Retry-After; 429 where the plan has no seconds left.
    """
    grant = own_widget(widget_id, caller)
    if not data.session_id or not data.session_id.strip():
        raise MissingSession
    opened = opening(request, caller, data.session_id, None)
    await refuse_flood(parts, opened, None)
    wish = CallWish(grant.widget_id, maybe_parse("assistant", data.assistant_id), data.session_id)
    begun = await parts.voice.calling.start(opened.actor, wish, opened.request)
    body = _answer(begun, await visitor_token(parts, opened))
    return answer_to_command(body, begun.receipt)


def _answer(begun: BegunCall, token: str | msgspec.UnsetType) -> VoiceStartAnswer:
    return VoiceStartAnswer(
        conversation_id=wire("conversation", begun.conversation.id),
        assistant_id=maybe_wire("assistant", begun.conversation.assistant_id),
        phone_number=begun.call.phone_number,
        visitor_token=token,
    )
