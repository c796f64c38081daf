"""Commands about a widget."""

from __future__ import annotations

from uuid import UUID

from application.command import Command, Handlers
from application.work import Work
from domain.widget import Look, Widget


class _AboutWidget(Command, frozen=True, kw_only=True):
    widget_id: UUID

    @property
    def turn(self) -> UUID:
        return self.widget_id


class InstallWidget(_AboutWidget, frozen=True, kw_only=True):
    look: Look
    assistant_id: UUID | None = None


class RestyleWidget(_AboutWidget, frozen=True, kw_only=True):
    look: Look


class IssueWidgetToken(_AboutWidget, frozen=True, kw_only=True):
    """Says that a token came into force; the token itself is kept with the credentials."""

    token_id: UUID


class RevokeWidgetToken(_AboutWidget, frozen=True, kw_only=True):
    token_id: UUID


async def install_widget(work: Work, command: InstallWidget) -> None:
    widget = await work.load(Widget, command.widget_id)
    widget.install(work.stamp, work.actor.tenant_id, command.look, command.assistant_id)


async def restyle_widget(work: Work, command: RestyleWidget) -> None:
    widget = await work.get(Widget, command.widget_id)
    widget.restyle(work.stamp, command.look)


async def issue_widget_token(work: Work, command: IssueWidgetToken) -> None:
    widget = await work.get(Widget, command.widget_id)
    widget.issue_token(work.stamp, command.token_id)


async def revoke_widget_token(work: Work, command: RevokeWidgetToken) -> None:
    widget = await work.get(Widget, command.widget_id)
    widget.revoke_token(work.stamp, command.token_id)


HANDLERS: Handlers = {
    InstallWidget: install_widget,
    RestyleWidget: restyle_widget,
    IssueWidgetToken: issue_widget_token,
    RevokeWidgetToken: revoke_widget_token,
}
