"""Which installation a command speaks to: the one of the environment, or the `verbatim dev` that runs here."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import psycopg

from domain.ids import parse_tenant
from domain.refusals import NotFound
from infrastructure.embedded.datadir import DataDirectory, attach_data_directory
from infrastructure.embedded.nats import attached_nats
from infrastructure.embedded.postgres import attached_postgres
from infrastructure.postgres import conninfo
from infrastructure.settings import PREFIX, Settings, settings_from
from interfaces.demo import kept_demo
from interfaces.logs import configure_logs

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".verbatim"),
    show_default=True,
    help="The data directory of a running `verbatim dev`; not used where VERBATIM_DATABASE_URL is set.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object.")


def with_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """Hand `settings` to a command in place of `--data-dir`. Raises SettingRefused, StartRefused."""

    @data_dir_option
    def wrapped(data_dir: Path, **options: object) -> object:
        configure_logs(level=logging.WARNING)
        return command(settings=installation(data_dir), **options)

    return _as_command(wrapped, command)


def with_tenant(command: Callable[..., Any]) -> Callable[..., Any]:
    """Hand `settings` and `tenant_id` to a command in place of `--data-dir` and `--tenant`.

    Raises SettingRefused, StartRefused, click.BadParameter where there is no such tenant.
    """

    @data_dir_option
    @click.option("--tenant", help="tnt_…; by default the demo's, or the only one.")
    def wrapped(data_dir: Path, tenant: str | None, **options: object) -> object:
        configure_logs(level=logging.WARNING)
        settings = installation(data_dir)
        tenant_id = _named(settings, tenant) if tenant else _default(settings, data_dir)
        return command(settings=settings, tenant_id=tenant_id, **options)

    return _as_command(wrapped, command)


def _as_command(wrapped: Callable[..., Any], command: Callable[..., Any]) -> Callable[..., Any]:
    wrapped.__name__, wrapped.__doc__ = command.__name__, command.__doc__
    wrapped.__click_params__ = [*getattr(command, "__click_params__", []), *wrapped.__click_params__]  # type: ignore[attr-defined]
    return wrapped


def installation(data_dir: Path) -> Settings:
    """Raises SettingRefused, or StartRefused where nothing runs in `data_dir`."""
    if _is_elsewhere():
        return settings_from(os.environ)
    return embedded_settings(attach_data_directory(data_dir))


def embedded_settings(directory: DataDirectory, **given: object) -> Settings:
    """Settings that point at the servers which run in this directory."""
    return settings_from(
        os.environ,
        database_url=attached_postgres(directory).dsn,
        nats_url=attached_nats(directory).url,
        secret=directory.secret("master"),
        blobs=os.environ.get(PREFIX + "BLOBS") or f"file:{quote(str(directory.path / 'files'))}",
        **given,
    )


def _is_elsewhere() -> bool:
    return bool(os.environ.get(PREFIX + "DATABASE_URL"))


def _named(settings: Settings, text: str) -> int:
    try:
        tenant_id = parse_tenant(text)
    except NotFound as error:
        raise click.BadParameter(f"{text} is not a tenant's id (tnt_…).") from error
    found = _ask(settings, "SELECT EXISTS (SELECT FROM es.tenant_batch WHERE tenant_id = %s)", tenant_id)
    if not found[0]:
        raise click.BadParameter(f"There is no tenant {text} here.")
    return tenant_id


def _default(settings: Settings, data_dir: Path) -> int:
    demo = None if _is_elsewhere() else kept_demo(data_dir)
    if demo is not None:
        return demo.number
    first, last = _ask(settings, "SELECT min(tenant_id), max(tenant_id) FROM es.tenant_batch")
    if first is None:
        raise click.BadParameter("There is no tenant here yet: `verbatim tenant create NAME`.")
    if first != last:
        raise click.BadParameter("There are several tenants here: say which with --tenant.")
    return first


def _ask(settings: Settings, query: str, *values: int) -> tuple[Any, ...]:
    with psycopg.connect(conninfo(settings.database_url, "verbatim_worker")) as connection:
        return connection.execute(query.encode(), values).fetchone() or ()
