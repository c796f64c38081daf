"""How often the knowledge base finds what answers a customer, measured on real guidelines of a shop's support."""

from __future__ import annotations

import pytest

from infrastructure.postgres import Database
from projections.knowledge import search_knowledge
from tests.projections.test_knowledge import Library
from tests.support.guidelines import FILE, read_guidelines, read_questions
from tests.support.house import TENANT

DEMAND = 0.85
DEEP = 12
"""Chunks among which three different articles are looked for."""


@pytest.mark.skipif(not FILE.exists(), reason=f"the shared guidelines are not here: {FILE}")
async def test_the_article_that_answers_is_among_the_first_three(database: Database) -> None:
    library = Library(database)
    await library.open()
    for page in read_guidelines():
        await library.write(page.title, page.body)
    await library.fold()
    questions = read_questions()
    missed = list[str]()
    for question, answer in questions:
        async with database.tenant(TENANT) as connection:
            found = await search_knowledge(connection, TENANT, question, DEEP, least=0.0)
        titles = list(dict.fromkeys(one.title.partition(": ")[2] for one in found))[:3]
        if answer not in titles:
            missed.append(f"{question} [{answer}] -> {titles}")
    recall = 1 - len(missed) / len(questions)
    print(f"recall@3 {recall:.3f} over {len(questions)} questions")
    assert recall >= DEMAND, missed
    assert len(questions) == 60
