"""Waking: a loop that rests between two looks."""

from __future__ import annotations

import asyncio


async def rest(wake: asyncio.Event, seconds: float) -> None:
    """Until woken, or so long. The event stays set: who looks again clears it first."""
    waiting = asyncio.ensure_future(wake.wait())
    try:
        await asyncio.wait([waiting], timeout=seconds)
    finally:
        waiting.cancel()
