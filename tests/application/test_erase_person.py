"""What follows an erasure: the key, the tokens and the files of each contact that was this person."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from application.actor import system
from application.contact import EraseContact, IntroduceContact
from application.file import UploadFile
from application.joining import MergeContact
from application.policies.erase_person import ErasePerson, Leftovers
from application.tenant import OpenTenant
from domain.file import FilePurged
from tests.support.house import ADMIN, STRANGER, TENANT, VISITING, VISITOR, House, agent, visitor
from tests.support.memory_log import MemoryLog

FILE = UUID(int=0xF1)


class Beside:
    """What lies beside the log: notes what is asked of it, in order."""

    def __init__(self, files: dict[UUID, list[UUID]]) -> None:
        self.files = files
        self.done: list[tuple[str, UUID]] = []

    def leftovers(self) -> Leftovers:
        return Leftovers(self.destroy_key, self.revoke, self.files_of)

    async def destroy_key(self, tenant_id: int, contact_id: UUID) -> None:
        assert tenant_id == TENANT
        self.done.append(("key", contact_id))

    async def revoke(self, tenant_id: int, contact_id: UUID) -> None:
        assert tenant_id == TENANT
        self.done.append(("tokens", contact_id))

    async def files_of(self, tenant_id: int, contact_id: UUID, seq: int) -> Collection[UUID]:
        assert (tenant_id, seq > 0) == (TENANT, True)
        return self.files.get(contact_id, [])


async def erased(house: House, beside: Beside) -> None:
    """Two contacts are merged, one is named, all that follows is done twice, as after a crash."""
    await house.do(system(TENANT), OpenTenant(name="Shop"))
    await house.do(VISITING, IntroduceContact(contact_id=VISITOR, name="Mia"))
    await house.do(visitor(TENANT, STRANGER), IntroduceContact(contact_id=STRANGER, name="Mia M."))
    upload = UploadFile(file_id=FILE, name="a.png", content_type="image/png", size=1, sha256="0" * 64, key="7/a")
    await house.do(visitor(TENANT, STRANGER), upload)
    await house.do(agent(), MergeContact(contact_id=STRANGER, into_id=VISITOR))
    await house.do(ADMIN, EraseContact(contact_id=STRANGER, reason="asked for"))
    assert isinstance(house.log, MemoryLog)
    policy = ErasePerson(house.bus, beside.leftovers())
    for _ in range(2):
        for recorded in tuple(house.log.recorded):
            if policy.concerns(recorded):
                await policy.react(recorded)


async def test_all_that_lies_beside_the_log_goes_for_each_of_the_family() -> None:
    house, beside = House(), Beside({STRANGER: [FILE]})
    await erased(house, beside)
    assert set(beside.done) == {(what, who) for what in ("key", "tokens") for who in (VISITOR, STRANGER)}


async def test_the_key_is_destroyed_before_anything_else() -> None:
    house, beside = House(), Beside({})
    await erased(house, beside)
    assert [what for what, _ in beside.done[::2]] == ["key"] * 4


async def test_a_file_is_purged_once_however_often_it_is_asked() -> None:
    house, beside = House(), Beside({STRANGER: [FILE]})
    await erased(house, beside)
    assert isinstance(house.log, MemoryLog)
    purged = [one.event for one in house.log.recorded if isinstance(one.event, FilePurged)]
    assert [(one.originator_id, one.reason, one.cause.policy) for one in purged] == [
        (FILE, "contact_erased", "erase_person")
    ]
