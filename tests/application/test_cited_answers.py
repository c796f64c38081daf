"""Answers without a model: quoted, cited, or handed to a human."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from application.cited_answers import CitedAnswers
from application.ports import Answer, Passage, Question, Turn
from domain.conversation import Citation
from tests.support.house import PERSONA

RETURNS = Passage(UUID(int=1), "Returns", "You may return an item within 30 days.", 1.0)
LABEL = Passage(UUID(int=1), "Returns", "Print the label.", 0.9)
REFUNDS = Passage(UUID(int=2), "Refunds", "We pay back to the card.", 0.85)
FAR = Passage(UUID(int=3), "Sizes", "Jackets come in S to XL.", 0.4)


class Shelf:
    def __init__(self, *found: Passage) -> None:
        self.found = found
        self.asked: list[tuple[int, str]] = []

    async def search(self, tenant_id: int, text: str, limit: int) -> Sequence[Passage]:
        self.asked.append((tenant_id, text))
        return self.found[:limit]


async def ask(shelf: Shelf, *said: str) -> Answer:
    turns = tuple(Turn("visitor", text) for text in said)
    return await CitedAnswers(shelf).answer(Question(7, PERSONA, turns))


async def test_the_best_passage_is_quoted_word_for_word_and_cited() -> None:
    answer = await ask(Shelf(RETURNS), "How do I return it?")
    assert "From “Returns”:\nYou may return an item within 30 days." in answer.text
    assert answer.citations == (Citation(UUID(int=1), "Returns"),)
    assert (answer.model, answer.tokens, answer.hand_over) == (None, 0, None)


async def test_it_says_that_it_is_automatic_and_that_a_human_is_there() -> None:
    answer = await ask(Shelf(RETURNS), "How do I return it?")
    assert answer.text.endswith(
        "This is an automatic answer from our help pages. You can ask for a human at any time."
    )


async def test_a_second_article_that_fits_nearly_as_well_is_quoted_too() -> None:
    answer = await ask(Shelf(RETURNS, REFUNDS), "How do I return it?")
    assert [citation.title for citation in answer.citations] == ["Returns", "Refunds"]


async def test_a_passage_that_fits_much_worse_is_left_out() -> None:
    answer = await ask(Shelf(RETURNS, FAR), "How do I return it?")
    assert [citation.title for citation in answer.citations] == ["Returns"]


async def test_two_passages_of_one_article_are_one_citation() -> None:
    answer = await ask(Shelf(RETURNS, LABEL), "How do I return it?")
    assert len(answer.citations) == 1
    assert answer.text.count("From “Returns”") == 1
    assert "Print the label." in answer.text


async def test_where_nothing_fits_a_human_takes_over_and_it_says_so() -> None:
    answer = await ask(Shelf(), "Do you sell bananas?")
    assert answer.hand_over == "nothing_found"
    assert "found nothing" in answer.text
    assert answer.citations == ()


async def test_who_asks_for_a_human_gets_one_without_a_search() -> None:
    shelf = Shelf(RETURNS)
    answer = await ask(shelf, "Can I talk to a human?")
    assert answer.hand_over == "visitor_asked"
    assert shelf.asked == []


async def test_a_greeting_is_met_by_name_and_keeps_the_conversation() -> None:
    answer = await ask(Shelf(RETURNS), "Hello!")
    assert answer.text.startswith("I am Ada, an automatic assistant.")
    assert answer.hand_over is None


async def test_it_never_passes_itself_off_as_a_human() -> None:
    answer = await ask(Shelf(RETURNS), "Are you a real person?")
    assert "automatic assistant" in answer.text


async def test_thanks_are_answered_without_a_citation() -> None:
    answer = await ask(Shelf(RETURNS), "Thanks a lot!")
    assert (answer.citations, answer.hand_over) == ((), None)


async def test_the_last_message_is_what_is_searched_in_the_tenants_own_articles() -> None:
    shelf = Shelf(RETURNS)
    await ask(shelf, "Hello", "How do I return it?")
    assert shelf.asked == [(7, "How do I return it?")]
