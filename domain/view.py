"""View: a filter of the inbox under a name, for its owner alone or for everybody."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import msgspec

from domain.conversation import Channel
from domain.handling import HandledBy, Status
from domain.ids import parse
from domain.kernel import NOWHERE, Aggregate, Event, Stamp
from domain.marks import Priority, label
from domain.refusals import Conflict, Invalid, NotFound
from domain.values import required

ViewScope = Literal["private", "shared"]

NAME_LENGTH = 100
LAST_PLACE = 10_000


class ViewFilter(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the inbox is asked for; None: any. Made by `view_filter`.

    `assignee` is `me` (whoever looks), `none` or an agent's id on the wire, `participant` the same without `none`,
    `team` a team's, `sort` an order of the inbox, `sla` how what is due next stands.
    """

    status: Status | None = None
    handled_by: HandledBy | None = None
    assignee: str | None = None
    team: str | None = None
    label: str | None = None
    channel: Channel | None = None
    priority: Priority | None = None
    q: str | None = None
    sort: str | None = None
    sla: str | None = None
    participant: str | None = None

    def over(self, other: ViewFilter) -> ViewFilter:
        """What this one says, and where it says nothing what the other says."""
        said = {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}
        return msgspec.structs.replace(other, **said)


class ViewContent(msgspec.Struct, frozen=True):
    """`place`: where it stands in the list, the lowest first. Made by `view_content`."""

    name: str = ""
    filter: ViewFilter = ViewFilter()
    scope: ViewScope = "private"
    place: int = 0


class ViewSaved(Event, frozen=True, kw_only=True):
    """New, or changed; all of it."""

    TYPE = "view.saved.1"

    tenant_id: int
    owner_id: UUID
    name: str
    filter: ViewFilter
    scope: ViewScope = "private"
    place: int = 0

    def create(self) -> Aggregate:
        return View(self.originator_id)

    def apply(self, aggregate: View) -> None:
        aggregate.owner_id = self.owner_id
        aggregate.content = ViewContent(self.name, self.filter, self.scope, self.place)


class ViewRemoved(Event, frozen=True, kw_only=True):
    TYPE = "view.removed.1"

    def apply(self, aggregate: View) -> None:
        aggregate.is_removed = True


class View(Aggregate):
    """`owner_id`: who made it. Of a shared one nobody is more the owner than others."""

    KIND = "view"

    owner_id = NOWHERE
    content = ViewContent()
    is_removed = False

    def is_visible_to(self, agent_id: UUID) -> bool:
        return self.exists and not self.is_removed and (self.is_shared or self.owner_id == agent_id)

    @property
    def is_shared(self) -> bool:
        return self.content.scope == "shared"

    def save(
        self,
        stamp: Stamp,
        tenant_id: int,
        owner_id: UUID,
        content: ViewContent,
        expected_version: int | None = None,
    ) -> None:
        """New, or changed; the same again changes nothing.

        Raises Conflict where `expected_version` is given and another one is stored.
        """
        if expected_version is not None and expected_version != self.version:
            raise Conflict(expected=expected_version, version=self.version)
        if self.exists and (owner_id, content) == (self.owner_id, self.content):
            return
        self.record(
            ViewSaved,
            stamp,
            tenant_id=tenant_id,
            owner_id=owner_id,
            name=content.name,
            filter=content.filter,
            scope=content.scope,
            place=content.place,
        )

    def remove(self, stamp: Stamp) -> None:
        """Removing twice changes nothing."""
        if self.exists and not self.is_removed:
            self.record(ViewRemoved, stamp)


def view_content(name: str, filter: ViewFilter, scope: ViewScope, place: int) -> ViewContent:
    """A name of 1 to 100 characters, a place of 0 to 10,000. Raises Invalid."""
    if not 0 <= place <= LAST_PLACE:
        raise Invalid(f"order is 0 to {LAST_PLACE}.")
    return ViewContent(required("name", name, NAME_LENGTH), view_filter(filter), scope, place)


def view_filter(given: ViewFilter) -> ViewFilter:
    """The same, with its label written as labels are. Raises Invalid."""
    if given.assignee not in (None, "me", "none"):
        _refuse_stranger("assignee is me, none, or an agent's id.", "agent", given.assignee)
    if given.participant not in (None, "me"):
        _refuse_stranger("participant is me, or an agent's id.", "agent", given.participant)
    if given.team is not None:
        _refuse_stranger("team is a team's id.", "team", given.team)
    q = (given.q or "").strip()
    return msgspec.structs.replace(
        given,
        label=None if given.label is None else label(given.label),
        q=required("q", q) if q else None,
    )


def _refuse_stranger(sentence: str, noun: str, text: str) -> None:
    try:
        parse(noun, text)
    except NotFound as malformed:
        raise Invalid(sentence) from malformed


EVENTS: tuple[type[Event], ...] = (ViewSaved, ViewRemoved)
