"""WidgetChange: what of a widget's look and settings somebody wants otherwise; the rest stays as it is."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from domain.continuity_rule import ContinuityRule
from domain.file import FileRules
from domain.form import Form
from domain.hours import Hours
from domain.widget import LauncherIcon, Look, Position, Theme
from domain.widget_settings import Features, WidgetSettings
from domain.widget_words import Words


class WidgetChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The fields of Look and WidgetSettings by their names there, and the assistant (None: nobody answers)."""

    name: str | UnsetType = UNSET
    primary_color: str | UnsetType = UNSET
    position: Position | UnsetType = UNSET
    logo: str | UnsetType | None = UNSET
    greeting: str | UnsetType = UNSET
    origins: tuple[str, ...] | UnsetType = UNSET
    theme: Theme | UnsetType = UNSET
    launcher: LauncherIcon | UnsetType = UNSET
    locale: str | UnsetType = UNSET
    texts: dict[str, Words] | UnsetType = UNSET
    hours: Hours | UnsetType | None = UNSET
    pre_chat: Form | UnsetType = UNSET
    offline: Form | UnsetType = UNSET
    reopen_hours: int | UnsetType = UNSET
    files: FileRules | UnsetType | None = UNSET
    features: Features | UnsetType = UNSET
    continuity: ContinuityRule | UnsetType = UNSET
    assistant_id: UUID | UnsetType | None = UNSET

    def look(self, before: Look) -> Look:
        return replace(before, **self._given(before))

    def settings(self, before: WidgetSettings) -> WidgetSettings:
        return replace(before, **self._given(before))

    def assistant(self, before: UUID | None) -> UUID | None:
        return before if self.assistant_id is UNSET else self.assistant_id

    def _given(self, before: msgspec.Struct) -> dict[str, Any]:
        wanted = {name: getattr(self, name) for name in before.__struct_fields__}
        return {name: value for name, value in wanted.items() if value is not UNSET}
