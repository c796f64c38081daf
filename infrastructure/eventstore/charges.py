"""The charges of a batch as arguments of es.append_charged."""

from __future__ import annotations

from collections.abc import Sequence

from infrastructure.arrays import BigIntegers, Integers, Texts, Uuids
from infrastructure.eventstore.pending import Pending

ACTS = ("used", "held", "let_go")


def charges_of(batch: Sequence[Pending], *, is_needed: bool = False) -> list[bytes]:
    """In the order of the u_ parameters; empty where nobody is charged, unless others come behind them."""
    found = [
        (number, pending.tenant_id, charge)
        for number, pending in enumerate(batch, 1)
        for charge in pending.charges
    ]
    if not found and not is_needed:
        return []
    charges = [charge for _, _, charge in found]
    arrays = (
        Integers.of([number for number, _, _ in found]),
        Integers.of([tenant_id for _, tenant_id, _ in found]),
        Texts.of([one.meter for one in charges]),
        Integers.of([one.period for one in charges]),
        BigIntegers.of([one.amount for one in charges]),
        BigIntegers.of([-1 if one.limit is None else one.limit for one in charges]),
        Integers.of([ACTS.index(one.act) for one in charges]),
        Uuids.of([one.key for one in charges]),
        Integers.of([one.seconds for one in charges]),
    )
    return [one.body for one in arrays]
