"""Embeddings of the knowledge base: made once per text, by a real client; what is alike in meaning is found."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest

from application.article import PublishArticle, UnpublishArticle, WriteArticle
from domain.ids import natural_key
from infrastructure.chat_completions import ModelFailed
from infrastructure.embeddings import Embeddings
from infrastructure.postgres import Database
from interfaces.embedding import ChunkEmbedding
from interfaces.knowledge import Knowledge
from tests.projections.test_knowledge import Library
from tests.support.house import ADMIN, TENANT
from tests.support.model_server import Exchange, ModelServer, answers, fails, running_model_server

MEANINGS = {"automobile": 0, "car": 0, "garage": 0, "flower": 1, "rose": 1}


async def embeds(exchange: Exchange) -> None:
    """A model that knows two things: cars and flowers."""
    data = []
    for index, text in enumerate(exchange.body["input"]):
        vector = [0.0, 0.0, 0.1]
        for word, axis in MEANINGS.items():
            vector[axis] += 3.0 if word in text.lower() else 0.0
        data.append({"object": "embedding", "index": index, "embedding": vector})
    await exchange.respond(200, msgspec.json.encode({"object": "list", "data": data, "model": "m"}))


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with running_model_server() as running:
        running.will(embeds)
        yield running


@pytest.fixture
async def embeddings(server: ModelServer) -> AsyncIterator[Embeddings]:
    made = Embeddings("m", server.url, "sk-house", deadline=2.0)
    yield made
    await made.close()


@pytest.fixture
async def library(database: Database) -> Library:
    opened = Library(database)
    await opened.open()
    await opened.write("Parking", "There is a garage.")
    await opened.write("Gifts", "We wrap a rose.")
    await opened.fold()
    return opened


async def test_what_means_the_same_is_found_without_a_common_word(
    library: Library, embeddings: Embeddings, server: ModelServer
) -> None:
    assert await library.titles("automobile") == []
    assert await ChunkEmbedding(library.database, embeddings).embed_some() == 2
    found = await Knowledge(library.database, embeddings).search(TENANT, "automobile", 3)
    assert [one.title for one in found] == ["Parking"]
    assert found[0].score > 0.9
    assert await Knowledge(library.database, embeddings).search(8, "automobile", 3) == ()
    assert server.exchanges[0].headers["authorization"] == "Bearer sk-house"


async def test_a_text_is_paid_for_once_whatever_is_folded_again(
    library: Library, embeddings: Embeddings, server: ModelServer
) -> None:
    embedding = ChunkEmbedding(library.database, embeddings)
    assert await embedding.embed_some() == 2
    await library.fold()
    assert await embedding.embed_some() == 0
    id = natural_key(TENANT, "article", "x")
    await library.house.do(ADMIN, WriteArticle(article_id=id, title="Parking", body="There is a garage."))
    await library.fold()
    assert await embedding.embed_some() == 0
    await library.house.do(ADMIN, WriteArticle(article_id=id, title="Parking", body="There is no garage."))
    await library.fold()
    assert await embedding.embed_some() == 1
    assert [len(one.body["input"]) for one in server.exchanges] == [2, 1]


async def test_where_the_embedding_fails_words_must_do(
    library: Library, embeddings: Embeddings, server: ModelServer
) -> None:
    server.will(fails(401))
    found = await Knowledge(library.database, embeddings).search(TENANT, "parking garage", 3)
    assert [one.title for one in found] == ["Parking"]
    with pytest.raises(ModelFailed):
        await ChunkEmbedding(library.database, embeddings).embed_some()


async def takes_no_garage(exchange: Exchange) -> None:
    if any("garage" in text for text in exchange.body["input"]):
        await fails(400)(exchange)
    else:
        await embeds(exchange)


async def test_a_refused_batch_is_halved_until_the_bad_text_stands_alone_and_is_sent_no_more(
    library: Library, embeddings: Embeddings, server: ModelServer
) -> None:
    for number in range(5):
        await library.write(f"Flower {number}", f"A rose, number {number}.")
    await library.fold()
    server.will(takes_no_garage)
    embedding = ChunkEmbedding(library.database, embeddings)
    assert await embedding.embed_some() == 7
    asked = len(server.exchanges)
    assert asked <= 8
    assert await embedding.embed_some() == 0
    assert len(server.exchanges) == asked
    async with library.database.worker() as connection:
        rows = await (
            await connection.execute("SELECT tenant_id, model, reason FROM knowledge.refused")
        ).fetchall()
        assert rows[0][:2] == (TENANT, "m")
        assert rows[0][2].startswith("HTTP 400")
        assert len(rows) == 1
    found = await Knowledge(library.database, embeddings).search(TENANT, "flower", 9)
    assert len(found) == 6, "all others have their vectors"


async def test_where_the_model_takes_nothing_at_all_no_text_is_blamed(
    library: Library, embeddings: Embeddings, server: ModelServer
) -> None:
    server.will(fails(400))
    embedding = ChunkEmbedding(library.database, embeddings)
    with pytest.raises(ModelFailed):
        await embedding.embed_some()
    server.will(embeds)
    assert await embedding.embed_some() == 2


async def test_embeddings_of_texts_that_are_gone_are_swept_after_a_grace(
    library: Library, embeddings: Embeddings, server: ModelServer
) -> None:
    server.will(takes_no_garage)
    id = await library.write("Gone", "A car.")
    await library.fold()
    embedding = ChunkEmbedding(library.database, embeddings)
    await embedding.embed_some()
    assert await embedding.sweep(grace=0) == 0, "all of them are in use"
    await library.house.do(ADMIN, UnpublishArticle(article_id=id))
    await library.fold()
    assert await embedding.sweep() == 0
    await library.house.do(ADMIN, PublishArticle(article_id=id))
    await library.fold()
    assert await embedding.sweep(grace=-1) == 0, "it came back in time"
    await library.house.do(ADMIN, UnpublishArticle(article_id=id))
    await library.fold()
    assert await embedding.sweep(grace=-1) == 1
    assert await embedding.sweep(grace=-1) == 0


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"data":[]}',
        b'{"data":[{"index":0,"embedding":[]}]}',
        b'{"data":[{"index":1,"embedding":[1]}]}',
        b'{"data":[{"index":0,"embedding":[1e308,1e308]}]}',
        b'{"data":[{"index":0,"embedding":"AAAA"}]}',
    ],
)
async def test_an_answer_that_is_no_vector_is_a_failure(
    server: ModelServer, embeddings: Embeddings, body: bytes
) -> None:
    server.will(answers(body))
    with pytest.raises(ModelFailed):
        await embeddings.embed(["x"])


async def test_vectors_have_the_length_one(server: ModelServer, embeddings: Embeddings) -> None:
    server.will(answers(b'{"data":[{"index":0,"embedding":[3.0,4.0]}]}'))
    assert await embeddings.embed(["x"]) == [(0.6, 0.8)]
