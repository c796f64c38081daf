"""Queue places: out of the workload, on the sockets of the visitors who wait."""

from __future__ import annotations

from collections.abc import Sequence

from application.ports import QueuePlace
from domain.ids import wire
from infrastructure.nats.feed import Feed
from infrastructure.postgres import Database
from infrastructure.projector.positions import ReadPositions
from interfaces.workload import PATIENCE
from interfaces.ws.frames import QueuePosition, WaitingPlace, encode
from interfaces.ws.whisper import Whisper, encode_whisper
from projections.workload import read_queue
from projections.workload_fold import Workload


class QueuePlaces:
    """Implements `application.ports.Places`. What is told while NATS is away is lost: it was old by then."""

    def __init__(self, database: Database, positions: ReadPositions, feed: Feed) -> None:
        self._database = database
        self._positions = positions
        self._feed = feed

    async def queue(self, tenant_id: int, seq: int) -> Sequence[QueuePlace]:
        await self._positions.wait(tenant_id, Workload.name, seq, PATIENCE)
        async with self._database.tenant(tenant_id) as connection:
            return await read_queue(connection, tenant_id)

    async def tell(self, tenant_id: int, place: QueuePlace) -> None:
        data = WaitingPlace(wire("conversation", place.conversation_id), place.position, place.estimated_seconds)
        frame = encode(QueuePosition(data=data))
        await self._feed.ephemeral(tenant_id, encode_whisper(Whisper("", place.contact_id, frame, members=False)))
