"""`verbatim`: the command line's door. Commands are imported when they are given, so help is quick."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

import click

COMMANDS = {
    "dev": ("interfaces.cli.dev", "dev"),
    "serve": ("interfaces.cli.serve", "serve"),
    "migrate": ("interfaces.cli.migrate", "migrate"),
    "tenant": ("interfaces.cli.tenant", "tenant"),
    "user": ("interfaces.cli.user", "user"),
    "token": ("interfaces.cli.token", "token"),
    "replay": ("interfaces.cli.replay", "replay"),
    "projections": ("interfaces.cli.projections", "projections"),
    "import-dialogues": ("interfaces.cli.import_dialogues", "import_dialogues"),
    "audit": ("interfaces.cli.audit", "audit"),
    "doctor": ("interfaces.cli.doctor", "doctor"),
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name]
        return getattr(import_module(module), name)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="verbatim")
def cli() -> None:
    """Live-chat support with a perfect memory."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Exit code 0: done. 1: it did not work out. 2: it was not begun (a wrong argument, setting or place)."""
    try:
        outcome = cli.main(arguments, prog_name="verbatim", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:
        sys.exit(_explain(error))
    sys.exit(outcome if isinstance(outcome, int) else 0)


def _explain(error: Exception) -> int:
    from domain.refusals import Refusal
    from infrastructure.embedded.datadir import StartRefused
    from infrastructure.settings import SettingRefused

    if isinstance(error, StartRefused | SettingRefused):
        click.echo(str(error), err=True)
        return 2
    if isinstance(error, Refusal):
        click.echo(error.message, err=True)
        return 1
    raise error


if __name__ == "__main__":
    main()
