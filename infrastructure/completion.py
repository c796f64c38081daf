"""Completion: what of an answer of OpenAI's chat protocol is read, whole or put together from its stream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TypeVar

import msgspec

T = TypeVar("T")

BODY_LIMIT = 1 << 20
"""Bytes of an answer that are read at most; a longer one is a failure."""
MOST_CALLS = 32


class ModelFailed(Exception):
    """No usable answer. `is_provider_sick`: others will most likely get none either."""

    def __init__(self, reason: str, is_provider_sick: bool) -> None:
        super().__init__(reason)
        self.is_provider_sick = is_provider_sick


class Function(msgspec.Struct, frozen=True):
    name: str
    arguments: str = "{}"


class ToolCall(msgspec.Struct, frozen=True):
    function: Function
    id: str = ""


class Message(msgspec.Struct, frozen=True):
    content: str | None = None
    tool_calls: list[ToolCall] | None = None


class Choice(msgspec.Struct, frozen=True):
    message: Message


class Usage(msgspec.Struct, frozen=True):
    """`total_tokens` is what is billed; some providers count more than prompt and completion into it."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0


class Completion(msgspec.Struct, frozen=True):
    """Unknown fields are let be, missing ones are a failure."""

    choices: list[Choice]
    model: str | None = None
    usage: Usage | None = None


class _FunctionPart(msgspec.Struct, frozen=True):
    name: str | None = None
    arguments: str | None = None


class _CallPart(msgspec.Struct, frozen=True):
    index: int = 0
    id: str | None = None
    function: _FunctionPart = _FunctionPart()


class _Delta(msgspec.Struct, frozen=True):
    content: str | None = None
    tool_calls: list[_CallPart] | None = None


class _ChoicePart(msgspec.Struct, frozen=True):
    delta: _Delta = _Delta()
    finish_reason: str | None = None


class _Chunk(msgspec.Struct, frozen=True):
    choices: list[_ChoicePart] = []
    model: str | None = None
    usage: Usage | None = None
    error: msgspec.Raw | None = None


async def read_whole(chunks: AsyncIterator[bytes]) -> Completion:
    """A plain JSON answer. Raises ModelFailed."""
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > BODY_LIMIT:
            raise ModelFailed("answer too long", is_provider_sick=True)
    return _checked(_decoded(bytes(body), Completion))


async def read_stream(chunks: AsyncIterator[bytes], hear: Callable[[str], None]) -> Completion:
    """A stream of events; `hear` is told the words so far. Raises ModelFailed, also where its end is missing."""
    draft = _Draft()
    async for line in _lines(chunks):
        name, _, value = line.partition(b":")
        value = value.strip()
        if name != b"data" or not value:
            continue
        if value == b"[DONE]":
            return draft.completion()
        draft.add(_decoded(value, _Chunk))
        if draft.text:
            hear(draft.text)
    if draft.is_finished:
        return draft.completion()
    raise ModelFailed("cut off", is_provider_sick=True)


class _Draft:
    """The parts of a stream, put together."""

    def __init__(self) -> None:
        self.text = ""
        self.is_finished = False
        self._calls: dict[int, tuple[str, str, str]] = {}
        self._model: str | None = None
        self._usage: Usage | None = None

    def add(self, chunk: _Chunk) -> None:
        if chunk.error is not None:
            raise ModelFailed("error in the stream", is_provider_sick=True)
        self._model = chunk.model or self._model
        self._usage = chunk.usage or self._usage
        for choice in chunk.choices[:1]:
            self.text += choice.delta.content or ""
            self.is_finished |= choice.finish_reason is not None
            for part in choice.delta.tool_calls or ():
                self._add_call(part)

    def completion(self) -> Completion:
        calls = [
            ToolCall(Function(name, arguments), id) for _, (id, name, arguments) in sorted(self._calls.items())
        ]
        return Completion([Choice(Message(self.text or None, calls or None))], self._model, self._usage)

    def _add_call(self, part: _CallPart) -> None:
        if part.index not in self._calls and len(self._calls) >= MOST_CALLS:
            raise ModelFailed("too many calls", is_provider_sick=False)
        id, name, arguments = self._calls.get(part.index, ("", "", ""))
        given = part.function
        self._calls[part.index] = (part.id or id, name + (given.name or ""), arguments + (given.arguments or ""))


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """As the bytes come, never more of them than the limit."""
    rest, size = b"", 0
    async for chunk in chunks:
        size += len(chunk)
        if size > BODY_LIMIT:
            raise ModelFailed("answer too long", is_provider_sick=True)
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line
    yield rest


def _decoded(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ModelFailed("malformed answer", is_provider_sick=True) from error


def _checked(completion: Completion) -> Completion:
    if not completion.choices:
        raise ModelFailed("no choice", is_provider_sick=True)
    return completion
