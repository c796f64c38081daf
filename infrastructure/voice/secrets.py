"""VoiceSecrets: tokens of tenants' accounts with providers. They go out to the provider only."""

from __future__ import annotations

from infrastructure.named_secrets import NamedSecrets
from infrastructure.postgres import Database


class VoiceSecrets(NamedSecrets):
    def __init__(self, database: Database, secrets: bytes) -> None:
        super().__init__(database, secrets, "voice", "voice token", "voice.secret")
