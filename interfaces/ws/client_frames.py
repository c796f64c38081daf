"""Every frame that a client sends. The AsyncAPI document is generated from these structs."""

from __future__ import annotations

import msgspec

from interfaces.ws.frames import Frame, PresenceState, Seq


class Auth(Frame, frozen=True, kw_only=True, tag="auth"):
    """The first frame, and again in place before the token expires.

    `token` is an access JWT, or a widget token beside `visitorToken`. Without `since` nothing is replayed.
    """

    token: str
    visitor_token: str | None = None
    since: Seq | None = None
    epoch: Seq | None = None


class SetTyping(msgspec.Struct, frozen=True, rename="camel"):
    conversation_id: str
    typing: bool


class SendTyping(Frame, frozen=True, kw_only=True, tag="typing"):
    data: SetTyping


class SetPresence(msgspec.Struct, frozen=True):
    state: PresenceState


class SendPresence(Frame, frozen=True, kw_only=True, tag="presence"):
    data: SetPresence


class Ping(Frame, frozen=True, kw_only=True, tag="ping"):
    pass


ClientFrame = Auth | SendTyping | SendPresence | Ping

FROM_CLIENT: tuple[type[Frame], ...] = (Auth, SendTyping, SendPresence, Ping)


def decode(text: str) -> ClientFrame:
    """What a client sent. Raises msgspec.DecodeError, msgspec.ValidationError, RecursionError."""
    return _DECODER.decode(text)


_DECODER = msgspec.json.Decoder(ClientFrame)
