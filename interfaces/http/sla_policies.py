"""SLA policies: how soon conversations of a kind are to be answered and resolved."""

from __future__ import annotations

from collections.abc import Iterable

from litestar import Response, delete, get, post, put
from litestar.params import FromPath, JSONBody

from application.bus import Receipt
from application.sla_policy import CreateSlaPolicy, RemoveSlaPolicy, ReplaceSlaPolicy
from domain.ids import parse
from domain.kernel import Event
from domain.refusals import NotFound
from domain.sla_policy import SlaPolicySaved
from interfaces.http.audience import MEMBERS, Asker, may
from interfaces.http.body import JsonRequest
from interfaces.http.first_contact import order_of
from interfaces.http.headers import answer, answer_to_command, expected_version
from interfaces.http.parts import Parts
from interfaces.http.position import reached
from interfaces.http.sla_policy_body import (
    SlaPolicyBody,
    SlaPolicyList,
    SlaPolicyRequest,
    definition_in,
    policy_body,
)
from interfaces.http.transcript import Limit, PageCursor
from projections.sla import PolicyView, read_policies, read_policy

POLICIES = "/api/v1/sla-policies"
ONE = POLICIES + "/{sla_policy_id:str}"


@get(
    POLICIES,
    opt={"audience": "member", "roles": MEMBERS},
    summary="List SLA policies",
    operation_id="listSlaPolicies",
    tags=["sla"],
)
async def list_sla_policies(
    request: JsonRequest, caller: Asker, parts: Parts, limit: Limit = 50, cursor: PageCursor = None
) -> Response[SlaPolicyList]:
    """In the order in which they are looked at: the first that fits a conversation is in force."""
    seq = await reached(parts, request, caller.tenant_id, "sla")
    async with parts.database.tenant(caller.tenant_id) as connection:
        page = await read_policies(connection, caller.tenant_id, limit, cursor)
    return answer(SlaPolicyList(tuple(_of_view(row) for row in page.rows), page.next_cursor), seq=seq)


@get(
    ONE,
    opt={"audience": "member", "roles": MEMBERS},
    summary="Get an SLA policy",
    operation_id="getSlaPolicy",
    tags=["sla"],
)
async def get_sla_policy(
    request: JsonRequest, sla_policy_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[SlaPolicyBody]:
    """As it was saved last."""
    id = parse("sla_policy", sla_policy_id)
    seq = await reached(parts, request, caller.tenant_id, "sla")
    async with parts.database.tenant(caller.tenant_id) as connection:
        view = await read_policy(connection, caller.tenant_id, id)
    if view is None:
        raise NotFound
    return answer(_of_view(view), seq=seq, version=view.version)


@post(
    POLICIES,
    status_code=201,
    opt={"audience": "member", "roles": may(CreateSlaPolicy)},
    summary="Create an SLA policy",
    operation_id="createSlaPolicy",
    tags=["sla"],
)
async def create_sla_policy(
    request: JsonRequest, data: JSONBody[SlaPolicyRequest], caller: Asker, parts: Parts
) -> Response[SlaPolicyBody]:
    """Conversations that begin, or whose priority, labels or team change, from now on come under it."""
    actor, command = caller.actor(), CreateSlaPolicy(definition=definition_in(data))
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    return _as_saved(receipt, receipt.events, 201)


@put(
    ONE,
    status_code=200,
    opt={"audience": "member", "roles": may(ReplaceSlaPolicy)},
    summary="Replace an SLA policy",
    operation_id="replaceSlaPolicy",
    tags=["sla"],
)
async def replace_sla_policy(
    request: JsonRequest,
    sla_policy_id: FromPath[str],
    data: JSONBody[SlaPolicyRequest],
    caller: Asker,
    parts: Parts,
) -> Response[SlaPolicyBody]:
    """A new version of all of it; conversations under the old one keep it until they are reopened. `If-Match`."""
    actor = caller.actor()
    command = ReplaceSlaPolicy(
        policy_id=parse("sla_policy", sla_policy_id),
        definition=definition_in(data),
        expected_version=expected_version(request),
    )
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    stream = await parts.reader.stream(caller.tenant_id, command.policy_id)
    return _as_saved(receipt, [one.event for one in stream], 200)


@delete(
    ONE,
    status_code=204,
    opt={"audience": "member", "roles": may(RemoveSlaPolicy)},
    summary="Remove an SLA policy",
    operation_id="removeSlaPolicy",
    tags=["sla"],
)
async def remove_sla_policy(
    request: JsonRequest, sla_policy_id: FromPath[str], caller: Asker, parts: Parts
) -> Response[None]:
    """No conversation comes under it any more; removing twice changes nothing."""
    actor, command = caller.actor(), RemoveSlaPolicy(policy_id=parse("sla_policy", sla_policy_id))
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    return answer_to_command(None, receipt, 204)


ROUTES = (list_sla_policies, get_sla_policy, create_sla_policy, replace_sla_policy, remove_sla_policy)


def _of_view(view: PolicyView) -> SlaPolicyBody:
    return policy_body(view.policy_id, view.definition, view.version, view.updated_at)


def _as_saved(receipt: Receipt, events: Iterable[Event], status: int) -> Response[SlaPolicyBody]:
    """Out of the log itself, so the answer holds what was just done."""
    saved = next((one for one in reversed([*events]) if isinstance(one, SlaPolicySaved)), None)
    if saved is None:
        raise NotFound
    body = policy_body(saved.originator_id, saved.definition, saved.originator_version, saved.at)
    return answer_to_command(body, receipt, status, saved.originator_version)
