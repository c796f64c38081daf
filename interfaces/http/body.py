"""Request bodies: JSON that is small, shallow and storable, or a 400 that names the field."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions.http_exceptions import RequestEntityTooLarge

from domain.refusals import Invalid, Refusal
from domain.values import is_storable

LARGEST = 256 * 1024
STILL_READ = 2 * 1024 * 1024
STILL_READ_FOR = 2.0
DEEPEST = 32
BITS = 64

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_FIELD = re.compile(r"`(\$[^`]*)`$")
_UNKNOWN = re.compile(r"unknown field `([^`]*)`")
_MISSING = re.compile(r"missing required field `([^`]*)`")


class NotJson(Refusal):
    code = "unsupported_media_type"
    sentence = "The body is sent as application/json."


class JsonRequest(Request[Any, Any, Any]):
    """Litestar's request, whose JSON is checked before it is decoded and typed strictly after."""

    async def json(self) -> Any:
        """The body as the struct the route asks for. Raises Invalid, NotJson."""
        body = await self.body()
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise NotJson
        field = self.route_handler.parsed_data_field
        return decoded(body, Any if field is None else field.annotation)

    async def body(self) -> bytes:
        """At most `LARGEST` bytes. Raises RequestEntityTooLarge."""
        try:
            return await super().body()
        except RequestEntityTooLarge:
            await self._read_on()
            raise

    async def _read_on(self) -> None:
        """Throw away a little more: who closes on unread bytes resets the connection, and the 413 with it."""
        left = STILL_READ
        with suppress(TimeoutError):
            async with asyncio.timeout(STILL_READ_FOR):
                while left > 0:
                    event = await self.receive()
                    if event["type"] != "http.request" or not event.get("more_body", False):
                        return
                    left -= len(event["body"])
        self.scope.setdefault("state", {})["is_unread"] = True


def decoded(body: bytes, kind: Any) -> Any:
    """`body` as a `kind`. Raises Invalid with details.fields naming what is wrong with which field."""
    if is_too_deep(body):
        raise Invalid(f"The body is nested deeper than {DEEPEST} levels.")
    try:
        plain = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Invalid("The body is not valid JSON.") from None
    _refuse_unstorable(plain)
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from None


def is_too_deep(body: bytes) -> bool:
    """Counts brackets outside strings, without recursion; quick for a body that has few of them."""
    if body.count(b"[") + body.count(b"{") <= DEEPEST:
        return False
    depth = 0
    for token in _TOKEN.finditer(body):
        match token[0]:
            case b"[" | b"{":
                depth += 1
            case b"]" | b"}":
                depth -= 1
            case _:
                continue
        if depth > DEEPEST:
            return True
    return False


def _refuse_unstorable(plain: Any) -> None:
    waiting: list[tuple[str, Any]] = [("", plain)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, str) and not is_storable(value):
            raise _field(name, "holds a character that no text may hold")
        if isinstance(value, int) and not -(2 ** (BITS - 1)) <= value < 2 ** (BITS - 1):
            raise _field(name, f"does not fit into {BITS} bits")
        if isinstance(value, dict):
            waiting.extend((f"{name}.{key}" if name else key, item) for key, item in value.items())
            waiting.extend(("", key) for key in value)
        elif isinstance(value, list):
            waiting.extend((name, item) for item in value)


def _invalid(reason: str) -> Invalid:
    sentence, _, where = reason.partition(" - at ")
    name = match[1].removeprefix("$").removeprefix(".") if (match := _FIELD.search(where)) else ""
    for pattern in (_UNKNOWN, _MISSING):
        if found := pattern.search(sentence):
            name = f"{name}.{found[1]}" if name else found[1]
    return _field(name, sentence)


def _field(name: str, reason: str) -> Invalid:
    shown = name if is_storable(name) else ""
    return Invalid("The request is not valid.", fields=[{"name": shown, "reason": reason}])
