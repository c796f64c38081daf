"""Embedding: a task that finds chunks without a vector and has them made, outside of any fold.

Vectors are kept by the hash of what they were made of: a rebuild of the read model pays for nothing again.
"""

from __future__ import annotations

import asyncio
import logging

from application.fault import fault
from infrastructure.chat_completions import ModelFailed
from infrastructure.embeddings import Embeddings
from infrastructure.postgres import Database
from projections.knowledge_vectors import keep_embeddings, read_unembedded

BATCH = 64
"""Chunks in one call."""
EVERY = 5.0
"""Seconds between two looks when there is nothing to do, or something failed."""

_log = logging.getLogger("verbatim.knowledge")


class ChunkEmbedding:
    """Beside the reactor, so in one process at a time; twice would cost money and change nothing."""

    def __init__(self, database: Database, embeddings: Embeddings) -> None:
        self._database = database
        self._embeddings = embeddings

    async def run(self) -> None:
        """Until cancelled. A failure is logged and tried again; what is found by words is found meanwhile."""
        while True:
            try:
                while await self.embed_some():
                    pass
            except ModelFailed as failed:
                _log.warning("no embeddings: %s", failed)
            except Exception as error:
                _log.error("no embeddings: %s", fault(error))
            await asyncio.sleep(EVERY)

    async def embed_some(self) -> int:
        """A batch of chunks that have no vector yet; how many. Raises ModelFailed."""
        model = self._embeddings.model
        async with self._database.worker() as connection:
            missing = await read_unembedded(connection, model, BATCH)
        if not missing:
            return 0
        vectors = await self._embeddings.embed([one.text for one in missing])
        async with self._database.worker() as connection:
            await keep_embeddings(connection, model, list(zip(missing, vectors, strict=True)))
        return len(missing)
