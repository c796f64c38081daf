"""Which installation a command speaks to: the one of the environment, or the `verbatim dev` that runs here."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from infrastructure.embedded.datadir import DataDirectory, attach_data_directory
from infrastructure.embedded.nats import attached_nats
from infrastructure.embedded.postgres import attached_postgres
from infrastructure.settings import PREFIX, Settings, settings_from
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

    wrapped.__name__, wrapped.__doc__ = command.__name__, command.__doc__
    wrapped.__click_params__ = [*getattr(command, "__click_params__", []), *wrapped.__click_params__]  # type: ignore[attr-defined]
    return wrapped


def installation(data_dir: Path) -> Settings:
    """Raises SettingRefused, or StartRefused where nothing runs in `data_dir`."""
    if PREFIX + "DATABASE_URL" in os.environ:
        return settings_from(os.environ)
    return embedded_settings(attach_data_directory(data_dir))


def embedded_settings(directory: DataDirectory, **given: object) -> Settings:
    """Settings that point at the servers which run in this directory."""
    return settings_from(
        os.environ,
        database_url=attached_postgres(directory).dsn,
        nats_url=attached_nats(directory).url,
        secret=directory.secret("master"),
        **given,
    )
