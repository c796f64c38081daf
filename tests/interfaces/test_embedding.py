"""Embeddings of the knowledge base: made once per text, by a real client; what is alike in meaning is found."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest

from application.article import WriteArticle
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
