"""Masking: what people write, as it may be stored for this tenant."""

from __future__ import annotations

from collections.abc import Mapping

from application.work import Work
from domain.attributes import AttributeValue
from domain.ids import natural_key
from domain.masking import mask
from domain.refusals import NotFound
from domain.tenant import Tenant


async def masked(work: Work, text: str) -> str:
    """Without card numbers and secrets, unless the tenant switched that off; it is looked up, up to 5 s old."""
    return mask(text).text if await masks(work) else text


async def masked_values(work: Work, values: Mapping[str, AttributeValue]) -> dict[str, AttributeValue]:
    """The same of attributes; a number that is a card's becomes a text. The tenant is asked only if need be."""
    changed = {name: text for name, value in values.items() if (text := _mask_value(value)) != value}
    return {**values, **changed} if changed and await masks(work) else dict(values)


async def masks(work: Work) -> bool:
    """On where nobody switched it off."""
    try:
        tenant = await work.look_up(Tenant, natural_key(work.actor.tenant_id, Tenant.KIND))
    except NotFound:  # a tenant that is not opened yet has switched nothing off
        return True
    return tenant.masks


def _mask_value(value: AttributeValue) -> AttributeValue:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return value
    text = str(value)
    masked = mask(text).text
    return value if masked == text else masked
