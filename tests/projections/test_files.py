"""Files are found by id, by contact and by being wanted by nobody; rules are the tenant's or the default."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from application.actor import Actor, system
from application.command import Command
from application.contact import EraseContact, IntroduceContact
from application.file import PurgeFile, UploadFile
from application.tenant import OpenTenant, SetFileRules
from application.work import Work
from domain.file import File, FileRules
from domain.refusals import Forbidden, NotFound, TooLarge
from infrastructure.postgres import Database
from projections.files import read_file_rules, read_files, read_files_of_contact, read_unattached
from tests.projections.conftest import ReadModels
from tests.support.house import ADMIN, STRANGER, TENANT, VISITING, VISITOR, House, agent

SYSTEM = system(TENANT)
CONVERSATION = UUID(int=0xE1)


def file(number: int) -> UploadFile:
    facts = {"content_type": "application/pdf", "size": 10, "sha256": "00", "key": f"{TENANT}/{number}"}
    return UploadFile(file_id=UUID(int=number), name=f"{number}.pdf", **facts)


class Attach(Command, frozen=True, kw_only=True):
    file_id: UUID
    contact_id: UUID
    keep_first: bool = False


async def attach(work: Work, command: Attach) -> None:
    loaded = await work.get(File, command.file_id)
    if command.keep_first:
        loaded.keep(work.stamp)
    place = {"conversation_id": CONVERSATION, "contact_id": command.contact_id, "message_id": work.new_id()}
    loaded.attach(work.stamp, **place)


async def attached(
    house: House,
    monkeypatch: pytest.MonkeyPatch,
    actor: Actor,
    number: int,
    contact: UUID,
    keep: bool = False,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("application.permit.PERMISSIONS", {Attach: frozenset(["agent", "visitor"])})
        patch.setattr("tests.support.house.HANDLERS", {Attach: attach})
        await house.new_bus().execute(actor, Attach(file_id=UUID(int=number), contact_id=contact, keep_first=keep))


@pytest.fixture
async def opened(house: House) -> House:
    await house.do(SYSTEM, OpenTenant(name="Shop"))
    return house


async def unattached(database: Database, before: datetime) -> list[int]:
    async with database.worker() as connection:
        found, last = [], None
        while page := await read_unattached(connection, before, last, 2):
            found.extend(one.file_id.int for one in page)
            last = page[-1]
    return found


async def test_files_are_read_many_at_once(opened: House, models: ReadModels) -> None:
    for number in (1, 2, 3):
        await opened.do(VISITING, file(number))
    await opened.do(ADMIN, PurgeFile(file_id=UUID(int=2), reason="deleted"))
    await models.fold()
    async with models.tenant() as connection:
        found = await read_files(connection, TENANT, [UUID(int=1), UUID(int=2), UUID(int=9)])
    assert {id.int: (one.name, one.is_purged) for id, one in found.items()} == {
        1: ("1.pdf", False),
        2: (None, True),
    }
    async with models.tenant(TENANT + 1) as connection:
        assert await read_files(connection, TENANT, [UUID(int=1)]) == {}


async def test_those_that_nobody_attached_are_found_oldest_first_page_by_page(
    opened: House, models: ReadModels, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2, 3, 4, 5):
        await opened.do(VISITING, file(number))
        opened.later(hours=1)
    await attached(opened, monkeypatch, VISITING, 2, VISITOR)
    await opened.do(ADMIN, PurgeFile(file_id=UUID(int=3), reason="deleted"))
    await models.fold()
    assert await unattached(database, opened.now) == [1, 4, 5]
    assert await unattached(database, opened.now - timedelta(hours=2)) == [1, 4]


async def test_an_erased_person_leaves_no_name_whatever_the_pages(opened: House, models: ReadModels) -> None:
    await opened.do(VISITING, IntroduceContact(contact_id=VISITOR, name="Mia"))
    await opened.do(VISITING, file(1))
    await models.fold()
    await opened.do(VISITING, file(2))
    await opened.do(ADMIN, EraseContact(contact_id=VISITOR, reason="asked to"))
    await models.fold()
    async with models.tenant() as connection:
        found = await read_files(connection, TENANT, [UUID(int=1), UUID(int=2)])
    assert [one.name for one in found.values()] == [None, None]


async def test_all_files_of_a_contact_are_found_for_their_erasure(
    opened: House, models: ReadModels, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, actor in ((1, VISITING), (2, agent()), (3, agent()), (4, agent()), (5, agent())):
        await opened.do(actor, file(number))
    await attached(opened, monkeypatch, agent(), 2, VISITOR)
    await attached(opened, monkeypatch, agent(), 3, STRANGER)
    await attached(opened, monkeypatch, agent(), 5, VISITOR, keep=True)  # a canned response's outlives them
    await models.fold()
    async with models.tenant() as connection:
        found = await read_files_of_contact(connection, TENANT, VISITOR)
    assert sorted(id.int for id in found) == [1, 2]
    assert await unattached(database, opened.now) == [1, 4]


async def test_rules_are_the_tenants_or_the_default(opened: House, models: ReadModels) -> None:
    await models.fold()
    async with models.tenant() as connection:
        assert await read_file_rules(connection, TENANT) == FileRules()
    rules = FileRules(max_size=5, content_types=("image/png",))
    await opened.do(ADMIN, SetFileRules(rules=rules))
    await models.fold()
    async with models.tenant() as connection:
        assert await read_file_rules(connection, TENANT) == rules
    async with models.tenant(TENANT + 1) as connection:
        assert await read_file_rules(connection, TENANT + 1) == FileRules()


async def test_the_command_holds_to_the_rules_too(opened: House) -> None:
    await opened.do(ADMIN, SetFileRules(rules=FileRules(max_size=5)))
    with pytest.raises(TooLarge):
        await opened.do(VISITING, file(1))
    with pytest.raises(NotFound):
        await opened.do(ADMIN, PurgeFile(file_id=UUID(int=1), reason="deleted"))
    with pytest.raises(Forbidden):
        await opened.do(VISITING, SetFileRules(rules=FileRules()))
