"""Over a plan's limit: the visitor's message is stored and humans have it, and the answer says so with 429."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from application.bus import Receipt
from domain.conversation import MessagePosted
from domain.ids import wire
from interfaces.http.parts import HttpParts
from interfaces.http.told import folded


async def refuse_beyond(
    parts: HttpParts, tenant_id: int, receipt: Receipt, token: str | UnsetType = UNSET
) -> None:
    """`token`: the visitor token of a first contact, which the visitor needs to go on.

    Raises UsageLimitExceeded where the message was beyond a limit and no agent has the conversation yet.
    """
    message = next((event for event in receipt.events if isinstance(event, MessagePosted) and event.beyond), None)
    if message is None or await _is_agents(parts, tenant_id, message):
        return
    details: dict[str, object] = {
        "conversationId": wire("conversation", message.originator_id),
        "messageId": wire("message", message.message_id),
        "handoff": True,
        "seq": receipt.seq,
    }
    if isinstance(token, str):
        details["visitorToken"] = token
    meter = "tokens" if message.beyond == "tokens" else "messages"
    refusal = parts.allowance.over_limit(await parts.allowance.plan(tenant_id), meter, message.at, **details)
    refusal.replayed = receipt.replayed
    raise refusal


async def _is_agents(parts: HttpParts, tenant_id: int, message: MessagePosted) -> bool:
    history = await parts.reader.stream(tenant_id, message.originator_id)
    return folded([one.event for one in history]).handling.handled_by == "agent"
