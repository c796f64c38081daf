"""Settings: every value that an operator may give, read once from the environment (`VERBATIM_<NAME>`)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_type_hints

import msgspec

PREFIX = "VERBATIM_"

_Text = Annotated[str, msgspec.Meta(min_length=1)]


_RATE = {"pattern": r"^(off|[1-9][0-9]{0,8}/(second|minute|hour))$"}


def _about(text: str, **rules: Any) -> msgspec.Meta:
    return msgspec.Meta(description=text, **rules)


class SettingRefused(Exception):
    """A setting is missing or wrong; the message is one sentence for the operator."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One field per setting. docs/settings.md is made from these lines."""

    database_url: Annotated[_Text, _about("PostgreSQL 15 or newer; a login that may create schemas and roles.")]
    nats_url: Annotated[_Text, _about("nats-server 2.15.1 or newer with JetStream.")]
    secret: Annotated[
        str,
        _about(
            "Master secret, at least 32 characters. Wraps all keys: losing it loses personal data.", min_length=32
        ),
    ]
    host: Annotated[_Text, _about("Address that HTTP and sockets listen on.")] = "127.0.0.1"
    port: Annotated[int, _about("Port of HTTP and sockets; 0 takes a free one.", ge=0, le=65535)] = 8000
    public_url: Annotated[
        str | None, _about("Where people reach it, behind a proxy; by default host and port.")
    ] = None
    private_issuers: Annotated[
        bool, _about("Identity providers may be at private addresses, and on this machine without TLS.")
    ] = False
    private_webhooks: Annotated[
        bool, _about("Webhooks may go to private addresses, and on this machine without TLS.")
    ] = False
    private_models: Annotated[
        bool, _about("Assistants may name model addresses that are private, and on this machine without TLS.")
    ] = False
    blobs: Annotated[
        _Text,
        _about(
            "Where files lie: `file:///PATH`, or `s3://BUCKET/PREFIX?endpoint=URL&region=NAME` with the keys "
            "in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. All processes need the same."
        ),
    ] = "file:.verbatim/files"
    model_url: Annotated[
        str | None,
        _about("Default address of the language model (OpenAI's protocol); an assistant may name its own."),
    ] = None
    model_key: Annotated[
        str | None, _about("Key for the language model. Without it assistants answer from the knowledge base.")
    ] = None
    model_name: Annotated[
        str | None, _about("Default model; an assistant may name its own. Without one: the knowledge base.")
    ] = None
    model_deadline: Annotated[float, _about("Seconds an answer of the model may take.", gt=0, le=120)] = 20.0
    twilio_url: Annotated[
        _Text, _about("Address of Twilio's REST API, for tenants whose calls go over Twilio.")
    ] = "https://api.twilio.com"
    smtp_url: Annotated[
        str | None,
        _about(
            "Mail server for notices to absent visitors: `smtp://USER:PASSWORD@HOST:PORT` (STARTTLS if offered, "
            "always before a password), `smtps://` for TLS at once. Without one a notice is a line of the log."
        ),
    ] = None
    smtp_sender: Annotated[
        str | None, _about("Address that such mail comes from; needed where VERBATIM_SMTP_URL is set.")
    ] = None
    tracking_days: Annotated[
        int, _about("Days for which what browsers report to `/track` is kept.", ge=1, le=3650)
    ] = 90
    visitor_rate: Annotated[
        str, _about("Messages of one visitor: COUNT/second, minute or hour, or off.", **_RATE)
    ] = "120/minute"
    address_rate: Annotated[
        str, _about("Messages from one address of a tenant's visitors, likewise.", **_RATE)
    ] = "1200/minute"
    widget_rate: Annotated[str, _about("Messages of all visitors of one widget, likewise.", **_RATE)] = (
        "60000/minute"
    )
    embedding_model: Annotated[
        str | None, _about("Model that makes embeddings of the knowledge base. Without one it is found by words.")
    ] = None
    embedding_url: Annotated[
        str | None, _about("Address of that model (OpenAI's protocol); by default the language model's.")
    ] = None
    embedding_key: Annotated[
        str | None, _about("Key for that address; by default the language model's, if the address is its too.")
    ] = None
    log_format: Annotated[Literal["text", "json"], _about("How log lines are written to stderr.")] = "text"

    @property
    def master_key(self) -> bytes:
        return master_key(self.secret)


def master_key(secret: str) -> bytes:
    """32 bytes made of the master secret."""
    return hashlib.sha256(b"verbatim master key\0" + secret.encode()).digest()


def settings_from(environment: Mapping[str, str], **given: object) -> Settings:
    """`environment` (an empty value is none), and `given` (flags, embedded servers) over it.

    Raises SettingRefused.
    """
    known = {PREFIX + name.upper(): name for name in Settings.__struct_fields__}
    values: dict[str, object] = {known[key]: text for key, text in environment.items() if key in known and text}
    values.update({name: value for name, value in given.items() if value is not None})
    missing = [PREFIX + name.upper() for name in ("database_url", "nats_url", "secret") if name not in values]
    if missing:
        raise SettingRefused(f"{', '.join(missing)} must be set. `verbatim dev` needs none of them.")
    try:
        return msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingRefused(f"A setting is not valid: {error}") from error


def setting_descriptions() -> dict[str, str]:
    """Environment variable -> what it is."""
    hints = get_type_hints(Settings, include_extras=True)
    return {PREFIX + name.upper(): _description(hints[name]) for name in Settings.__struct_fields__}


def _description(hint: object) -> str:
    marks = getattr(hint, "__metadata__", ())
    return next(
        mark.description for mark in reversed(marks) if isinstance(mark, msgspec.Meta) and mark.description
    )
