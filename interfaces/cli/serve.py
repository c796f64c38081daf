"""`verbatim serve`: one process of an installation with its own PostgreSQL and NATS."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence

import click
import uvloop

from infrastructure.settings import Settings, settings_from
from interfaces.bootstrap import ROLES, open_app, open_process
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
@click.option("--host", help="VERBATIM_HOST")
@click.option("--port", type=click.IntRange(0, 65535), help="VERBATIM_PORT; every role answers /health here.")
def serve(roles: Sequence[str], host: str | None, port: int | None) -> int:
    """Run one process of an installation (docs/operations.md); `verbatim migrate` comes first."""
    settings = settings_from(os.environ, host=host, port=port)
    configure_logs(settings.log_format)
    chosen = ROLES if "all" in roles else tuple(roles)
    listener = bind(settings.host, settings.port)
    return 0 if uvloop.run(_run(settings, chosen, listener)) else 1


async def _run(settings: Settings, roles: Sequence[str], listener: socket.socket) -> bool:
    async with open_process(settings, roles) as process, open_app(process, roles, None) as app:
        address = f"http://{settings.host}:{listener.getsockname()[1]}"
        return await serve_app(app, listener, process.tasks, lambda: click.echo(f"{'+'.join(roles)} {address}"))
