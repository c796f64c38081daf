"""`verbatim serve`: one process of an installation with its own PostgreSQL and NATS, or several of one kind."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence

import click

from infrastructure.settings import Settings, settings_from
from interfaces.bootstrap import ROLES, open_app, open_process
from interfaces.cli.stopping import run_until_stopped, stoppable
from interfaces.cli.workers import supervise
from interfaces.logs import configure_logs
from interfaces.server import bind
from interfaces.server import serve as serve_app


@click.command()
@click.option(
    "--role",
    "roles",
    type=click.Choice(["all", *ROLES]),
    multiple=True,
    default=("all",),
    show_default=True,
    help="What this process does; may be given several times.",
)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes on one port.")
@click.option("--host", help="VERBATIM_HOST")
@click.option("--port", type=click.IntRange(0, 65535), help="VERBATIM_PORT; every role answers /health here.")
@click.option("--shared", is_flag=True, hidden=True, help="This is a worker.")
def serve(roles: Sequence[str], workers: int, host: str | None, port: int | None, shared: bool) -> int:
    """Run an installation's processes (docs/operations.md); `verbatim migrate` comes first."""
    settings = settings_from(os.environ, host=host, port=port)
    configure_logs(settings.log_format)
    chosen = ROLES if "all" in roles else tuple(dict.fromkeys(roles))
    listener = bind(settings.host, settings.port, shared=shared)
    with stoppable():
        if workers > 1:
            return _supervise(settings, chosen, listener, workers)
        return 0 if run_until_stopped(_run(settings, chosen, listener)) else 1
    return 0


async def _run(settings: Settings, roles: Sequence[str], listener: socket.socket) -> bool:
    async with open_process(settings, roles) as process, open_app(process, roles, None) as app:
        address = f"http://{settings.host}:{listener.getsockname()[1]}"
        return await serve_app(app, listener, process.tasks, lambda: click.echo(f"{'+'.join(roles)} {address}"))


def _supervise(settings: Settings, roles: Sequence[str], listener: socket.socket, workers: int) -> int:
    """The port was free; from here on a socket that never listens keeps it from everybody but the workers."""
    port = listener.getsockname()[1]
    listener.close()
    named = [part for role in roles for part in ("--role", role)]
    command = ("serve", *named, "--host", settings.host, "--port", str(port), "--shared")
    with bind(settings.host, port, shared=True):
        return 0 if run_until_stopped(supervise(command, workers)) else 1
