"""MailServer: where mail is handed in, as `VERBATIM_SMTP_URL` says it."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import msgspec

PORTS = {"smtp": 587, "smtps": 465}


class MailServer(msgspec.Struct, frozen=True):
    """`is_tls`: from the first byte. Else STARTTLS where the server offers it, and always before a password."""

    host: str
    port: int
    is_tls: bool = False
    user: str | None = None
    password: str = ""


def mail_server(url: str) -> MailServer:
    """`smtp://user:password@host:587`, or `smtps://` for TLS from the first byte. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("VERBATIM_SMTP_URL is written smtp://user:password@host:port, or smtps://")
    return MailServer(
        host=parts.hostname,
        port=parts.port or PORTS[parts.scheme],
        is_tls=parts.scheme == "smtps",
        user=None if parts.username is None else unquote(parts.username),
        password=unquote(parts.password or ""),
    )
