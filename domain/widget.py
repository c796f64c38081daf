"""Widget: how a tenant's chat looks and behaves on a site, and which tokens let that site talk."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal
from uuid import UUID

import msgspec

from domain.address_rules import AddressRules, valid_address_rules
from domain.kernel import Aggregate, Event, Stamp
from domain.refusals import Conflict, Invalid
from domain.values import bounded, color, required
from domain.widget_settings import WidgetSettings, valid_settings

Position = Literal["bottom-right", "bottom-left"]
Theme = Literal["auto", "light", "dark"]
LauncherIcon = Literal["chat", "question", "wave"]

GRACE_SECONDS = 86_400
LONGEST_GRACE = 30 * 86_400
MOST_TOKENS = 20
MOST_ORIGINS = 100
ORIGIN = re.compile(r"https?://[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?(:\d{1,5})?")


class Look(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a visitor sees. `origins` are the sites that may embed it and talk to it; empty means any."""

    name: str
    primary_color: str = "#3B82F6"
    position: Position = "bottom-right"
    logo: str | None = None
    greeting: str = "Hello! How can we help?"
    origins: tuple[str, ...] = ()
    theme: Theme = "auto"
    launcher: LauncherIcon = "chat"


class WidgetIsArchived(Conflict):
    code = "widget_archived"
    sentence = "This widget is archived."


class WidgetInstalled(Event, frozen=True, kw_only=True):
    TYPE = "widget.installed.1"

    tenant_id: int
    look: Look
    assistant_id: UUID | None = None
    settings: WidgetSettings = WidgetSettings()

    def create(self) -> Aggregate:
        return Widget(self.originator_id)

    def apply(self, aggregate: Widget) -> None:
        aggregate.look, aggregate.settings = self.look, self.settings
        aggregate.assistant_id = self.assistant_id
        aggregate.config_version = self.originator_version


class WidgetRestyled(Event, frozen=True, kw_only=True):
    TYPE = "widget.restyled.1"

    look: Look

    def apply(self, aggregate: Widget) -> None:
        aggregate.look = self.look
        aggregate.config_version = self.originator_version


class WidgetConfigured(Event, frozen=True, kw_only=True):
    """The whole of it as it is from now on; `changed` names what is another than before."""

    TYPE = "widget.configured.1"

    look: Look
    settings: WidgetSettings
    assistant_id: UUID | None = None
    changed: tuple[str, ...] = ()

    def apply(self, aggregate: Widget) -> None:
        aggregate.look, aggregate.settings = self.look, self.settings
        aggregate.assistant_id = self.assistant_id
        aggregate.config_version = self.originator_version


class WidgetAddressRulesSet(Event, frozen=True, kw_only=True):
    """All of them as they are from now on."""

    TYPE = "widget.address_rules_set.1"

    rules: AddressRules

    def apply(self, aggregate: Widget) -> None:
        aggregate.address_rules = self.rules
        aggregate.address_rules_version = self.originator_version


class WidgetArchived(Event, frozen=True, kw_only=True):
    """It serves nobody any more; its tokens are revoked with it."""

    TYPE = "widget.archived.1"

    def apply(self, aggregate: Widget) -> None:
        aggregate.is_archived = True


class WidgetTokenIssued(Event, frozen=True, kw_only=True):
    """The token itself and its hash are elsewhere; the log only knows that there is one."""

    TYPE = "widget.token_issued.1"

    token_id: UUID

    def apply(self, aggregate: Widget) -> None:
        aggregate.token_ids = aggregate.token_ids | {self.token_id}


class WidgetTokenRotated(Event, frozen=True, kw_only=True):
    """A new token; all others of the widget are good until `grace_until`, or for less where they were already."""

    TYPE = "widget.token_rotated.1"

    token_id: UUID
    grace_until: datetime

    def apply(self, aggregate: Widget) -> None:
        ends = dict.fromkeys(aggregate.token_ids - aggregate.token_ends.keys(), self.grace_until)
        sooner = {one: min(end, self.grace_until) for one, end in aggregate.token_ends.items()}
        aggregate.token_ends = ends | sooner
        aggregate.token_ids = aggregate.token_ids | {self.token_id}


class WidgetTokenRevoked(Event, frozen=True, kw_only=True):
    TYPE = "widget.token_revoked.1"

    token_id: UUID

    def apply(self, aggregate: Widget) -> None:
        aggregate.token_ids = aggregate.token_ids - {self.token_id}
        aggregate.token_ends = {one: end for one, end in aggregate.token_ends.items() if one != self.token_id}


class Widget(Aggregate):
    """`config_version`: the version of the event that configured it last; tokens do not move it.

    `address_rules_version`: likewise of its address rules, 0 before it had any.
    """

    KIND = "widget"

    look = Look(name="")
    settings = WidgetSettings()
    assistant_id: UUID | None = None
    config_version = 0
    address_rules = AddressRules()
    address_rules_version = 0
    is_archived = False
    token_ids: frozenset[UUID] = frozenset()
    token_ends: Mapping[UUID, datetime] = MappingProxyType({})

    def install(
        self,
        stamp: Stamp,
        tenant_id: int,
        look: Look,
        assistant_id: UUID | None = None,
        settings: WidgetSettings | None = None,
    ) -> None:
        """Installing twice changes nothing. Raises Invalid."""
        if not self.exists:
            told = valid_settings(settings or WidgetSettings())
            facts = {"look": valid_look(look), "assistant_id": assistant_id, "settings": told}
            self.record(WidgetInstalled, stamp, tenant_id=tenant_id, **facts)

    def restyle(self, stamp: Stamp, look: Look) -> None:
        """The same look again changes nothing. Raises Invalid, WidgetIsArchived."""
        self.refuse_archived()
        if (seen := valid_look(look)) != self.look:
            self.record(WidgetRestyled, stamp, look=seen)

    def configure(
        self,
        stamp: Stamp,
        look: Look,
        settings: WidgetSettings,
        assistant_id: UUID | None,
        expected_version: int | None = None,
    ) -> None:
        """The same again changes nothing.

        Raises Invalid, WidgetIsArchived, and Conflict where `expected_version` is given and another is in force.
        """
        self.refuse_archived()
        if expected_version is not None and expected_version != self.config_version:
            raise Conflict(expected=expected_version, version=self.config_version)
        seen, told = valid_look(look), valid_settings(settings)
        changed = (*_differing(self.look, seen), *_differing(self.settings, told))
        if assistant_id != self.assistant_id:
            changed = (*changed, "assistant_id")
        if changed:
            facts = {"look": seen, "settings": told, "assistant_id": assistant_id, "changed": changed}
            self.record(WidgetConfigured, stamp, **facts)

    def set_address_rules(self, stamp: Stamp, rules: AddressRules, expected_version: int | None = None) -> None:
        """The same again changes nothing. Raises as `configure` does."""
        self.refuse_archived()
        if expected_version is not None and expected_version != self.address_rules_version:
            raise Conflict(expected=expected_version, version=self.address_rules_version)
        if (seen := valid_address_rules(rules)) != self.address_rules:
            self.record(WidgetAddressRulesSet, stamp, rules=seen)

    def archive(self, stamp: Stamp) -> None:
        """With all its tokens. Archiving twice changes nothing."""
        if self.is_archived:
            return
        for token_id in sorted(self.token_ids):
            self.revoke_token(stamp, token_id)
        self.record(WidgetArchived, stamp)

    def issue_token(self, stamp: Stamp, token_id: UUID) -> None:
        """Raises WidgetIsArchived."""
        self.refuse_archived()
        if token_id not in self.token_ids:
            self.record(WidgetTokenIssued, stamp, token_id=token_id)

    def rotate_token(self, stamp: Stamp, token_id: UUID, grace_seconds: int = GRACE_SECONDS) -> None:
        """The newest token beside the older ones, for a while. Raises Invalid, WidgetIsArchived."""
        self.refuse_archived()
        if not 0 <= grace_seconds <= LONGEST_GRACE:
            raise Invalid(f"graceSeconds is 0 to {LONGEST_GRACE}.")
        if token_id in self.token_ids:
            return
        if len(self.tokens_at(stamp.at)) >= MOST_TOKENS:
            raise Invalid(f"A widget has at most {MOST_TOKENS} tokens in force. Revoke one.")
        until = stamp.at + timedelta(seconds=grace_seconds)
        self.record(WidgetTokenRotated, stamp, token_id=token_id, grace_until=until)

    def revoke_token(self, stamp: Stamp, token_id: UUID) -> None:
        """A token that is not in force cannot be revoked again: nothing changes."""
        if token_id in self.token_ids:
            self.record(WidgetTokenRevoked, stamp, token_id=token_id)

    def tokens_at(self, at: datetime) -> frozenset[UUID]:
        """Those in force at this time."""
        return frozenset(one for one in self.token_ids if one not in self.token_ends or self.token_ends[one] > at)

    def refuse_archived(self) -> None:
        """Raises WidgetIsArchived."""
        if self.is_archived:
            raise WidgetIsArchived


def valid_look(look: Look) -> Look:
    """`look`, its sites written as browsers write them. Raises Invalid for what no page may show."""
    required("name", look.name)
    bounded("greeting", look.greeting, 500)
    color(look.primary_color)
    if look.logo is not None and not bounded("logo", look.logo, 2_000).startswith("https://"):
        raise Invalid("logo is an https:// address.")
    if len(look.origins) > MOST_ORIGINS:
        raise Invalid(f"A widget names at most {MOST_ORIGINS} sites.")
    sites = tuple(dict.fromkeys(_site(one) for one in look.origins))
    return msgspec.structs.replace(look, origins=sites)


def _site(origin: str) -> str:
    site = required("origin", origin).lower().rstrip("/")
    if not ORIGIN.fullmatch(site):
        raise Invalid("A site is written https://example.com, with a port where it has one, and without a path.")
    return site


def _differing(before: msgspec.Struct, after: msgspec.Struct) -> tuple[str, ...]:
    return tuple(one for one in before.__struct_fields__ if getattr(before, one) != getattr(after, one))


EVENTS: tuple[type[Event], ...] = (
    WidgetInstalled,
    WidgetRestyled,
    WidgetConfigured,
    WidgetAddressRulesSet,
    WidgetArchived,
    WidgetTokenIssued,
    WidgetTokenRotated,
    WidgetTokenRevoked,
)
