"""The HTTP and socket server of one process: uvicorn on a port that is ours before anything else starts."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Generator

import uvicorn
from litestar import Litestar

from infrastructure.embedded.datadir import StartRefused
from infrastructure.ending import end
from interfaces.tasks import Tasks

GRACE = 5
"""Seconds that requests under way may still take when the process is asked to stop."""


def bind(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A socket on that port, or on a free one for 0; `shared` with others that share it. Raises StartRefused."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise StartRefused(f"Port {port} on {host} cannot be used: {error.strerror}.") from error
    return listener


async def serve(app: Litestar, listener: socket.socket, tasks: Tasks, ready: Callable[[], None]) -> bool:
    """Serve until SIGINT or SIGTERM (True) or until one of `tasks` fails (False)."""
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            ws="websockets-sansio",
            ws_max_size=64 * 1024,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=GRACE,
            timeout_keep_alive=15,
            h11_max_incomplete_event_size=16 * 1024,
        )
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    serving = asyncio.create_task(server.serve([listener]))
    watching = asyncio.create_task(_watch(server, tasks, ready))
    try:
        await serving
    finally:
        await end([watching])
    return not tasks.failed.is_set()


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Ours are set already; uvicorn's would raise the signal once more at the end."""
        yield

    def stop(self) -> None:
        self.should_exit = True


async def _watch(server: _Server, tasks: Tasks, ready: Callable[[], None]) -> None:
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    ready()
    await tasks.failed.wait()
    server.stop()
