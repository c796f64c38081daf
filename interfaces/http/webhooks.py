"""Webhooks: where the tenant is told what happens. docs/webhooks.md says what is sent, and when again."""

from __future__ import annotations

from uuid import UUID

from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from application.actor import Actor
from application.bus import Receipt
from application.bus import Request as CommandRequest
from application.webhook import (
    MOST_WEBHOOKS,
    AboutWebhook,
    ChangeWebhook,
    CreateWebhook,
    PauseWebhook,
    RemoveWebhook,
    ResumeWebhook,
    RotateWebhookSecret,
    TooManyWebhooks,
)
from domain.ids import parse, wire
from domain.refusals import Invalid, NotFound
from domain.webhook import Subscription, WebhookCreated, WebhookSecretRotated
from infrastructure.egress import EgressRefused
from interfaces.http.audience import Asker, Caller, may
from interfaces.http.body import JsonRequest
from interfaces.http.first_contact import order_of
from interfaces.http.headers import answer, answer_to_command, expected_version
from interfaces.http.parts import HttpParts, Parts
from interfaces.http.position import reached
from interfaces.http.transcript import Limit, PageCursor
from interfaces.http.webhook_body import (
    NewWebhook,
    RotationRequest,
    SecretWebhookBody,
    WebhookBody,
    WebhookChange,
    WebhookList,
    folded,
    webhook_body,
    webhook_state_body,
)
from projections.webhooks import count_webhooks, read_webhook, read_webhooks

WEBHOOKS = "/api/v1/webhooks"
ONE = WEBHOOKS + "/{webhook_id:str}"
LOOK_UP_SECONDS = 3.0


@get(
    WEBHOOKS,
    opt={"audience": "member", "roles": may(CreateWebhook)},
    summary="List webhooks",
    operation_id="listWebhooks",
    tags=["webhooks"],
)
async def list_webhooks(
    request: JsonRequest, caller: Asker, parts: Parts, limit: Limit = 50, cursor: PageCursor = None
) -> Response[WebhookList]:
    """The newest first; never a secret."""
    seq = await reached(parts, request, caller.tenant_id, "webhooks")
    async with parts.database.tenant(caller.tenant_id) as connection:
        page = await read_webhooks(connection, caller.tenant_id, limit, cursor)
    ids = [row.webhook_id for row in page.rows]
    standings = await parts.webhooks.deliveries.standings(caller.tenant_id, ids)
    data = tuple(
        webhook_state_body(wire("webhook", row.webhook_id), row.state, row.version, standings.get(row.webhook_id))
        for row in page.rows
    )
    return answer(WebhookList(data, page.next_cursor), seq=seq)


@post(
    WEBHOOKS,
    status_code=201,
    opt={"audience": "member", "roles": may(CreateWebhook)},
    summary="Create a webhook",
    operation_id="createWebhook",
    tags=["webhooks"],
)
async def create_webhook(
    request: JsonRequest, data: JSONBody[NewWebhook], caller: Asker, parts: Parts
) -> Response[SecretWebhookBody]:
    """Everything that happens from now on is delivered, signed with the secret that is shown here and never again.

    An API key needs `conversations:read` for socket names, `events:read` for event types. A tenant has 50 at most:
    409 `too_many_webhooks`.
    """
    actor = caller.actor()
    subscription = Subscription(data.url, data.events, data.description, data.private_notes, data.personal_data)
    await _expect_allowed(parts, data.url)
    command = CreateWebhook(subscription=subscription)
    order = order_of(request, actor, command)
    await _expect_room(parts, actor, command, order)
    receipt = await parts.bus.execute(actor, command, order)
    created = next(event for event in receipt.events if isinstance(event, WebhookCreated))
    secret = await parts.webhooks.secrets.issue(caller.tenant_id, created.originator_id, created.secret_id)
    body = SecretWebhookBody(webhook_body(folded(list(receipt.events)), None), secret)
    return answer_to_command(body, receipt, 201, body.webhook.version)


@get(
    ONE,
    opt={"audience": "member", "roles": may(CreateWebhook)},
    summary="Get a webhook",
    operation_id="getWebhook",
    tags=["webhooks"],
)
async def get_webhook(
    request: JsonRequest, webhook_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[WebhookBody]:
    """How far it is, and since when its address has failed."""
    id = parse("webhook", webhook_id)
    seq = await reached(parts, request, caller.tenant_id, "webhooks")
    async with parts.database.tenant(caller.tenant_id) as connection:
        row = await read_webhook(connection, caller.tenant_id, id)
    if row is None:
        raise NotFound
    standings = await parts.webhooks.deliveries.standings(caller.tenant_id, [id])
    body = webhook_state_body(webhook_id, row.state, row.version, standings.get(id))
    return answer(body, seq=seq, version=row.version)


@patch(
    ONE,
    opt={"audience": "member", "roles": may(ChangeWebhook)},
    summary="Change a webhook",
    operation_id="changeWebhook",
    tags=["webhooks"],
)
async def change_webhook(
    request: JsonRequest, webhook_id: FromPath[str], data: JSONBody[WebhookChange], caller: Asker, parts: Parts
) -> Response[WebhookBody]:
    """From the next delivery on, what waits included. `If-Match` refuses to overwrite another's change."""
    if isinstance(data.url, str):
        await _expect_allowed(parts, data.url)
    command = ChangeWebhook(
        webhook_id=parse("webhook", webhook_id),
        url=data.url,
        events=data.events,
        description=data.description,
        private_notes=data.private_notes,
        personal_data=data.personal_data,
        expected_version=expected_version(request),
    )
    return await _changed(request, parts, caller, command)


@delete(
    ONE,
    status_code=204,
    opt={"audience": "member", "roles": may(RemoveWebhook)},
    summary="Remove a webhook",
    operation_id="removeWebhook",
    tags=["webhooks"],
)
async def remove_webhook(
    request: JsonRequest, webhook_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[None]:
    """Nothing is sent any more. Removing twice changes nothing."""
    command = RemoveWebhook(webhook_id=parse("webhook", webhook_id))
    return answer_to_command(None, await carried_out(request, parts, caller, command), 204)


@post(
    ONE + "/pause",
    status_code=200,
    opt={"audience": "member", "roles": may(PauseWebhook)},
    summary="Pause a webhook",
    operation_id="pauseWebhook",
    tags=["webhooks"],
)
async def pause_webhook(
    request: JsonRequest, webhook_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[WebhookBody]:
    """What happens meanwhile waits in the log, however long. Pausing twice changes nothing."""
    return await _changed(request, parts, caller, PauseWebhook(webhook_id=parse("webhook", webhook_id)))


@post(
    ONE + "/resume",
    status_code=200,
    opt={"audience": "member", "roles": may(ResumeWebhook)},
    summary="Resume a webhook",
    operation_id="resumeWebhook",
    tags=["webhooks"],
)
async def resume_webhook(
    request: JsonRequest, webhook_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[WebhookBody]:
    """Goes on where it was paused; a replay from further on skips what is not wanted. Twice changes nothing."""
    return await _changed(request, parts, caller, ResumeWebhook(webhook_id=parse("webhook", webhook_id)))


@post(
    ONE + "/secret/rotate",
    status_code=200,
    opt={"audience": "member", "roles": may(RotateWebhookSecret)},
    summary="Rotate a webhook's secret",
    operation_id="rotateWebhookSecret",
    tags=["webhooks"],
)
async def rotate_webhook_secret(
    request: JsonRequest, webhook_id: FromPath[str], data: JSONBody[RotationRequest], caller: Asker, parts: Parts
) -> Response[SecretWebhookBody]:
    """The new one signs at once, the old one beside it for `graceSeconds`; one before that no more."""
    command = RotateWebhookSecret(webhook_id=parse("webhook", webhook_id), grace_seconds=data.grace_seconds)
    receipt = await carried_out(request, parts, caller, command)
    rotated = next(event for event in receipt.events if isinstance(event, WebhookSecretRotated))
    secret = await parts.webhooks.secrets.issue(caller.tenant_id, command.webhook_id, rotated.secret_id)
    body = SecretWebhookBody(await told(parts, caller, command.webhook_id), secret)
    return answer_to_command(body, receipt, version=body.webhook.version)


ROUTES = (
    list_webhooks,
    create_webhook,
    get_webhook,
    change_webhook,
    remove_webhook,
    pause_webhook,
    resume_webhook,
    rotate_webhook_secret,
)


async def carried_out(request: JsonRequest, parts: HttpParts, caller: Caller, command: AboutWebhook) -> Receipt:
    actor = caller.actor()
    return await parts.bus.execute(actor, command, order_of(request, actor, command))


async def told(parts: HttpParts, caller: Caller, webhook_id: UUID) -> WebhookBody:
    """As the log says it is now. Raises NotFound."""
    stream = await parts.reader.stream(caller.tenant_id, webhook_id)
    webhook = folded([one.event for one in stream])
    standings = await parts.webhooks.deliveries.standings(caller.tenant_id, [webhook_id])
    return webhook_body(webhook, standings.get(webhook_id))


async def _changed(
    request: JsonRequest, parts: HttpParts, caller: Caller, command: AboutWebhook
) -> Response[WebhookBody]:
    receipt = await carried_out(request, parts, caller, command)
    body = await told(parts, caller, command.webhook_id)
    return answer_to_command(body, receipt, version=body.version)


async def _expect_room(parts: HttpParts, actor: Actor, command: CreateWebhook, order: CommandRequest) -> None:
    """By the read model, so a burst may go over it once. Raises TooManyWebhooks, but not for a repeat."""
    async with parts.database.tenant(actor.tenant_id) as connection:
        count = await count_webhooks(connection, actor.tenant_id)
    if count >= MOST_WEBHOOKS and await parts.bus.recall(actor, command, order) is None:
        raise TooManyWebhooks(limit=MOST_WEBHOOKS)


async def _expect_allowed(parts: HttpParts, url: str) -> None:
    """Raises Invalid for an address that we never go to; it is looked at again before each delivery."""
    try:
        await parts.webhooks.egress.expect_allowed(url, LOOK_UP_SECONDS)
    except EgressRefused as refused:
        raise Invalid(f"url cannot be used: {refused}") from refused
