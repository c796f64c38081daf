"""CannedResponse: a text that agents send often, found by its shortcut; for everybody, one team, or its author."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal
from uuid import UUID

import msgspec

from domain.kernel import Aggregate, Event, Stamp
from domain.refusals import Conflict, Invalid
from domain.values import MESSAGE_LENGTH, required

Scope = Literal["tenant", "team", "private"]

SHORTCUT_LENGTH = 50
MOST_ATTACHMENTS = 10
_SPACE = re.compile(r"\s")


class Reach(msgspec.Struct, frozen=True):
    """Whom it is for: the whole tenant, one team, or (`private`) its author alone. Made by `reach`."""

    scope: Scope = "tenant"
    team_id: UUID | None = None
    owner_id: UUID | None = None

    @property
    def key(self) -> str:
        """Within one key a shortcut means one thing."""
        owner = self.team_id or self.owner_id
        return self.scope if owner is None else f"{self.scope}/{owner.hex}"


EVERYBODY = Reach()


class CannedText(msgspec.Struct, frozen=True):
    """What it says: `body` may hold variables, `attachments` are ids of files. Made by `canned_text`."""

    shortcut: str = ""
    title: str = ""
    body: str = ""
    attachments: tuple[UUID, ...] = ()


class CannedResponseSaved(Event, frozen=True, kw_only=True):
    """New, or changed; what older events do not say is the tenant's, without attachments."""

    TYPE = "canned_response.saved.1"

    tenant_id: int
    shortcut: str
    title: str
    body: str
    scope: Scope = "tenant"
    team_id: UUID | None = None
    owner_id: UUID | None = None
    attachments: tuple[UUID, ...] = ()

    def create(self) -> Aggregate:
        return CannedResponse(self.originator_id)

    def apply(self, aggregate: CannedResponse) -> None:
        aggregate.text = CannedText(self.shortcut, self.title, self.body, self.attachments)
        aggregate.reach = Reach(self.scope, self.team_id, self.owner_id)
        aggregate.is_removed = False


class CannedResponseRemoved(Event, frozen=True, kw_only=True):
    TYPE = "canned_response.removed.1"

    def apply(self, aggregate: CannedResponse) -> None:
        aggregate.is_removed = True


class CannedResponse(Aggregate):
    KIND = "canned_response"

    text = CannedText()
    reach = EVERYBODY
    is_removed = False

    @property
    def is_kept(self) -> bool:
        """There, and not removed."""
        return self.exists and not self.is_removed

    @property
    def shortcut_name(self) -> str | None:
        """The name its shortcut occupies, None where it occupies none."""
        return shortcut_name(self.text.shortcut, self.reach) if self.is_kept else None

    def save(
        self,
        stamp: Stamp,
        tenant_id: int,
        text: CannedText,
        reach: Reach = EVERYBODY,
        expected_version: int | None = None,
    ) -> None:
        """New, or changed; the same again changes nothing. That its shortcut is free is CannedShortcut's to say.

        Raises Conflict where `expected_version` is given and another one is stored.
        """
        if expected_version is not None and expected_version != self.version:
            raise Conflict(expected=expected_version, version=self.version)
        if self.is_kept and (text, reach) == (self.text, self.reach):
            return
        facts = msgspec.structs.asdict(text) | msgspec.structs.asdict(reach)
        self.record(CannedResponseSaved, stamp, tenant_id=tenant_id, **facts)

    def remove(self, stamp: Stamp) -> None:
        """Removing twice changes nothing."""
        if self.is_kept:
            self.record(CannedResponseRemoved, stamp)


def canned_text(shortcut: str, title: str, body: str, attachments: tuple[UUID, ...] = ()) -> CannedText:
    """A shortcut is one word of 1 to 50 characters, the slash before it is not part of it. Raises Invalid."""
    word = required("shortcut", required("shortcut", shortcut, SHORTCUT_LENGTH).removeprefix("/"))
    if _SPACE.search(word):
        raise Invalid("shortcut is one word.")
    if len(attachments) > MOST_ATTACHMENTS:
        raise Invalid(f"A canned response has at most {MOST_ATTACHMENTS} attachments.")
    files = tuple(dict.fromkeys(attachments))
    return CannedText(word, required("title", title), required("body", body, MESSAGE_LENGTH), files)


def reach(scope: Scope, team_id: UUID | None, author_id: UUID | None) -> Reach:
    """`author_id` counts for a private one only. Raises Invalid where the scope lacks its owner."""
    if (scope == "team") != (team_id is not None):
        raise Invalid("teamId is given with the scope team, and only then.")
    if scope != "private":
        return Reach(scope, team_id)
    if author_id is None:
        raise Invalid("Only an agent has private canned responses.")
    return Reach(scope, owner_id=author_id)


def shortcut_name(shortcut: str, reach: Reach) -> str:
    """Two shortcuts of one name cannot both be there: `/Hi` and `/hi` of one team are the same."""
    return f"{reach.key}/{unicodedata.normalize('NFKC', shortcut).casefold()}"


EVENTS: tuple[type[Event], ...] = (CannedResponseSaved, CannedResponseRemoved)
