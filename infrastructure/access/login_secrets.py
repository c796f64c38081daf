"""LoginSecrets: secrets of tenants' OpenID clients. They go out to the provider only."""

from __future__ import annotations

from infrastructure.named_secrets import NamedSecrets
from infrastructure.postgres import Database


class LoginSecrets(NamedSecrets):
    def __init__(self, database: Database, secrets: bytes) -> None:
        super().__init__(database, secrets, "login", "login secret id", "access.login_secret")
