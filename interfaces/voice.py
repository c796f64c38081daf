"""Voice put together: the lines of both providers, and what the routes need of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from application.bus import CommandBus
from application.calling import Calling
from infrastructure.eventstore.store import EventStore
from infrastructure.settings import Settings
from infrastructure.voice.number_pool import NumberPool
from infrastructure.voice.secrets import VoiceSecrets
from infrastructure.voice.twilio import DEADLINE, TwilioLine
from interfaces.http.parts import VoiceParts


@asynccontextmanager
async def open_voice(
    settings: Settings, store: EventStore, bus: CommandBus, public_url: str
) -> AsyncGenerator[VoiceParts]:
    """`public_url` is where a provider reaches us."""
    async with voice_parts(store, bus, settings.master_key, settings.twilio_url, public_url) as parts:
        yield parts


@asynccontextmanager
async def voice_parts(
    store: EventStore,
    bus: CommandBus,
    secrets: bytes,
    twilio_url: str,
    public_url: str,
    deadline: float = DEADLINE,
) -> AsyncGenerator[VoiceParts]:
    """`secrets`: the installation's master key; `deadline` (s) for each number that Twilio is asked about."""
    numbers, tokens = NumberPool(store.database), VoiceSecrets(store.database, secrets)
    twilio = TwilioLine(numbers, tokens, twilio_url, public_url, deadline)
    try:
        yield VoiceParts(Calling(store, bus, {"pool": numbers, "twilio": twilio}), numbers, tokens)
    finally:
        await twilio.close()
