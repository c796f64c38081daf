"""ChatCompletions: one call of OpenAI's chat protocol through the `openai` client, bounded in time and size."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Sequence
from types import ModuleType
from typing import Any

import msgspec

from application.ports import Hear
from infrastructure.completion import Completion, ModelFailed, read_stream, read_whole
from infrastructure.egress import Egress

RETRIES = 1
OUTPUT_TOKENS = 4_000
FIRST_SHARE = 0.4
"""Of the deadline: how long the first byte may take (8 s of 20 s)."""
IDLE = 5.0
"""Seconds between two pieces of an answer."""


class Prompt(msgspec.Struct, frozen=True):
    """One call. `messages` and `tools` are as the protocol has them; `temperature` None: the model's own."""

    model: str
    messages: Sequence[dict[str, Any]]
    tools: Sequence[dict[str, Any]] = ()
    temperature: float | None = None

    @property
    def facts(self) -> dict[str, Any]:
        call: dict[str, Any] = {"model": self.model, "messages": list(self.messages)}
        if self.tools:
            call["tools"] = list(self.tools)
        if self.temperature is not None:
            call["temperature"] = self.temperature
        return call


class ChatCompletions:
    """Speaks to any number of servers. `key` goes to `url` only: an address that a tenant names never sees it.

    `egress` guards the addresses of tenants; `url` is the operator's own and may be anywhere.
    """

    def __init__(self, url: str | None, key: str | None, deadline: float, egress: Egress) -> None:
        self._url = url
        self._key = key
        self._deadline = deadline
        self._egress = egress
        self._own: Any = None
        self._guarded: Any = None

    async def complete(self, url: str | None, prompt: Prompt, hear: Hear) -> Completion:
        """Ask the server at `url` (None: the default one). Raises ModelFailed, within the deadline."""
        openai, httpx, guarded_transport = await _client_modules()
        try:
            async with asyncio.timeout(self._deadline):
                return await self._ask(self._at(openai, httpx, guarded_transport, url), prompt, hear)
        except openai.APIStatusError as error:
            sick = error.status_code >= 500 or error.status_code in (408, 429)
            raise ModelFailed(f"HTTP {error.status_code}", sick) from error
        except (TimeoutError, openai.OpenAIError, httpx.HTTPError, httpx.InvalidURL) as error:
            raise ModelFailed(type(error).__name__, is_provider_sick=True) from error

    async def ready(self) -> None:
        """Once the client is loaded: the first time takes a second, which is no provider's fault."""
        await _client_modules()

    async def close(self) -> None:
        for client in (self._own, self._guarded):
            if client is not None:
                await client.close()

    def _at(self, openai: ModuleType, httpx: ModuleType, guarded_transport: ModuleType, url: str | None) -> Any:
        """The client for one address; each kind has one pool of connections."""
        bounds = {"max_retries": RETRIES, "timeout": self._deadline}
        if url is None or url == self._url:
            if self._own is None:
                self._own = openai.AsyncOpenAI(api_key=self._key or "none", base_url=self._url, **bounds)
            return self._own
        if self._guarded is None:
            transport = guarded_transport.GuardedTransport(self._egress)
            client = httpx.AsyncClient(transport=transport, follow_redirects=False, trust_env=False, timeout=None)
            self._guarded = openai.AsyncOpenAI(api_key="none", base_url=url, http_client=client, **bounds)
        return self._guarded.with_options(base_url=url)

    async def _ask(self, client: Any, prompt: Prompt, hear: Hear) -> Completion:
        create = client.chat.completions.with_streaming_response.create
        call = create(
            **prompt.facts,
            stream=True,
            stream_options={"include_usage": True},
            max_completion_tokens=OUTPUT_TOKENS,
            extra_headers={"Accept-Encoding": "identity"},
        )
        async with asyncio.timeout(self._deadline * FIRST_SHARE) as first:
            async with call as response:
                first.reschedule(None)
                chunks = _in_time(response.iter_bytes())
                if "text/event-stream" in response.headers.get("content-type", ""):
                    return await read_stream(chunks, hear)
                return await read_whole(chunks)


async def _in_time(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same. Raises TimeoutError where one is longer in coming than `IDLE`."""
    while True:
        try:
            async with asyncio.timeout(IDLE):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        yield chunk


async def _client_modules() -> tuple[ModuleType, ModuleType, ModuleType]:
    """`openai` and its HTTP client, imported on first use and beside the event loop: it takes a second."""
    names = ("openai", "httpx2", "infrastructure.guarded_transport")
    openai, httpx, guarded = [await asyncio.to_thread(importlib.import_module, name) for name in names]
    return openai, httpx, guarded
