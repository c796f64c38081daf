"""Searching for somebody who was merged finds the one who survives, by either's name, once, until it is undone."""

from __future__ import annotations

from uuid import UUID

from application.contact import IntroduceContact
from application.joining import MergeContact, UnmergeContact
from projections.search import SearchHit
from tests.projections.conftest import ReadModels
from tests.projections.test_search import find
from tests.support.house import STRANGER, VISITOR, House, agent

THIRD = UUID(int=0xD3)


async def introduced(house: House, id: UUID, name: str | None, email: str | None = None) -> None:
    await house.do(agent(), IntroduceContact(contact_id=id, name=name, email=email))


async def merged(house: House, id: UUID, into: UUID) -> None:
    await house.do(agent(), MergeContact(contact_id=id, into_id=into))


async def found(models: ReadModels, q: str) -> list[tuple[UUID, str | None, str | None]]:
    page = await find(models, q, within="contacts")
    return [(hit.contact_id, hit.contact_name, hit.contact_email) for hit in page.hits]


async def test_the_absorbed_contacts_words_find_the_one_that_survives(house: House, models: ReadModels) -> None:
    await introduced(house, VISITOR, "Hanna Öz", "hoz@work.test")
    await introduced(house, STRANGER, "Anna Berg", "anna@home.test")
    await merged(house, STRANGER, VISITOR)
    survivor = (VISITOR, "Hanna Öz", "hoz@work.test")
    for q in ("berg", "anna@home", "hanna", "test"):  # the last one is in both
        assert await found(models, q) == [survivor], q
    (hit,) = (await find(models, "berg", within="contacts")).hits
    assert hit.snippet == "Anna Berg anna@home.test"
    assert [hit.snippet[start:end] for start, end in hit.highlights] == ["Berg"]


async def test_taken_apart_again_they_are_found_as_themselves(house: House, models: ReadModels) -> None:
    await introduced(house, VISITOR, "Hanna Öz")
    await introduced(house, STRANGER, "Anna Berg")
    await merged(house, STRANGER, VISITOR)
    assert [id for id, *_ in await found(models, "berg")] == [VISITOR]
    await house.do(agent(), UnmergeContact(contact_id=STRANGER))
    assert [id for id, *_ in await found(models, "berg")] == [STRANGER]
    assert [id for id, *_ in await found(models, "öz")] == [VISITOR]


async def test_over_two_merges_and_somebody_without_a_name(house: House, models: ReadModels) -> None:
    await introduced(house, VISITOR, "Anna Berg")
    await introduced(house, STRANGER, None)
    await introduced(house, THIRD, None)
    for id in (STRANGER, THIRD):
        await house.do(agent(), IntroduceContact(contact_id=id, phone="+49151234567"))
        await house.do(agent(), IntroduceContact(contact_id=id, phone=None, email=f"x{id.int}@home.test"))
    await merged(house, VISITOR, STRANGER)
    await merged(house, STRANGER, THIRD)
    assert await found(models, "berg") == [(THIRD, "Anna Berg", f"x{THIRD.int}@home.test")]
    assert len(await found(models, "home.test")) == 1


async def test_a_page_counts_people_not_contacts(house: House, models: ReadModels) -> None:
    people = [UUID(int=0xE00 + number) for number in range(6)]
    for number, id in enumerate(people):
        await introduced(house, id, f"Berg {number}")
    await merged(house, people[0], people[1])
    await merged(house, people[2], people[3])
    seen: list[SearchHit] = []
    cursor = None
    while True:
        page = await find(models, "berg", within="contacts", limit=2, cursor=cursor)
        seen += page.hits
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(hit.contact_id for hit in seen) == sorted([people[1], people[3], people[4], people[5]])
