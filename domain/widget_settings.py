"""WidgetSettings: all that a widget is told beside its look: words, hours, forms, files, what it offers."""

from __future__ import annotations

from datetime import datetime

import msgspec

from domain.continuity_rule import ContinuityRule, valid_continuity
from domain.file import FileRules, valid_rules
from domain.form import Form, valid_form
from domain.handling import REOPEN_HOURS
from domain.hours import Hours, business_hours
from domain.refusals import Invalid
from domain.widget_words import Words, valid_texts
from domain.wording import locale

LONGEST_REOPENING = 24 * 366


class Features(msgspec.Struct, frozen=True):
    """What visitors are offered: files, a person on request, their transcript, a rating at the end."""

    attachments: bool = True
    human: bool = True
    transcript: bool = True
    rating: bool = True


class WidgetSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """`hours` None: as the teams are there. `files` narrows the tenant's rules. `reopen_hours`: see Handled."""

    locale: str = "en"
    texts: dict[str, Words] = {}
    hours: Hours | None = None
    pre_chat: Form = Form()
    offline: Form = Form()
    reopen_hours: int = REOPEN_HOURS
    files: FileRules | None = None
    features: Features = Features()
    continuity: ContinuityRule = ContinuityRule()

    def form_at(self, at: datetime) -> tuple[str, Form] | None:
        """The form that a visitor fills in at this time, by its name on the wire; None where none is asked."""
        if self.is_closed(at) and self.offline.enabled:
            return "offline", self.offline
        return ("preChat", self.pre_chat) if self.pre_chat.enabled else None

    def is_closed(self, at: datetime) -> bool:
        """By hours of its own; without them it never closes by itself."""
        return self.hours is not None and not self.hours.is_open(at)

    def file_rules(self, tenant: FileRules) -> FileRules:
        """What of the tenant's rules is left here."""
        if self.files is None:
            return tenant
        kinds = tuple(one for one in tenant.content_types if one in self.files.content_types)
        return FileRules(min(tenant.max_size, self.files.max_size), kinds)


def valid_settings(settings: WidgetSettings) -> WidgetSettings:
    """`settings`, put in order. Raises Invalid."""
    if not 0 <= settings.reopen_hours <= LONGEST_REOPENING:
        raise Invalid(f"reopenWindow is 0 to {LONGEST_REOPENING} hours.")
    return WidgetSettings(
        locale=locale(settings.locale),
        texts=valid_texts(settings.texts),
        hours=None if settings.hours is None else business_hours(settings.hours),
        pre_chat=valid_form("preChat", settings.pre_chat),
        offline=valid_form("offline", settings.offline),
        reopen_hours=settings.reopen_hours,
        files=None if settings.files is None else valid_rules(settings.files),
        features=settings.features,
        continuity=valid_continuity(settings.continuity),
    )
