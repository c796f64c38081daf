"""Workers: several processes of one kind that share a port, kept alive by the one that started them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Sequence

import structlog

from infrastructure.embedded.process import LAUNCHER
from interfaces.server import GRACE

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 10.0
STEADY = 30.0
"""Seconds of life after which a worker's end is not taken for one of a row of failures."""
PATIENCE = GRACE + 10.0

_log = structlog.get_logger(__name__)


async def supervise(command: Sequence[str], workers: int) -> bool:
    """Run `verbatim COMMAND` so many times until cancelled; one that ends is started again, ever more slowly.

    Cancelled, it ends them all in good order. Killed, the kernel does so.
    """
    async with asyncio.TaskGroup() as group:
        for number in range(workers):
            group.create_task(_keep(number, command))
    return True


async def _keep(number: int, command: Sequence[str]) -> None:
    clock, pause = asyncio.get_running_loop().time, FIRST_PAUSE
    while True:
        begin = clock()
        code = await _live(command)
        if clock() - begin > STEADY:
            pause = FIRST_PAUSE
        _log.error("worker.ended", worker=number, code=code, again_in=pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


async def _live(command: Sequence[str]) -> int:
    """One life of a worker; its exit code."""
    launcher = (sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), str(int(signal.SIGTERM)), "self")
    process = await asyncio.create_subprocess_exec(
        *launcher, sys.executable, "-m", "interfaces.cli.main", *command
    )
    try:
        return await process.wait()
    finally:
        await _end(process)


async def _end(process: Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(PATIENCE):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
