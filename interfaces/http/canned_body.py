"""The JSON of a canned response: as it was saved, or rendered for a conversation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from domain.canned_rendering import render, variables_in
from domain.canned_response import CannedResponseSaved, Scope
from domain.ids import wire
from interfaces.wire import maybe_wire
from projections.canned import CannedView

Values = Mapping[str, str | None]


class CannedBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`version` is that of the text: what a message says it was made of, as `cannedVersion`.

    `rendered_body`, and the variables `missing` in it, are there where a conversation was named. How often it was
    used is the read model's to say: an answer to a write leaves it out.
    """

    id: str
    shortcut: str
    title: str
    body: str
    scope: Scope
    team_id: str | None
    attachments: tuple[str, ...]
    variables: tuple[str, ...]
    version: int
    updated_at: datetime
    used_count: int | msgspec.UnsetType = msgspec.UNSET
    last_used_at: datetime | msgspec.UnsetType | None = msgspec.UNSET
    rendered_body: str | msgspec.UnsetType = msgspec.UNSET
    missing: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET


class CannedList(msgspec.Struct, frozen=True, rename="camel"):
    data: tuple[CannedBody, ...]
    next_cursor: str | None = None


class RenderedBody(msgspec.Struct, frozen=True):
    """`body` is ready to be edited and sent; `missing` names the variables that became nothing in it."""

    id: str
    version: int
    body: str
    missing: tuple[str, ...]
    attachments: tuple[str, ...]


def canned_of_view(view: CannedView, values: Values | None = None) -> CannedBody:
    """Rendered too where there are values."""
    rendered = None if values is None else render(view.body, values)
    return CannedBody(
        id=wire("canned_response", view.canned_response_id),
        shortcut=view.shortcut,
        title=view.title,
        body=view.body,
        scope=view.scope,
        team_id=maybe_wire("team", view.team_id),
        attachments=tuple(wire("file", file_id) for file_id in view.attachments),
        variables=variables_in(view.body),
        version=view.version,
        updated_at=view.updated_at,
        used_count=view.used_count,
        last_used_at=view.last_used_at,
        rendered_body=msgspec.UNSET if rendered is None else rendered.text,
        missing=msgspec.UNSET if rendered is None else rendered.missing,
    )


def canned_of_event(saved: CannedResponseSaved) -> CannedBody:
    """The same out of the event that says it."""
    return CannedBody(
        id=wire("canned_response", saved.originator_id),
        shortcut=saved.shortcut,
        title=saved.title,
        body=saved.body,
        scope=saved.scope,
        team_id=maybe_wire("team", saved.team_id),
        attachments=tuple(wire("file", file_id) for file_id in saved.attachments),
        variables=variables_in(saved.body),
        version=saved.originator_version,
        updated_at=saved.at,
    )


def rendered_of_view(view: CannedView, values: Values) -> RenderedBody:
    rendered = render(view.body, values)
    return RenderedBody(
        id=wire("canned_response", view.canned_response_id),
        version=view.version,
        body=rendered.text,
        missing=rendered.missing,
        attachments=tuple(wire("file", file_id) for file_id in view.attachments),
    )
