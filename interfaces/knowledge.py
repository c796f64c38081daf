"""Knowledge: the tenant's knowledge base for assistants, out of its read model."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from application.ports import Passage
from infrastructure.breaker import Breaker
from infrastructure.chat_completions import ModelFailed
from infrastructure.embeddings import Embeddings
from infrastructure.postgres import Database
from projections.knowledge import LONGEST, Meaning, search_knowledge

_log = logging.getLogger("verbatim.knowledge")


class Knowledge:
    """Implements `application.ports.KnowledgeSearch`: by words, and by meaning where there are embeddings."""

    def __init__(self, database: Database, embeddings: Embeddings | None = None) -> None:
        self._database = database
        self._embeddings = embeddings
        self._breaker = Breaker()

    async def search(self, tenant_id: int, text: str, limit: int) -> Sequence[Passage]:
        """Where the embedding fails, words must do."""
        meaning = await self._meaning(text[:LONGEST])
        async with self._database.tenant(tenant_id) as connection:
            return await search_knowledge(connection, tenant_id, text, limit, meaning)

    async def _meaning(self, text: str) -> Meaning | None:
        if self._embeddings is None or not text.strip() or not self._breaker.permits():
            return None
        try:
            (vector,) = await self._embeddings.embed([text])
        except ModelFailed as failed:
            _log.warning("a question without its embedding: %s", failed)
            self._breaker.failed()
            return None
        except BaseException:
            self._breaker.abandoned()
            raise
        self._breaker.succeeded()
        return Meaning(self._embeddings.model, vector)
