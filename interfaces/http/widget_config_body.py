"""What anybody may know of a widget: the seed's fields, and beside them what a page needs. Nothing secret."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from domain.file import FileRules
from domain.form import Field, FieldType, Form
from domain.widget import LauncherIcon, Position, Theme
from domain.widget_settings import Features
from domain.widget_words import locales, words_in
from domain.wording import chosen, worded
from interfaces.http.availability import OpenBody
from interfaces.http.file_rules import FileRulesBody
from interfaces.http.widget_settings_body import FeaturesBody
from interfaces.wire import maybe_wire
from projections.directory import WidgetView


class WidgetLook(msgspec.Struct, frozen=True, rename="camel"):
    primary_color: str
    position: Position
    greeting: str
    theme: Theme
    launcher: LauncherIcon


class Branding(msgspec.Struct, frozen=True):
    logo: str | None


class ConfigOption(msgspec.Struct, frozen=True):
    value: str
    label: str


class ConfigField(msgspec.Struct, frozen=True):
    """`options` of a select."""

    name: str
    type: FieldType
    label: str
    required: bool
    options: tuple[ConfigOption, ...] = ()


class ConfigForm(msgspec.Struct, frozen=True):
    """Answers go along with the first message, as `preChat`."""

    enabled: bool
    intro: str
    fields: tuple[ConfigField, ...]


class WidgetConfig(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`name` is what visitors see. `texts` and labels are in `locale`; `locales` are all there are.

    `offline` is asked instead of `preChat` while `hours` are not open. `files`: what may be uploaded here.
    """

    name: str
    assistant_id: str | None
    widget: WidgetLook
    branding: Branding
    locale: str
    locales: tuple[str, ...]
    texts: dict[str, str]
    hours: OpenBody
    pre_chat: ConfigForm
    offline: ConfigForm
    rating: bool
    files: FileRulesBody
    features: FeaturesBody
    ws_url: str
    config_version: int


class ConfigAnswer(msgspec.Struct, frozen=True):
    success: Literal[True]
    config: WidgetConfig


class Around(msgspec.Struct, frozen=True):
    """What a widget's config says beside the widget's own: the tenant's rules, who is there, for whom."""

    rules: FileRules
    hours: OpenBody
    wishes: list[str]
    base_url: str


def public(view: WidgetView, around: Around) -> ConfigAnswer:
    look, settings = view.look, view.settings
    known = locales(settings.texts)
    language = chosen(around.wishes, known, settings.locale)
    rules = settings.file_rules(around.rules)
    config = WidgetConfig(
        name=look.name,
        assistant_id=maybe_wire("assistant", view.assistant_id),
        widget=WidgetLook(look.primary_color, look.position, look.greeting, look.theme, look.launcher),
        branding=Branding(look.logo),
        locale=language,
        locales=known,
        texts=words_in(settings.texts, language, settings.locale, look.greeting),
        hours=around.hours,
        pre_chat=_form(settings.pre_chat, language, settings.locale),
        offline=_form(settings.offline, language, settings.locale),
        rating=settings.features.rating,
        files=FileRulesBody(rules.max_size, rules.content_types),
        features=_features(settings.features),
        ws_url=f"ws{around.base_url.removeprefix('http')}/api/ws/chat",
        config_version=view.config_version,
    )
    return ConfigAnswer(True, config)


def own_hours(view: WidgetView, at: datetime) -> OpenBody | None:
    """By the widget's own hours; None where it has none."""
    hours = view.settings.hours
    if hours is None:
        return None
    return OpenBody(hours.is_open(at), None if hours.is_open(at) else hours.opens_after(at))


def _form(form: Form, language: str, default: str) -> ConfigForm:
    fields = tuple(_field(one, language, default) for one in form.fields)
    return ConfigForm(form.enabled, worded(form.intro, language, default), fields)


def _field(field: Field, language: str, default: str) -> ConfigField:
    options = tuple(
        ConfigOption(one.value, worded(one.label, language, default) or one.value) for one in field.options
    )
    return ConfigField(field.name, field.type, worded(field.label, language, default), field.required, options)


def _features(features: Features) -> FeaturesBody:
    return FeaturesBody(**msgspec.structs.asdict(features))
