"""Widget: how a tenant's chat looks on a site, and which tokens let that site talk."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import msgspec

from domain.kernel import Aggregate, Event, Stamp
from domain.refusals import Invalid
from domain.values import bounded, color, required

Position = Literal["bottom-right", "bottom-left"]


class Look(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a visitor sees. `origins` are the sites that may embed it; empty means any."""

    name: str
    primary_color: str = "#3B82F6"
    position: Position = "bottom-right"
    logo: str | None = None
    greeting: str = "Hello! How can we help?"
    origins: tuple[str, ...] = ()


class WidgetInstalled(Event, frozen=True, kw_only=True):
    TYPE = "widget.installed.1"

    tenant_id: int
    look: Look
    assistant_id: UUID | None = None

    def create(self) -> Aggregate:
        return Widget(self.originator_id)

    def apply(self, aggregate: Widget) -> None:
        aggregate.look = self.look
        aggregate.assistant_id = self.assistant_id


class WidgetRestyled(Event, frozen=True, kw_only=True):
    TYPE = "widget.restyled.1"

    look: Look

    def apply(self, aggregate: Widget) -> None:
        aggregate.look = self.look


class WidgetTokenIssued(Event, frozen=True, kw_only=True):
    """The token itself and its hash are elsewhere; the log only knows that there is one."""

    TYPE = "widget.token_issued.1"

    token_id: UUID

    def apply(self, aggregate: Widget) -> None:
        aggregate.token_ids = aggregate.token_ids | {self.token_id}


class WidgetTokenRevoked(Event, frozen=True, kw_only=True):
    TYPE = "widget.token_revoked.1"

    token_id: UUID

    def apply(self, aggregate: Widget) -> None:
        aggregate.token_ids = aggregate.token_ids - {self.token_id}


class Widget(Aggregate):
    KIND = "widget"

    look = Look(name="")
    assistant_id: UUID | None = None
    token_ids: frozenset[UUID] = frozenset()

    def install(self, stamp: Stamp, tenant_id: int, look: Look, assistant_id: UUID | None = None) -> None:
        """Installing twice changes nothing. Raises Invalid."""
        if not self.exists:
            facts = {"look": valid_look(look), "assistant_id": assistant_id}
            self.record(WidgetInstalled, stamp, tenant_id=tenant_id, **facts)

    def restyle(self, stamp: Stamp, look: Look) -> None:
        """The same look again changes nothing. Raises Invalid."""
        if valid_look(look) != self.look:
            self.record(WidgetRestyled, stamp, look=look)

    def issue_token(self, stamp: Stamp, token_id: UUID) -> None:
        if token_id not in self.token_ids:
            self.record(WidgetTokenIssued, stamp, token_id=token_id)

    def revoke_token(self, stamp: Stamp, token_id: UUID) -> None:
        """A token that is not in force cannot be revoked again: nothing changes."""
        if token_id in self.token_ids:
            self.record(WidgetTokenRevoked, stamp, token_id=token_id)


def valid_look(look: Look) -> Look:
    """`look` unchanged. Raises Invalid for what no page may show."""
    required("name", look.name)
    bounded("greeting", look.greeting, 500)
    color(look.primary_color)
    if look.logo is not None and not look.logo.startswith("https://"):
        raise Invalid("logo is an https:// address.")
    for origin in look.origins:
        required("origin", origin)
    return look


EVENTS: tuple[type[Event], ...] = (WidgetInstalled, WidgetRestyled, WidgetTokenIssued, WidgetTokenRevoked)
