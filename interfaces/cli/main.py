"""`verbatim`: the command line's door. Commands are imported when they are given, so help is quick."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

import click

COMMANDS = {
    "dev": ("interfaces.cli.dev", "Start everything on this machine; Ctrl-C stops all of it."),
    "serve": ("interfaces.cli.serve", "Run an installation's processes."),
    "migrate": ("interfaces.cli.migrate", "Bring the database to this release."),
    "tenant": ("interfaces.cli.tenant", "Tenants: one per customer."),
    "user": ("interfaces.cli.user", "People of a tenant."),
    "token": ("interfaces.cli.token", "Print an access token for scripts."),
    "replay": ("interfaces.cli.replay", "Print events as one JSON object a line, in order."),
    "projections": ("interfaces.cli.projections", "Read models: list them, rebuild one."),
    "seats": ("interfaces.cli.seats", "Agents' seats: count them from the log anew."),
    "import-dialogues": ("interfaces.cli.import_dialogues", "Import recorded dialogues."),
    "knowledge": ("interfaces.cli.knowledge", "The knowledge base: import files."),
    "erase": ("interfaces.cli.erase", "Erase a person, and wait until nothing of them is left."),
    "audit": ("interfaces.cli.audit", "Verify the log's three hash chains."),
    "doctor": ("interfaces.cli.doctor", "Check PostgreSQL and NATS."),
}
"""Name -> the module that holds a command of that name, and the line of `verbatim --help`."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _ = COMMANDS[cmd_name]
        return getattr(import_module(module), cmd_name.replace("-", "_"))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


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
    except Exception as error:
        from interfaces.cli.explanation import explain

        sys.exit(explain(error))
    sys.exit(outcome if isinstance(outcome, int) else 0)


if __name__ == "__main__":
    main()
