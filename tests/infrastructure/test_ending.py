"""A task that loses a cancellation is ended all the same."""

from __future__ import annotations

import asyncio

from infrastructure.ending import end


async def test_a_task_that_swallows_a_cancellation_is_cancelled_again() -> None:
    swallowed = 0

    async def stubborn() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed > 1:
                    raise

    task = asyncio.create_task(stubborn())
    await asyncio.wait([task], timeout=0)
    async with asyncio.timeout(10):
        await end([task])
    assert task.cancelled()
    assert swallowed == 2


async def test_tasks_that_have_ended_are_left_alone() -> None:
    async def fails() -> None:
        raise ValueError

    task = asyncio.create_task(fails())
    await asyncio.wait([task])
    await end([task])
    await end([])
    assert isinstance(task.exception(), ValueError)
