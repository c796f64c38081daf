"""One table says who may do what; no command and no route stands outside of it."""

from __future__ import annotations

from collections.abc import Iterator

from application.command import Command
from application.handlers import HANDLERS
from application.permissions import PERMISSIONS


def commands(parent: type[Command] = Command) -> Iterator[type[Command]]:
    for child in parent.__subclasses__():
        if not child.__subclasses__() and child.__module__.startswith("application."):
            yield child
        yield from commands(child)


def test_every_command_has_a_handler_and_a_permission() -> None:
    known = set(commands())
    assert known, "no commands found"
    assert known == set(HANDLERS)
    assert known == set(PERMISSIONS)


def test_an_auditor_and_an_analyst_write_nothing() -> None:
    assert not [one for one, roles in PERMISSIONS.items() if roles & {"auditor", "analyst"}]


def test_every_command_is_frozen_and_closed() -> None:
    for command in commands():
        assert command.__struct_config__.frozen, command
