"""Carrying out a command about a conversation, and answering with the conversation as it stands then."""

from __future__ import annotations

import msgspec
from litestar import Response

from application.conversation import AboutConversation
from interfaces.conversation_body import ConversationBody
from interfaces.http.audience import Caller
from interfaces.http.first_contact import order_of
from interfaces.http.headers import Connection, answer_to_command
from interfaces.http.parts import HttpParts
from interfaces.http.told import conversation_in, placed_stream


class ConversationAnswer(msgspec.Struct, frozen=True):
    conversation: ConversationBody


async def carry_out(
    request: Connection, caller: Caller, parts: HttpParts, command: AboutConversation
) -> Response[ConversationAnswer]:
    """Answered out of the log itself, so the answer holds what was just done. Raises a Refusal."""
    actor = caller.actor()
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    stream = await parts.reader.stream(caller.tenant_id, command.conversation_id)
    conversation = conversation_in(placed_stream(stream), caller.side)
    return answer_to_command(ConversationAnswer(conversation), receipt, version=conversation.version)
