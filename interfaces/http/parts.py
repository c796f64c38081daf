"""What the routes need, handed in by the composition root."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

import msgspec
from litestar.di import NamedDependency
from prometheus_client import CollectorRegistry

from application.actor import Actor
from application.allowance import Allowance
from application.bus import CommandBus
from application.calling import Calling
from application.copilot import Copilot
from application.ports import BlobStore, KnowledgeSearch
from infrastructure.access.access import Access
from infrastructure.blobs.intake import Intake
from infrastructure.blobs.links import Links
from infrastructure.blobs.uploads import Uploads
from infrastructure.documents.reader import DocumentReader
from infrastructure.drafts import Drafts
from infrastructure.egress import Egress
from infrastructure.eventstore.reader import EventReader
from infrastructure.impressions import Impressions
from infrastructure.nats.feed import Feed
from infrastructure.nats.replies import Replies
from infrastructure.postgres import Database
from infrastructure.projector.positions import ReadPositions
from infrastructure.rates import Rates
from infrastructure.track.ingest import Ingest
from infrastructure.voice.number_pool import NumberPool
from infrastructure.voice.secrets import VoiceSecrets
from infrastructure.webhooks.deliveries import Deliveries
from infrastructure.webhooks.secrets import WebhookSecrets
from interfaces.http.headers import Connection


class PartHealth(msgspec.Struct, frozen=True, rename="camel"):
    """One part of the product: `behind` is how many events it has yet to see, `detail` is for people."""

    name: str
    ok: bool
    behind: int | None = None
    detail: str | None = None


class HealthReport(msgspec.Struct, frozen=True, rename="camel"):
    """`ready`: this process may be sent requests."""

    ready: bool
    parts: tuple[PartHealth, ...]


Typing = Callable[[Actor, UUID, bool], Awaitable[None]]
"""Tells the conversation's other side that this actor types. Raises Forbidden, NotFound, Unavailable."""


class FileParts(msgspec.Struct, frozen=True):
    """What uploads and downloads need."""

    blobs: BlobStore
    intake: Intake
    uploads: Uploads
    links: Links


class WebhookParts(msgspec.Struct, frozen=True):
    """What the routes of webhooks need; `egress` is how their addresses are reached."""

    secrets: WebhookSecrets
    deliveries: Deliveries
    egress: Egress


class VoiceParts(msgspec.Struct, frozen=True):
    """`calling` begins calls; `numbers` says whose call a provider speaks of, `secrets` whether it is it."""

    calling: Calling
    numbers: NumberPool
    secrets: VoiceSecrets


class AssistantParts(msgspec.Struct, frozen=True):
    """`egress` says which addresses of models a tenant may name; `copilot` writes for agents.

    `knowledge` is what assistants look into.
    """

    egress: Egress
    copilot: Copilot
    knowledge: KnowledgeSearch


class HttpParts(msgspec.Struct, frozen=True, kw_only=True):
    """`base_url` is where people reach the product; `reply_timeout` (s) is how long `/chat` waits for an answer.

    `registry` is what /metrics shows; other rooms of this process count in it too.
    """

    bus: CommandBus
    database: Database
    reader: EventReader
    read_positions: ReadPositions
    access: Access
    replies: Replies
    feed: Feed
    health: Callable[[], Awaitable[HealthReport]]
    typing: Typing
    ingest: Ingest
    files: FileParts
    drafts: Drafts
    webhooks: WebhookParts
    rates: Rates
    allowance: Allowance
    impressions: Impressions
    registry: CollectorRegistry
    documents: DocumentReader = msgspec.field(default_factory=DocumentReader)
    assistants: AssistantParts
    voice: VoiceParts
    base_url: str = "http://127.0.0.1:8000"
    reply_timeout: float = 25.0


Parts = NamedDependency[HttpParts]
"""How a route asks for them."""


def provide_parts(request: Connection) -> HttpParts:
    """For routes that ask for `parts`."""
    return request.app.state.parts
