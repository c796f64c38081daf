"""An erased contact's trail is forgotten by a policy."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from application.actor import system
from application.contact import EraseContact
from application.policies.forget_visits import ForgetVisits
from tests.support.house import TENANT, VISITOR, House
from tests.support.memory_log import MemoryLog


async def test_what_an_erased_contact_was_tracked_doing_is_forgotten() -> None:
    house, forgotten = House(), list[tuple[int, Collection[UUID]]]()

    async def forget(tenant_id: int, contact_ids: Collection[UUID]) -> None:
        forgotten.append((tenant_id, contact_ids))

    policy = ForgetVisits(forget)
    await house.chat(with_assistant=False)
    await house.do(system(TENANT), EraseContact(contact_id=VISITOR, reason="asked for"))
    assert isinstance(house.log, MemoryLog)
    for recorded in house.log.recorded:
        if policy.concerns(recorded):
            await policy.react(recorded)
    assert forgotten == [(TENANT, [VISITOR])]
