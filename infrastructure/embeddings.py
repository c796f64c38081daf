"""Embeddings: texts as vectors, through a server that speaks OpenAI's protocol; bounded in time and size."""

from __future__ import annotations

import asyncio
import importlib
import math
from collections.abc import Sequence
from typing import Any

import msgspec

from infrastructure.chat_completions import ModelFailed

CONNECT_RETRIES = 1
BODY_LIMIT = 16 << 20
"""Bytes of an answer that are read at most; a longer one is a failure."""
LONGEST_VECTOR = 8_192


REFUSALS = (400, 413, 422)
"""What a server answers for ever to texts that it does not take."""
LONGEST_REASON = 300


class TextsRefused(ModelFailed):
    """The server takes not all of these texts, however often they are sent; the message says why."""


class Embedded(msgspec.Struct, frozen=True):
    index: int
    embedding: list[float]


class Answered(msgspec.Struct, frozen=True):
    """What of an answer is read."""

    data: list[Embedded]


class Embeddings:
    """`model` at the server `url` (None: the client's default one)."""

    def __init__(self, model: str, url: str | None, key: str | None, deadline: float = 20.0) -> None:
        self.model = model
        self._url = url
        self._key = key
        self._deadline = deadline
        self._client: Any = None

    async def embed(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
        """A vector of length 1 for each text, in their order. Raises ModelFailed, TextsRefused, in time."""
        openai = await asyncio.to_thread(importlib.import_module, "openai")
        httpx = await asyncio.to_thread(importlib.import_module, "httpx2")
        if self._client is None:
            self._client = openai.AsyncOpenAI(
                api_key=self._key or "none",
                base_url=self._url,
                max_retries=CONNECT_RETRIES,
                timeout=self._deadline,
            )
        try:
            async with asyncio.timeout(self._deadline):
                body = await self._body(list(texts))
            return _vectors(msgspec.json.decode(body, type=Answered), len(texts))
        except openai.APIStatusError as error:
            if error.status_code in REFUSALS:
                reason = f"HTTP {error.status_code}: {error.message}"[:LONGEST_REASON]
                raise TextsRefused(reason, is_provider_sick=False) from error
            sick = error.status_code >= 500 or error.status_code in (408, 429)
            raise ModelFailed(f"HTTP {error.status_code}", sick) from error
        except (TimeoutError, openai.OpenAIError, httpx.HTTPError) as error:
            raise ModelFailed(type(error).__name__, is_provider_sick=True) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ModelFailed("malformed answer", is_provider_sick=True) from error

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def _body(self, texts: list[str]) -> bytes:
        body = bytearray()
        create = self._client.embeddings.with_streaming_response.create
        headers = {"Accept-Encoding": "identity"}
        async with create(
            model=self.model, input=texts, encoding_format="float", extra_headers=headers
        ) as response:
            async for chunk in response.iter_bytes(65_536):
                body += chunk
                if len(body) > BODY_LIMIT:
                    raise ModelFailed("answer too long", is_provider_sick=True)
        return bytes(body)


def _vectors(answered: Answered, count: int) -> list[tuple[float, ...]]:
    """Raises ModelFailed where they are not one for each text, all of one length that means something."""
    ordered = sorted(answered.data, key=lambda one: one.index)
    lengths = {len(one.embedding) for one in ordered}
    if [one.index for one in ordered] != list(range(count)) or len(lengths) != 1:
        raise ModelFailed("not a vector for each text", is_provider_sick=True)
    if not 1 <= lengths.pop() <= LONGEST_VECTOR:
        raise ModelFailed("vectors of an odd length", is_provider_sick=True)
    return [_normal(one.embedding) for one in ordered]


def _normal(vector: Sequence[float]) -> tuple[float, ...]:
    """Of length 1, or all zeros."""
    length = math.sqrt(math.fsum(value * value for value in vector))
    if not math.isfinite(length):
        raise ModelFailed("numbers without end", is_provider_sick=True)
    return tuple(value / length for value in vector) if length else tuple(vector)
