"""Whether card numbers and secrets are taken out of what people write to this tenant."""

from __future__ import annotations

import msgspec
from litestar import Response, get, put
from litestar.params import JSONBody

from application.tenant import SetMasking
from domain.ids import natural_key
from domain.kernel import Aggregate
from domain.tenant import Tenant
from interfaces.http.audience import STAFF, Asker, may
from interfaces.http.body import JsonRequest
from interfaces.http.first_contact import order_of
from interfaces.http.headers import answer, answer_to_command
from interfaces.http.parts import Parts

MASKING = "/api/v1/tenant/masking"


class MaskingBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """On by default."""

    enabled: bool


@get(
    MASKING,
    opt={"audience": "member", "roles": STAFF | {"auditor"}},
    summary="Get whether secrets are masked",
    operation_id="getMasking",
    tags=["tenant"],
)
async def get_masking(caller: Asker, parts: Parts) -> Response[MaskingBody]:
    """Card numbers and secrets in messages, notes and answers to forms."""
    aggregate: Aggregate | None = None
    for one in await parts.reader.stream(caller.tenant_id, natural_key(caller.tenant_id, Tenant.KIND)):
        aggregate = one.event.mutate(aggregate)
    seq = (await parts.reader.tenant_heads([caller.tenant_id]))[caller.tenant_id]
    return answer(MaskingBody(aggregate.masks if isinstance(aggregate, Tenant) else True), seq=seq)


@put(
    MASKING,
    opt={"audience": "member", "roles": may(SetMasking)},
    summary="Switch masking on or off",
    operation_id="setMasking",
    tags=["tenant"],
)
async def set_masking(
    request: JsonRequest, data: JSONBody[MaskingBody], caller: Asker, parts: Parts
) -> Response[MaskingBody]:
    """For what is written from now on (within 5 s in every process), and for this tenant alone."""
    actor, command = caller.actor(), SetMasking(enabled=data.enabled)
    receipt = await parts.bus.execute(actor, command, order_of(request, actor, command))
    return answer_to_command(data, receipt)


ROUTES = (get_masking, set_masking)
