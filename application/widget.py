"""Commands about a widget and its tokens."""

from __future__ import annotations

from uuid import UUID

from application.command import Command, Handlers
from application.widget_change import WidgetChange
from application.work import Work
from domain.address_rules import AddressRules
from domain.assistant import Assistant
from domain.widget import GRACE_SECONDS, Look, Widget
from domain.widget_settings import WidgetSettings


class AboutWidget(Command, frozen=True, kw_only=True):
    """Its turn is the widget's."""

    widget_id: UUID

    @property
    def turn(self) -> UUID:
        return self.widget_id


class InstallWidget(AboutWidget, frozen=True, kw_only=True):
    look: Look
    assistant_id: UUID | None = None


class CreateWidget(Command, frozen=True, kw_only=True):
    """One more widget, under a new id; what is not named is as by default."""

    change: WidgetChange


class RestyleWidget(AboutWidget, frozen=True, kw_only=True):
    look: Look


class ConfigureWidget(AboutWidget, frozen=True, kw_only=True):
    """Only what is named changes."""

    change: WidgetChange
    expected_version: int | None = None


class SetWidgetAddressRules(AboutWidget, frozen=True, kw_only=True):
    """All of them. `expected_version`: refuse if somebody else has changed them."""

    rules: AddressRules
    expected_version: int | None = None


class ArchiveWidget(AboutWidget, frozen=True, kw_only=True):
    pass


class IssueWidgetToken(AboutWidget, frozen=True, kw_only=True):
    """Says that a token came into force; the token itself is kept with the credentials."""

    token_id: UUID


class RotateWidgetToken(AboutWidget, frozen=True, kw_only=True):
    """The caller makes the token that the event names, and lets the others end with it."""

    grace_seconds: int = GRACE_SECONDS


class RevokeWidgetToken(AboutWidget, frozen=True, kw_only=True):
    token_id: UUID


async def install_widget(work: Work, command: InstallWidget) -> None:
    widget = await work.load(Widget, command.widget_id)
    widget.install(work.stamp, work.actor.tenant_id, command.look, command.assistant_id)


async def create_widget(work: Work, command: CreateWidget) -> None:
    change, widget = command.change, work.create(Widget)
    look, settings = change.look(Look(name="")), change.settings(WidgetSettings())
    assistant_id = change.assistant(None)
    await _expect_assistant(work, assistant_id)
    widget.install(work.stamp, work.actor.tenant_id, look, assistant_id, settings)


async def restyle_widget(work: Work, command: RestyleWidget) -> None:
    widget = await work.get(Widget, command.widget_id)
    widget.restyle(work.stamp, command.look)


async def configure_widget(work: Work, command: ConfigureWidget) -> None:
    change, widget = command.change, await work.get(Widget, command.widget_id)
    assistant_id = change.assistant(widget.assistant_id)
    if assistant_id != widget.assistant_id:
        await _expect_assistant(work, assistant_id)
    look, settings = change.look(widget.look), change.settings(widget.settings)
    widget.configure(work.stamp, look, settings, assistant_id, command.expected_version)


async def set_widget_address_rules(work: Work, command: SetWidgetAddressRules) -> None:
    widget = await work.get(Widget, command.widget_id)
    widget.set_address_rules(work.stamp, command.rules, command.expected_version)


async def archive_widget(work: Work, command: ArchiveWidget) -> None:
    widget = await work.get(Widget, command.widget_id)
    widget.archive(work.stamp)


async def issue_widget_token(work: Work, command: IssueWidgetToken) -> None:
    widget = await work.get(Widget, command.widget_id)
    widget.issue_token(work.stamp, command.token_id)


async def rotate_widget_token(work: Work, command: RotateWidgetToken) -> None:
    widget = await work.get(Widget, command.widget_id)
    widget.rotate_token(work.stamp, work.new_id(), command.grace_seconds)


async def revoke_widget_token(work: Work, command: RevokeWidgetToken) -> None:
    widget = await work.get(Widget, command.widget_id)
    widget.revoke_token(work.stamp, command.token_id)


async def _expect_assistant(work: Work, assistant_id: UUID | None) -> None:
    """Raises NotFound where the tenant has no such assistant."""
    if assistant_id is not None:
        await work.look_up(Assistant, assistant_id)


HANDLERS: Handlers = {
    InstallWidget: install_widget,
    CreateWidget: create_widget,
    RestyleWidget: restyle_widget,
    ConfigureWidget: configure_widget,
    SetWidgetAddressRules: set_widget_address_rules,
    ArchiveWidget: archive_widget,
    IssueWidgetToken: issue_widget_token,
    RotateWidgetToken: rotate_widget_token,
    RevokeWidgetToken: revoke_widget_token,
}
