"""Masking: what people write, as it may be stored for this tenant."""

from __future__ import annotations

from contextlib import suppress

from application.work import Work
from domain.ids import natural_key
from domain.masking import mask
from domain.refusals import NotFound
from domain.tenant import Tenant


async def masked(work: Work, text: str) -> str:
    """Without card numbers and secrets, unless the tenant switched that off; it is looked up, up to 5 s old."""
    return mask(text).text if await masks(work) else text


async def masks(work: Work) -> bool:
    """On where nobody switched it off."""
    with suppress(NotFound):  # a tenant that is not opened yet has switched nothing off
        return (await work.look_up(Tenant, natural_key(work.actor.tenant_id, Tenant.KIND))).masks
    return True
