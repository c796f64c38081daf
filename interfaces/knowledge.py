"""Knowledge: the tenant's knowledge base for assistants, out of its read model."""

from __future__ import annotations

from collections.abc import Sequence

from application.ports import Passage
from infrastructure.postgres import Database
from projections.knowledge import search_knowledge


class Knowledge:
    """Implements `application.ports.KnowledgeSearch`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def search(self, tenant_id: int, text: str, limit: int) -> Sequence[Passage]:
        async with self._database.tenant(tenant_id) as connection:
            return await search_knowledge(connection, tenant_id, text, limit)
