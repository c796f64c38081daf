"""Embedding: a task that finds chunks without a vector and has them made, outside of any fold.

Vectors are kept by the hash of what they were made of: a rebuild of the read model pays for nothing again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence

from application.fault import fault
from infrastructure.chat_completions import ModelFailed
from infrastructure.embeddings import Embeddings, TextsRefused
from infrastructure.postgres import Database
from projections.knowledge_vectors import (
    Unembedded,
    keep_embeddings,
    read_unembedded,
    refuse_text,
    sweep_embeddings,
)

BATCH = 64
"""Chunks in one call."""
EVERY = 5.0
"""Seconds between two looks when there is nothing to do, or something failed."""
SWEEP_EVERY = 3600.0
GRACE = 7 * 86400.0
"""Seconds for which an embedding of a text that is gone is kept: an article put back pays for nothing."""
HARMLESS = "Hello"
"""A text that every model takes: where it is refused too, it is not the chunk's fault."""

_log = logging.getLogger("verbatim.knowledge")


class ChunkEmbedding:
    """Beside the reactor, so in one process at a time; twice would cost money and change nothing."""

    def __init__(self, database: Database, embeddings: Embeddings) -> None:
        self._database = database
        self._embeddings = embeddings
        self._sweep_at = 0.0

    async def run(self) -> None:
        """Until cancelled. A failure is logged and tried again; what is found by words is found meanwhile."""
        while True:
            try:
                while await self.embed_some():
                    pass
                await self._sweep_sometimes()
            except ModelFailed as failed:
                _log.warning("no embeddings: %s", failed)
            except Exception as error:
                _log.error("no embeddings: %s", fault(error))
            await asyncio.sleep(EVERY)

    async def embed_some(self) -> int:
        """A batch of chunks that have no vector yet; how many. Raises ModelFailed."""
        async with self._database.worker() as connection:
            missing = await read_unembedded(connection, self._embeddings.model, BATCH)
        if missing:
            await self._embed(missing)
        return len(missing)

    async def sweep(self, grace: float = GRACE) -> int:
        """Forgets embeddings of texts that are gone; how many."""
        async with self._database.worker() as connection:
            return await sweep_embeddings(connection, grace)

    async def _embed(self, chunks: Sequence[Unembedded]) -> None:
        """A batch that is refused is halved, until what is refused stands alone."""
        try:
            vectors = await self._embeddings.embed([one.text for one in chunks])
        except TextsRefused as refused:
            if len(chunks) == 1:
                await self._refuse(chunks[0], str(refused))
                return
            middle = len(chunks) // 2
            await self._embed(chunks[:middle])
            await self._embed(chunks[middle:])
            return
        async with self._database.worker() as connection:
            pairs = list(zip(chunks, vectors, strict=True))
            await keep_embeddings(connection, self._embeddings.model, pairs)

    async def _refuse(self, chunk: Unembedded, reason: str) -> None:
        """Raises ModelFailed where the model takes nothing at all."""
        await self._embeddings.embed([HARMLESS])
        _log.warning("tenant %s: chunk %s is not embedded: %s", chunk.tenant_id, chunk.hash.hex(), reason)
        async with self._database.worker() as connection:
            await refuse_text(connection, self._embeddings.model, chunk, reason)

    async def _sweep_sometimes(self) -> None:
        if time.monotonic() >= self._sweep_at:
            await self.sweep()
            self._sweep_at = time.monotonic() + SWEEP_EVERY
