"""Addresses: whether a widget may be talked to from where a request comes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

import msgspec

from domain.address_rules import AddressRules
from domain.refusals import AddressBlocked
from infrastructure.access.address_gate import AddressGate
from infrastructure.access.recent import Recent
from infrastructure.postgres import Database

WINDOW = 2.0
"""Seconds. Sockets are looked over every second, so a rule holds for those that are open within 5 s."""

WidgetKey = tuple[int, UUID]
"""Tenant and widget."""
OPEN = AddressGate(AddressRules())


class Addresses:
    """An answer is at most 2 s old; the process in which rules were set forgets the older ones at once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._recent: Recent[WidgetKey, AddressGate] = Recent(WINDOW)

    async def permit(self, tenant_id: int, widget_id: UUID | None, address: str | None) -> None:
        """Raises AddressBlocked. Without a widget there are no rules."""
        if widget_id is None:
            return
        key = tenant_id, widget_id
        gate = self._recent.find(key) or (await self.gates((key,)))[key]
        if not gate.admits(address):
            raise AddressBlocked

    async def gates(self, widgets: Collection[WidgetKey]) -> Mapping[WidgetKey, AddressGate]:
        """One query for all that are not remembered."""
        known = {key: gate for key in widgets if (gate := self._recent.find(key)) is not None}
        missing = [key for key in widgets if key not in known]
        if missing:
            asked_at = self._recent.now()
            for key, gate in (await self._look_up(missing)).items():
                known[key] = gate
                self._recent.keep(key, gate, asked_at)
        return known

    def forget(self, tenant_id: int, widget_id: UUID) -> None:
        """Its rules have just been changed here."""
        self._recent.drop((tenant_id, widget_id))

    async def _look_up(self, widgets: Collection[WidgetKey]) -> Mapping[WidgetKey, AddressGate]:
        async with self._database.worker() as connection:
            cursor = await connection.execute(
                "SELECT tenant, widget, access.address_rules_of(tenant, widget) "
                "FROM unnest(%s::int[], %s::uuid[]) AS asked(tenant, widget)",
                ([tenant_id for tenant_id, _ in widgets], [widget_id for _, widget_id in widgets]),
            )
            rows = await cursor.fetchall()
        return {(tenant_id, widget_id): _gate(told) for tenant_id, widget_id, told in rows}


def _gate(told: object) -> AddressGate:
    """Most widgets have no rules."""
    return OPEN if told is None else AddressGate(msgspec.convert(told, AddressRules))
