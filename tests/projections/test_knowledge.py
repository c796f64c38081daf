"""The knowledge base: what visitors really write finds the article that answers it, and nothing else does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from application.actor import system
from application.article import PublishArticle, RemoveArticle, UnpublishArticle, WriteArticle
from application.ports import Passage
from infrastructure.postgres import Connection, Database
from projections.chunks import chunks
from projections.knowledge import fused, search_knowledge
from projections.knowledge_fold import Knowledge
from projections.knowledge_words import rank_by_trigrams
from tests.support.house import TENANT, House
from tests.support.memory_log import MemoryLog

HELP_PAGES = """
# Returns and refunds
You may return an item within 30 days of delivery, unworn and with its tags. Open your orders,
choose Return an item and print the label.

The money is back on your card five working days after the parcel has reached us.

# Shipping times and costs
A parcel takes two to four working days within the country and up to ten days abroad. Shipping costs
4.90; from 50 it is free.

You get a tracking link by e-mail as soon as the parcel leaves our warehouse.

# Reset your password
Choose Forgot password on the sign-in page and enter your e-mail address. The link that we send
works for one hour. If no mail comes, look into your spam folder.

# Cancel your subscription
Open Settings, Billing and choose Cancel plan. The plan runs until the end of the paid month;
nothing is charged after that. You can start again at any time.

# Payment methods
We take Visa, Mastercard, PayPal and bank transfer. A card is charged when the order is sent, not
before.

# Invoices
Every invoice is in your account under Billing as a PDF. To have your company's name or VAT number
on it, enter both in your profile before you order.

# Change your e-mail address
Open Profile and choose Change next to your e-mail address. We send a confirmation to the new
address.

# Opening hours
Our support is there Monday to Friday from 9 to 18 o'clock. On public holidays we are closed.

# Size chart
Measure your chest and your waist and compare them with the chart on each product page. Between two
sizes, take the larger one.

# Warranty
All electronic devices come with a warranty of two years. Send us a photo of the defect and your
order number.
"""
ARTICLES = dict(page.strip().split("\n", 1) for page in HELP_PAGES.split("# ")[1:])


class Library:
    """A tenant's articles on the way into the read model's first build."""

    def __init__(self, database: Database) -> None:
        self.house = House(MemoryLog())
        self.knowledge = Knowledge()
        self.database = database

    async def write(self, title: str, body: str, tenant_id: int = TENANT, number: int | None = None) -> UUID:
        article_id = self.house.new_id() if number is None else UUID(int=number)
        command = WriteArticle(article_id=article_id, title=title, body=body)
        await self.house.do(system(tenant_id), command)
        return article_id

    async def open(self) -> None:
        async with self.database.worker() as connection:
            await connection.execute(self.knowledge.ddl(1).encode())
            for table in self.knowledge.tables:
                view = f"CREATE VIEW read.{table} WITH (security_invoker) AS SELECT * FROM read.{table}_1"
                await connection.execute(view.encode())
                await connection.execute(f"GRANT SELECT ON read.{table} TO verbatim_api".encode())

    async def fold(self, *, page: int = 1000) -> None:
        """Everything again from the start, in pages."""
        assert isinstance(self.house.log, MemoryLog)
        recorded = [one for one in self.house.log.recorded if one.type in self.knowledge.concerns]
        async with self._folding() as connection:
            for start in range(0, len(recorded), page):
                await self.knowledge.fold(connection, 1, recorded[start : start + page])

    async def forget(self, article_id: UUID) -> None:
        async with self._folding() as connection:
            await self.knowledge.forget(connection, 1, TENANT, article_id)

    async def rows(self) -> list[tuple[object, ...]]:
        async with self.database.worker() as connection:
            passages = await connection.execute("SELECT * FROM read.knowledge_1 ORDER BY 1, 2, 3")
            words = await connection.execute("SELECT * FROM read.knowledge_word_1 ORDER BY 1, 2, 3, 4")
            return [*await passages.fetchall(), *await words.fetchall()]

    async def search(self, text: str, limit: int = 3, tenant_id: int = TENANT) -> tuple[Passage, ...]:
        async with self.database.tenant(tenant_id) as connection:
            return await search_knowledge(connection, tenant_id, text, limit)

    async def titles(self, text: str, tenant_id: int = TENANT) -> list[str]:
        return [one.title for one in await self.search(text, tenant_id=tenant_id)]

    @asynccontextmanager
    async def _folding(self) -> AsyncIterator[Connection]:
        async with self.database.worker() as connection, connection.transaction():
            yield connection


@pytest.fixture
async def library(database: Database) -> Library:
    opened = Library(database)
    await opened.open()
    return opened


@pytest.fixture
async def shop(library: Library) -> Library:
    for title, body in ARTICLES.items():
        await library.write(title, body)
    await library.fold()
    return library


QUESTIONS = {
    "how do I get my money back": "Returns and refunds",
    "How do I return a jacket that does not fit?": "Returns and refunds",
    "Hi there, I bought shoes last week and would like to return them.": "Returns and refunds",
    "I want a refund!!!": "Returns and refunds",
    "my refund has not arrived yet": "Returns and refunds",
    "forgot pasword": "Reset your password",
    "I can't log in, I lost my password": "Reset your password",
    "cancle my plan": "Cancel your subscription",
    "how can I end my subscription?": "Cancel your subscription",
    "How much is shipping to Austria?": "Shipping times and costs",
    "do you ship abroad": "Shipping times and costs",
    "tracking link": "Shipping times and costs",
    "can I pay with paypal?": "Payment methods",
    "what payment methods do you have?": "Payment methods",
    "where do I find my invoice": "Invoices",
    "I need an invoice with our VAT number please": "Invoices",
    "how to change my email": "Change your e-mail address",
    "are you open on monday": "Opening hours",
    "which size should I take": "Size chart",
    "how long is the warranty?": "Warranty",
    "the device is broken, is that covered by waranty?": "Warranty",
    "Wàrranty?": "Warranty",
}

OFF_TOPIC = [
    "do you sell bananas",
    "What is the weather like tomorrow?",
    "Can you write me a poem about the sea",
    "are you hiring?",
    "I would like to book a table for two in San Jose",
    "I am looking for a house to rent",
    "Your website is ugly",
    "it does not work",
    "that did not help",
    "I have a question",
    "12345",
    "???",
    "",
    "\x00",
    "' OR 1=1; -- \\",
    "word " * 3_000,
]


async def test_what_visitors_write_finds_the_article_that_answers_it(shop: Library) -> None:
    found = {text: (await shop.titles(text) or ["nothing"])[0] for text in QUESTIONS}
    assert found == QUESTIONS


async def test_what_no_article_answers_finds_nothing(shop: Library) -> None:
    found = {text: await shop.titles(text) for text in OFF_TOPIC}
    assert found == {text: [] for text in OFF_TOPIC}


async def test_the_best_passage_comes_first_with_its_words_and_article(library: Library) -> None:
    article_id = await library.write("Refunds", "We refund to the card.\n\n" + "Unrelated words stand here. " * 30)
    await library.fold()
    [best, *_] = await library.search("When do you refund to my card?")
    assert (best.article_id, best.title, best.text) == (article_id, "Refunds", "We refund to the card.")


async def test_no_more_than_the_limit_is_found(shop: Library) -> None:
    assert len(await shop.search("parcel tracking link", 1)) == 1


async def test_another_tenants_articles_are_never_found(shop: Library) -> None:
    assert await shop.titles("How do I return an item?", tenant_id=8) == []
    await shop.write("Secret refunds", "We refund nothing.", tenant_id=8)
    await shop.fold()
    assert await shop.titles("refund", tenant_id=8) == ["Secret refunds"]
    assert "Secret refunds" not in await shop.titles("refund")


async def test_the_last_text_of_an_article_is_the_one_that_counts(library: Library) -> None:
    await library.write("Parking", "There is a garage.", number=9)
    await library.fold()
    await library.write("Bicycles", "Put them in the yard.", number=9)
    await library.fold()
    assert await library.titles("where is parking in a garage") == []
    assert await library.titles("bicycles in the yard") == ["Bicycles"]


async def test_a_removed_article_is_no_longer_found(library: Library) -> None:
    article_id = await library.write("Parking", "There is a garage.")
    await library.house.do(system(TENANT), RemoveArticle(article_id=article_id))
    await library.fold()
    assert await library.titles("parking garage") == []
    assert await library.rows() == []


async def test_event_by_event_or_in_one_page_makes_equal_tables(library: Library) -> None:
    for number, (title, body) in enumerate(ARTICLES.items()):
        await library.write(title, body, number=number % 7 + 1)
    await library.house.do(system(TENANT), RemoveArticle(article_id=UUID(int=3)))
    await library.fold(page=1)
    one_by_one = await library.rows()
    await library.fold()
    assert await library.rows() == one_by_one


async def test_a_forgotten_article_leaves_nothing(shop: Library) -> None:
    article_id = await shop.write("Parking", "There is a garage.")
    before = await shop.rows()
    await shop.fold()
    await shop.forget(article_id)
    assert await shop.rows() == before


async def test_an_article_that_is_not_published_is_not_found(library: Library) -> None:
    article_id = await library.write("Parking", "There is a garage.")
    await library.house.do(system(TENANT), UnpublishArticle(article_id=article_id))
    await library.fold()
    assert await library.titles("parking garage") == []
    await library.house.do(system(TENANT), PublishArticle(article_id=article_id))
    await library.fold()
    assert await library.titles("parking garage") == ["Parking"]


async def test_a_passage_names_its_chunk_and_the_hash_of_what_was_found(library: Library) -> None:
    article_id = await library.write("Parking", "# Cars\n\nThere is a garage.")
    await library.fold()
    (found,) = await library.search("parking garage for cars")
    (chunk,) = chunks(article_id, "Parking", "# Cars\n\nThere is a garage.")
    assert (found.chunk_id, found.hash, found.path) == (chunk.id, chunk.hash.hex(), "Cars")


async def test_words_much_like_those_asked_for_are_found_by_their_trigrams(library: Library) -> None:
    await library.write("Rücksendungen", "Rücksendungen sind kostenlos.")
    await library.write("Versand", "Der Versand dauert drei Tage.")
    await library.fold()
    async with library.database.tenant(TENANT) as connection:
        (place, *_) = await rank_by_trigrams(connection, "Wie geht eine Rücksendung?")
        assert await search_knowledge(connection, TENANT, "Rücksendung", 1)
    assert place[1] == 1


async def test_trigrams_of_another_tenant_are_never_seen(shop: Library) -> None:
    async with shop.database.tenant(8) as connection:
        assert await rank_by_trigrams(connection, "refunds returns pasword") == []


def test_what_two_rankings_agree_on_comes_first() -> None:
    a, b, c = ((UUID(int=number), 1) for number in (1, 2, 3))
    assert fused([[a, b], [b, c]]) == [b, a, c]
    assert fused([]) == []
