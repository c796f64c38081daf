"""The JSON of a widget's settings, as they are set and as they are shown to who sets them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from application.widget_change import WidgetChange
from domain.file import FileRules
from domain.form import Field, FieldType, Form, Option
from domain.hours import Hours, Opening
from domain.ids import parse, wire
from domain.widget import LauncherIcon, Position, Theme
from domain.widget_settings import LONGEST_REOPENING, Features
from interfaces.http.file_rules import FileRulesBody
from interfaces.http.teams import HoursBody, OpeningBody
from interfaces.wire import maybe_wire
from projections.directory import WidgetView

Texts = dict[str, str]
"""A text by locale, or by key."""
Reopening = Annotated[int, msgspec.Meta(ge=0, le=LONGEST_REOPENING)]


class OptionBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`label` by locale; without one the value is read."""

    value: str
    label: Texts = {}


class FieldBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`label` by locale. `options` for a select, and only there."""

    name: str
    type: FieldType
    label: Texts
    required: bool = False
    options: tuple[OptionBody, ...] = ()


class FormBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Asked only while it is enabled; `intro` by locale."""

    enabled: bool
    fields: tuple[FieldBody, ...] = ()
    intro: Texts = {}


class FilesRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Narrows what the tenant accepts; `maxSize` in bytes."""

    max_size: int
    content_types: tuple[str, ...]


class FeaturesBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What visitors are offered."""

    attachments: bool = True
    human: bool = True
    transcript: bool = True
    rating: bool = True


class WidgetWish(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What is left out stays as it is, or as by default. `texts`: locale -> key -> text. `reopenWindow` in hours.

    `assistantId` null: nobody answers for the team. `hours` null: as the teams are there. `files` null: as the
    tenant accepts them.
    """

    primary_color: str | UnsetType = UNSET
    position: Position | UnsetType = UNSET
    logo: str | UnsetType | None = UNSET
    greeting: str | UnsetType = UNSET
    origins: tuple[str, ...] | UnsetType = UNSET
    theme: Theme | UnsetType = UNSET
    launcher: LauncherIcon | UnsetType = UNSET
    assistant_id: str | UnsetType | None = UNSET
    locale: str | UnsetType = UNSET
    texts: dict[str, Texts] | UnsetType = UNSET
    hours: HoursBody | UnsetType | None = UNSET
    pre_chat: FormBody | UnsetType = UNSET
    offline: FormBody | UnsetType = UNSET
    reopen_window: Reopening | UnsetType = UNSET
    files: FilesRequest | UnsetType | None = UNSET
    features: FeaturesBody | UnsetType = UNSET


class WidgetChangeRequest(WidgetWish, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    name: str | UnsetType = UNSET


class WidgetRequest(WidgetWish, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A new widget; only its name is needed."""

    name: str


class WidgetBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`configVersion` is what `If-Match` carries."""

    id: str
    name: str
    primary_color: str
    position: Position
    logo: str | None
    greeting: str
    origins: tuple[str, ...]
    theme: Theme
    launcher: LauncherIcon
    assistant_id: str | None
    locale: str
    texts: dict[str, Texts]
    hours: HoursBody | None
    pre_chat: FormBody
    offline: FormBody
    reopen_window: int
    files: FileRulesBody | None
    features: FeaturesBody
    archived: bool
    config_version: int


def change_of(asked: WidgetChangeRequest | WidgetRequest) -> WidgetChange:
    """Raises NotFound for an assistant that cannot be one."""
    same = ("name", "primary_color", "position", "logo", "greeting", "origins", "theme", "launcher", "locale")
    given = {name: getattr(asked, name) for name in (*same, "texts")}
    return WidgetChange(
        **given,
        hours=_hours(asked.hours),
        pre_chat=_form(asked.pre_chat),
        offline=_form(asked.offline),
        reopen_hours=asked.reopen_window,
        files=FileRules(asked.files.max_size, asked.files.content_types) if asked.files else asked.files,
        features=Features(**msgspec.structs.asdict(asked.features)) if asked.features else asked.features,
        assistant_id=parse("assistant", asked.assistant_id)
        if isinstance(asked.assistant_id, str)
        else asked.assistant_id,
    )


def widget_body(view: WidgetView) -> WidgetBody:
    look, settings = view.look, view.settings
    return WidgetBody(
        id=wire("widget", view.widget_id),
        **msgspec.structs.asdict(look),
        assistant_id=maybe_wire("assistant", view.assistant_id),
        locale=settings.locale,
        texts=settings.texts,
        hours=hours_body(settings.hours),
        pre_chat=_form_body(settings.pre_chat),
        offline=_form_body(settings.offline),
        reopen_window=settings.reopen_hours,
        files=FileRulesBody(settings.files.max_size, settings.files.content_types) if settings.files else None,
        features=FeaturesBody(**msgspec.structs.asdict(settings.features)),
        archived=view.is_archived,
        config_version=view.config_version,
    )


def hours_body(hours: Hours | None) -> HoursBody | None:
    if hours is None:
        return None
    openings = tuple(OpeningBody(one.day, one.opens, one.closes) for one in hours.openings)
    return HoursBody(hours.time_zone, openings, hours.holidays)


def _hours(asked: HoursBody | UnsetType | None) -> Hours | UnsetType | None:
    if not asked:
        return asked
    openings = tuple(Opening(one.day, one.opens, one.closes) for one in asked.openings)
    return Hours(asked.time_zone, openings, asked.holidays)


def _form(asked: FormBody | UnsetType) -> Form | UnsetType:
    if not asked:
        return asked
    fields = tuple(
        Field(
            one.name,
            one.type,
            one.label,
            one.required,
            tuple(Option(option.value, option.label) for option in one.options),
        )
        for one in asked.fields
    )
    return Form(asked.enabled, fields, asked.intro)


def _form_body(form: Form) -> FormBody:
    fields = tuple(
        FieldBody(
            one.name,
            one.type,
            one.label,
            one.required,
            tuple(OptionBody(option.value, option.label) for option in one.options),
        )
        for one in form.fields
    )
    return FormBody(form.enabled, fields, form.intro)
