"""What became of a webhook's deliveries; once more, from another position, or for a trial."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, JSONBody

from application.webhook import CreateWebhook, RedeliverWebhook, RewindWebhook, TryWebhook
from domain.ids import parse, wire
from domain.refusals import Invalid, NotFound
from domain.webhook import WebhookTestRequested
from infrastructure.webhooks.delivery import Delivery
from interfaces.http.audience import Asker, Caller, may
from interfaces.http.body import JsonRequest
from interfaces.http.headers import answer, answer_to_command
from interfaces.http.parts import HttpParts, Parts
from interfaces.http.transcript import Limit, PageCursor
from interfaces.http.webhook_body import (
    DeliveryBody,
    DeliveryList,
    ReplayRequest,
    RequestedBody,
    WebhookBody,
    delivery_body,
)
from interfaces.http.webhooks import ONE, carried_out, told
from projections.cursor import Cursor, decode_cursor, encode_cursor, page_limit

DELIVERIES = ONE + "/deliveries"
ORDER = "newest_delivery"


@get(
    DELIVERIES,
    opt={"audience": "member", "roles": may(CreateWebhook)},
    summary="List a webhook's deliveries",
    operation_id="listDeliveries",
    tags=["webhooks"],
)
async def list_deliveries(
    webhook_id: FromPath[str], caller: Asker, parts: Parts, limit: Limit = 50, cursor: PageCursor = None
) -> Response[DeliveryList]:
    """The newest first; what was settled is shown for 30 days."""
    id = await _known(parts, caller, webhook_id)
    before, size = None if cursor is None else _place(cursor), page_limit(limit)
    rows = await parts.webhooks.deliveries.page(caller.tenant_id, id, before, size + 1)
    more = _cursor_after(rows[size - 1]) if len(rows) > size else None
    seq = (await parts.reader.tenant_heads([caller.tenant_id]))[caller.tenant_id]
    return answer(DeliveryList(tuple(delivery_body(row) for row in rows[:size]), more), seq=seq)


@get(
    DELIVERIES + "/{delivery_id:str}",
    opt={"audience": "member", "roles": may(CreateWebhook)},
    summary="Get a delivery",
    operation_id="getDelivery",
    tags=["webhooks"],
)
async def get_delivery(
    webhook_id: FromPath[str], delivery_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[DeliveryBody]:
    """One that was asked for is there as soon as it is under way."""
    id = await _known(parts, caller, webhook_id)
    delivery = await _delivery(parts, caller, id, delivery_id)
    seq = (await parts.reader.tenant_heads([caller.tenant_id]))[caller.tenant_id]
    return answer(delivery_body(delivery), seq=seq)


@post(
    DELIVERIES + "/{delivery_id:str}/redeliver",
    status_code=202,
    opt={"audience": "member", "roles": may(RedeliverWebhook)},
    summary="Deliver once more",
    operation_id="redeliver",
    tags=["webhooks"],
)
async def redeliver(
    request: JsonRequest, webhook_id: FromPath[str], delivery_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[RequestedBody]:
    """With the same `webhook-id`, also where it is paused. What is being retried anyway stays as it is."""
    id = await _known(parts, caller, webhook_id)
    delivery = await _delivery(parts, caller, id, delivery_id)
    command = RedeliverWebhook(webhook_id=id, delivery_id=delivery.delivery_id)
    receipt = await carried_out(request, parts, caller, command)
    return answer_to_command(RequestedBody(delivery_id), receipt, 202)


@post(
    ONE + "/replay",
    status_code=200,
    opt={"audience": "member", "roles": may(RewindWebhook)},
    summary="Deliver from another position on",
    operation_id="replayWebhook",
    tags=["webhooks"],
)
async def replay_webhook(
    request: JsonRequest, webhook_id: FromPath[str], data: JSONBody[ReplayRequest], caller: Asker, parts: Parts
) -> Response[WebhookBody]:
    """Everything from this seq on, in order and with the same ids as the first time, then what is new."""
    head = (await parts.reader.tenant_heads([caller.tenant_id]))[caller.tenant_id]
    command = RewindWebhook(webhook_id=parse("webhook", webhook_id), to_seq=data.from_seq)
    if data.from_seq > head + 1:
        await _known(parts, caller, webhook_id)
        raise Invalid(f"from is at most {head + 1}: nothing has happened after that.")
    receipt = await carried_out(request, parts, caller, command)
    body = await told(parts, caller, command.webhook_id)
    return answer_to_command(body, receipt, version=body.version)


@post(
    ONE + "/test",
    status_code=202,
    opt={"audience": "member", "roles": may(TryWebhook)},
    summary="Send a test",
    operation_id="testWebhook",
    tags=["webhooks"],
)
async def test_webhook(
    request: JsonRequest, webhook_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[RequestedBody]:
    """A `webhook:test`, tried once, at once, also where the webhook is paused."""
    command = TryWebhook(webhook_id=parse("webhook", webhook_id))
    receipt = await carried_out(request, parts, caller, command)
    asked = next(event for event in receipt.events if isinstance(event, WebhookTestRequested))
    return answer_to_command(RequestedBody(wire("delivery", asked.delivery_id)), receipt, 202)


ROUTES = (list_deliveries, get_delivery, redeliver, replay_webhook, test_webhook)


async def _known(parts: HttpParts, caller: Caller, webhook_id: str) -> UUID:
    """Raises NotFound where this tenant has no such webhook."""
    id = parse("webhook", webhook_id)
    await told(parts, caller, id)
    return id


async def _delivery(parts: HttpParts, caller: Caller, webhook_id: UUID, delivery_id: str) -> Delivery:
    found = await parts.webhooks.deliveries.find(caller.tenant_id, webhook_id, parse("delivery", delivery_id))
    if found is None:
        raise NotFound
    return found


def _cursor_after(delivery: Delivery) -> str:
    return encode_cursor(Cursor(ORDER, delivery.created_at.isoformat(), delivery.delivery_id.hex))


def _place(cursor: str) -> tuple[datetime, UUID]:
    found = decode_cursor(cursor, ORDER)
    try:
        return datetime.fromisoformat(found.key), UUID(hex=found.last)
    except ValueError:
        raise Invalid("cursor is not one of ours.") from None
