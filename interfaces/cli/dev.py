"""`verbatim dev`: PostgreSQL, NATS, the product and a demo tenant, with one command and one folder."""

from __future__ import annotations

import shutil
import socket
import sys
from pathlib import Path

import click
import msgspec

from infrastructure.embedded.datadir import DataDirectory, open_data_directory
from infrastructure.embedded.nats import running_nats
from infrastructure.embedded.postgres import running_postgres
from infrastructure.migrate import migrate
from infrastructure.settings import Settings
from interfaces.bootstrap import ROLES, open_app, open_process
from interfaces.cli.installation import embedded_settings
from interfaces.cli.stopping import run_until_stopped, stoppable
from interfaces.demo import Demo, DemoUser, ensure_demo
from interfaces.http.pages import DemoPage
from interfaces.logs import configure_logs
from interfaces.server import bind, serve


class Started(msgspec.Struct, frozen=True, rename="camel"):
    """The one line of `dev --json`."""

    url: str
    tenant_id: str
    widget_id: str
    widget_token: str
    assistant_id: str
    users: tuple[DemoUser, ...]
    data_dir: str


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--data-dir", type=click.Path(path_type=Path), default=Path(".verbatim"), show_default=True)
@click.option("--reset", is_flag=True, help="Throw the data directory away first.")
@click.option("--json", "as_json", is_flag=True, help="Print where and how as one JSON object.")
def dev(port: int, host: str, data_dir: Path, reset: bool, as_json: bool) -> int:
    """Start everything on this machine; Ctrl-C stops all of it."""
    configure_logs("text")
    listener = bind(host, port)
    if reset:
        _throw_away(data_dir)
    with (
        stoppable(),
        open_data_directory(data_dir) as directory,
        running_postgres(directory),
        running_nats(directory),
    ):
        port = listener.getsockname()[1]
        settings = embedded_settings(directory, host=host, port=port, private_webhooks=True)
        migrate(settings.database_url)
        return 0 if run_until_stopped(_run(settings, directory, listener, as_json)) else 1
    return 0


async def _run(settings: Settings, directory: DataDirectory, listener: socket.socket, as_json: bool) -> bool:
    async with open_process(settings, ROLES) as process:
        demo = await ensure_demo(process.side, directory, settings)
        await process.caught_up(demo.number)  # the first question finds the articles
        page = DemoPage(demo.tenant.widget_id, demo.tenant.widget_token)
        async with open_app(process, ROLES, page) as app:
            return await serve(app, listener, process.tasks, lambda: _tell(settings, directory, demo, as_json))


def _tell(settings: Settings, directory: DataDirectory, demo: Demo, as_json: bool) -> None:
    url = f"http://{settings.host}:{settings.port}"
    if as_json:
        tenant = demo.tenant
        ids = (tenant.tenant_id, tenant.widget_id, tenant.widget_token, tenant.assistant_id)
        click.echo(msgspec.json.encode(Started(url, *ids, demo.users, str(directory.path))))
    else:
        click.echo(_welcome(url, demo))
    sys.stdout.flush()


def _welcome(url: str, demo: Demo) -> str:
    people = "\n".join(f"    {user.role:<9} {user.email:<32} {user.password}" for user in demo.users)
    return (
        f"\n  Verbatim is running.\n\n"
        f"  The shop with the chat   {url}/demo\n"
        f"  The agents' page         {url}/agent\n"
        f"  The API, to read         {url}/api/docs\n\n"
        f"  Log in as\n{people}\n\n"
        f"  Tenant {demo.tenant.tenant_id}, widget {demo.tenant.widget_id}. Ctrl-C stops everything.\n"
    )


def _throw_away(data_dir: Path) -> None:
    """Only what is a data directory of ours, and only when nothing runs in it. Raises StartRefused."""
    if data_dir.exists():
        with open_data_directory(data_dir) as directory:
            path = directory.path
        shutil.rmtree(path)
