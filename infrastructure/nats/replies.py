"""Replies: wait for what becomes of a visitor's message."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

from application.log import Recorded
from domain.conversation import AssistantReplied, ReplyDiscarded
from domain.handling import Accepted, Ended, HandedOver
from infrastructure.eventstore.reader import EventReader
from infrastructure.nats.feed import Feed

ANSWERS = (AssistantReplied, ReplyDiscarded, HandedOver, Accepted, Ended)


class Replies:
    """One query per wait, then the tenant's feed; a thousand waiters poll nothing."""

    def __init__(self, feed: Feed, reader: EventReader) -> None:
        self._feed = feed
        self._reader = reader

    async def wait(
        self,
        tenant_id: int,
        conversation_id: UUID,
        after_version: int,
        timeout: float,  # noqa: ASYNC109  # running out of it is an answer here: None
    ) -> Recorded | None:
        """The first of `ANSWERS` in the conversation after that version; None after `timeout` seconds.

        Raises psycopg.Error, and what `Feed.follow` raises.
        """
        answered: asyncio.Future[Recorded] = asyncio.get_running_loop().create_future()

        def listen(batch: Sequence[Recorded]) -> None:
            for recorded in batch:
                if recorded.stream_id == conversation_id and _is_answer(recorded, after_version):
                    if not answered.done():
                        answered.set_result(recorded)
                    return

        try:
            async with asyncio.timeout(timeout), self._feed.follow(tenant_id, listen):
                # Followed first, read second: what is in neither has not happened yet.
                for recorded in await self._reader.stream(tenant_id, conversation_id, after_version):
                    if _is_answer(recorded, after_version):
                        return recorded
                return await answered
        except TimeoutError:
            return None


def _is_answer(recorded: Recorded, after_version: int) -> bool:
    return recorded.version > after_version and isinstance(recorded.event, ANSWERS)
