"""CannedShortcut: one name in one reach, and the one canned response that has it.

Its id is made of its name, so two who want the same name meet in one stream, and the log lets one of them in.
"""

from __future__ import annotations

from uuid import UUID

from domain.ids import wire
from domain.kernel import Aggregate, Event, Stamp
from domain.refusals import ShortcutTaken


class ShortcutClaimed(Event, frozen=True, kw_only=True):
    TYPE = "canned_shortcut.claimed.1"

    tenant_id: int
    canned_response_id: UUID

    def create(self) -> Aggregate:
        return CannedShortcut(self.originator_id)

    def apply(self, aggregate: CannedShortcut) -> None:
        aggregate.holder = self.canned_response_id


class ShortcutReleased(Event, frozen=True, kw_only=True):
    """It may be the first event of its stream: responses older than this noun never claimed theirs."""

    TYPE = "canned_shortcut.released.1"

    canned_response_id: UUID

    def create(self) -> Aggregate:
        return CannedShortcut(self.originator_id)

    def apply(self, aggregate: CannedShortcut) -> None:
        if aggregate.holder == self.canned_response_id:
            aggregate.holder = None


class CannedShortcut(Aggregate):
    """Whoever moves to a name or away from it records so, also where this copy says it is done already.

    This copy may be older than the log; then the append meets a version conflict and everything is decided anew.
    """

    KIND = "canned_shortcut"

    holder: UUID | None = None

    def claim(self, stamp: Stamp, tenant_id: int, canned_response_id: UUID) -> None:
        """Raises ShortcutTaken where another response has it."""
        if self.holder not in (None, canned_response_id):
            raise ShortcutTaken(id=wire("canned_response", self.holder))
        self.record(ShortcutClaimed, stamp, tenant_id=tenant_id, canned_response_id=canned_response_id)

    def release(self, stamp: Stamp, canned_response_id: UUID) -> None:
        """Free for others; another response's stays that one's."""
        self.record(ShortcutReleased, stamp, canned_response_id=canned_response_id)


EVENTS: tuple[type[Event], ...] = (ShortcutClaimed, ShortcutReleased)
