"""A task that loses a cancellation is ended all the same."""

from __future__ import annotations

import asyncio

from infrastructure.ending import end, heed_cancellation


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


async def test_a_loop_in_a_group_ends_though_its_library_lost_the_cancellation() -> None:
    """The group passes it on once only: without `heed_cancellation` this would wait for ever."""
    turns = 0

    async def loses_a_cancellation() -> None:
        try:
            await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            return

    async def loop() -> None:
        nonlocal turns
        while True:
            heed_cancellation()
            turns += 1
            await loses_a_cancellation()

    async def work() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(loop())

    task = asyncio.create_task(work())
    async with asyncio.timeout(10):
        while turns < 2:
            await asyncio.sleep(0)
        await end([task])
    assert task.cancelled()
