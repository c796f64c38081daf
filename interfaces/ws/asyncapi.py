"""The AsyncAPI 3 document of both sockets, made from the structs of the frames."""

from __future__ import annotations

from typing import Any

import msgspec

from interfaces.ws.client_frames import FROM_CLIENT
from interfaces.ws.frames import EPHEMERAL, FROM_SERVER, Frame

SOCKETS = {
    "tenant": ("/api/ws/tenant", "A member's socket: send `auth` with an access JWT within 5 seconds."),
    "chat": ("/api/ws/chat", "A visitor's socket: `auth` carries a widget token and `visitorToken`."),
}
CLOSE_CODES = """
Close codes: 4400 bad frame, 4401 not authenticated or expired, 4403 not allowed (`address_blocked`: not from this
address), 4408 no `auth` in time, 4429 too slow or too many, 1009 frame over 64 KiB, 1012 restart, 1013 try again.
After 4429, 1012 and 1013 connect again with `since`.
"""


def asyncapi_document(version: str = "1") -> dict[str, Any]:
    """A JSON object; its messages are exactly the frames of `FROM_SERVER` and `FROM_CLIENT`."""
    frames = (*FROM_SERVER, *FROM_CLIENT)
    references, schemas = msgspec.json.schema_components(frames, ref_template="#/components/schemas/{name}")
    messages = {
        frame.__name__: _message(frame, reference) for frame, reference in zip(frames, references, strict=True)
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Verbatim sockets", "version": version, "description": CLOSE_CODES.strip()},
        "defaultContentType": "application/json",
        "channels": {name: _channel(*about) for name, about in SOCKETS.items()},
        "operations": {key: operation for name in SOCKETS for key, operation in _operations(name).items()},
        "components": {"messages": messages, "schemas": schemas},
    }


def type_of(frame: type[Frame]) -> str:
    """The `type` on the wire."""
    return str(frame.__struct_config__.tag)


def _message(frame: type[Frame], reference: dict[str, Any]) -> dict[str, Any]:
    about = (frame.__doc__ or "").strip().partition("\n")[0]
    kind = "ephemeral, never stored" if frame in EPHEMERAL else ""
    summary = " ".join(part for part in (about if _is_own_doc(frame) else "", kind) if part)
    message = {"name": type_of(frame), "title": frame.__name__, "payload": reference}
    return message | ({"summary": summary} if summary else {})


def _is_own_doc(frame: type[Frame]) -> bool:
    return "__doc__" in frame.__dict__ and not (frame.__doc__ or "").startswith(f"{frame.__name__}(")


def _channel(address: str, about: str) -> dict[str, Any]:
    names = [frame.__name__ for frame in (*FROM_SERVER, *FROM_CLIENT)]
    return {
        "address": address,
        "description": about,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
    }


def _operations(name: str) -> dict[str, Any]:
    """As the server sees it: it sends what clients hear."""
    return {
        f"{name}Send": _operation(name, "send", FROM_SERVER),
        f"{name}Receive": _operation(name, "receive", FROM_CLIENT),
    }


def _operation(name: str, action: str, frames: tuple[type[Frame], ...]) -> dict[str, Any]:
    messages = [{"$ref": f"#/channels/{name}/messages/{frame.__name__}"} for frame in frames]
    return {"action": action, "channel": {"$ref": f"#/channels/{name}"}, "messages": messages}
