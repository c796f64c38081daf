"""ChatCompletions: one call of OpenAI's chat protocol through the `openai` client, bounded in time and size."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import msgspec

CONNECT_TIMEOUT = 3.0
RETRIES = 1
BODY_LIMIT = 1 << 20
"""Bytes of an answer that are read at most; a longer one is a failure."""
OUTPUT_TOKENS = 4_000


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


class Message(msgspec.Struct, frozen=True):
    content: str | None = None
    tool_calls: list[ToolCall] | None = None


class Choice(msgspec.Struct, frozen=True):
    message: Message


class Usage(msgspec.Struct, frozen=True):
    total_tokens: int = 0


class Completion(msgspec.Struct, frozen=True):
    """What of an answer is read; unknown fields are let be, missing ones are a failure."""

    choices: list[Choice]
    model: str | None = None
    usage: Usage | None = None


class ChatCompletions:
    """Speaks to any number of servers. `key` goes to `url` only: an address that a tenant names never sees it."""

    def __init__(self, url: str | None, key: str | None, deadline: float) -> None:
        self._url = url
        self._key = key
        self._deadline = deadline
        self._client: Any = None

    async def complete(
        self, url: str | None, model: str, messages: Sequence[dict[str, str]], tools: Sequence[dict[str, Any]]
    ) -> Completion:
        """Ask the server at `url` (None: the default one). Raises ModelFailed, within the deadline."""
        openai, httpx = await _client_modules()
        call: dict[str, Any] = {"model": model, "messages": messages, "tools": tools}
        try:
            async with asyncio.timeout(self._deadline):
                body = await self._body(self._at(openai, url), call)
            return _checked(msgspec.json.decode(body, type=Completion))
        except openai.APIStatusError as error:
            sick = error.status_code >= 500 or error.status_code in (408, 429)
            raise ModelFailed(f"HTTP {error.status_code}", sick) from error
        except (TimeoutError, openai.OpenAIError, httpx.HTTPError) as error:
            raise ModelFailed(type(error).__name__, is_provider_sick=True) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ModelFailed("malformed answer", is_provider_sick=True) from error

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    def _at(self, openai: ModuleType, url: str | None) -> Any:
        """The client for one address; all share one pool of connections."""
        if self._client is None:
            self._client = openai.AsyncOpenAI(
                api_key=self._key or "none", base_url=self._url, max_retries=RETRIES, timeout=self._deadline
            )
        if url is None or url == self._url:
            return self._client
        return self._client.with_options(api_key="none", base_url=url)

    async def _body(self, client: Any, call: dict[str, Any]) -> bytes:
        body = bytearray()
        create = client.chat.completions.with_streaming_response.create
        headers = {"Accept-Encoding": "identity"}
        async with create(**call, max_completion_tokens=OUTPUT_TOKENS, extra_headers=headers) as response:
            async for chunk in response.iter_bytes(65_536):
                body += chunk
                if len(body) > BODY_LIMIT:
                    raise ModelFailed("answer too long", is_provider_sick=True)
        return bytes(body)


async def _client_modules() -> tuple[ModuleType, ModuleType]:
    """`openai` and its HTTP client, imported on first use and beside the event loop: it takes a second."""
    return (
        await asyncio.to_thread(importlib.import_module, "openai"),
        await asyncio.to_thread(importlib.import_module, "httpx2"),
    )


def _checked(completion: Completion) -> Completion:
    if not completion.choices:
        raise ModelFailed("no choice", is_provider_sick=True)
    return completion
