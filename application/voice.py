"""Commands about whether and how a tenant takes calls."""

from __future__ import annotations

from uuid import UUID

from application.command import Command, Handlers
from application.work import Work
from domain.ids import natural_key
from domain.voice import Voice, VoiceSettings


class ConfigureVoice(Command, frozen=True, kw_only=True):
    """All settings anew. `secret_id`: the provider's token as it is kept, sealed; None keeps the one before."""

    settings: VoiceSettings
    secret_id: UUID | None = None


async def configure_voice(work: Work, command: ConfigureVoice) -> None:
    voice = await work.load(Voice, voice_key(work.actor.tenant_id))
    voice.configure(work.stamp, work.actor.tenant_id, command.settings, command.secret_id)


def voice_key(tenant_id: int) -> UUID:
    return natural_key(tenant_id, Voice.KIND)


HANDLERS: Handlers = {ConfigureVoice: configure_voice}
