"""The tables of SLA policies and clocks: what is promised now, and what each conversation's clock waits for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from application.log import Recorded
from application.projection import Connection
from domain import sla_clock, sla_policy
from domain.sla_clock import ClockMoved, SlaApplied, SlaLifted, Watch
from domain.sla_policy import SlaDefinition, SlaPolicyRemoved, SlaPolicySaved
from domain.sla_reckoning import Terms
from projections.table import Key, Table


class PolicyRow(msgspec.Struct):
    """A removed one stays as a row that no list shows. `place`: its order among them."""

    tenant_id: int
    policy_id: UUID
    definition: SlaDefinition
    place: int
    version: int
    updated_at: datetime
    is_removed: bool = False


class ClockRow(msgspec.Struct):
    """`due_at`: when a timer has something to do. `version` and `position` are those of the clock's last event."""

    tenant_id: int
    clock_id: UUID
    conversation_id: UUID
    terms: Terms | None
    watches: tuple[Watch, ...]
    due_at: datetime | None
    position: int
    version: int
    seq: int


POLICIES = Table("sla_policy", PolicyRow, ("policy_id",), ("tenant_id, place, policy_id WHERE NOT is_removed",))
CLOCKS = Table("sla_clock", ClockRow, ("clock_id",), ("due_at WHERE due_at IS NOT NULL",))


class Sla:
    """Folds policies and clocks."""

    name = "sla"
    version = 1
    tables = (POLICIES.name, CLOCKS.name)
    concerns = frozenset(event.TYPE for event in (*sla_policy.EVENTS, *sla_clock.EVENTS))

    def ddl(self, build: int) -> str:
        return POLICIES.ddl(build) + CLOCKS.ddl(build)

    async def fold(self, connection: Connection, build: int, recorded: Sequence[Recorded]) -> None:
        keys = {(one.tenant_id, one.stream_id) for one in recorded}
        policies = await POLICIES.load(connection, build, keys)
        clocks = await CLOCKS.load(connection, build, keys)
        for one in recorded:
            _fold_policy(policies, one)
            _fold_clock(clocks, one)
        await POLICIES.upsert(connection, build, policies.values())
        await CLOCKS.upsert(connection, build, clocks.values())

    async def forget(self, connection: Connection, build: int, tenant_id: int, stream_id: UUID) -> None:
        for table in (POLICIES, CLOCKS):
            await table.delete(connection, build, tenant_id, stream_id)


def _fold_policy(policies: dict[Key, PolicyRow], one: Recorded) -> None:
    key = (one.tenant_id, one.stream_id)
    match one.event:
        case SlaPolicySaved(definition=definition):
            policies[key] = PolicyRow(*key, definition, definition.order, one.version, one.at)
        case SlaPolicyRemoved() if key in policies:
            policies[key].is_removed = True
        case _:
            pass


def _fold_clock(clocks: dict[Key, ClockRow], one: Recorded) -> None:
    if not isinstance(one.event, ClockMoved):
        return
    key, moved = (one.tenant_id, one.stream_id), one.event
    known = clocks.get(key)
    clocks[key] = ClockRow(
        tenant_id=one.tenant_id,
        clock_id=one.stream_id,
        conversation_id=moved.conversation_id,
        terms=terms_after(None if known is None else known.terms, moved),
        watches=moved.watches,
        due_at=moved.next_at,
        position=one.position,
        version=one.version,
        seq=one.seq,
    )


def terms_after(terms: Terms | None, moved: ClockMoved) -> Terms | None:
    """The terms in force after this event."""
    if isinstance(moved, SlaApplied):
        return moved.terms
    return None if isinstance(moved, SlaLifted) else terms
