"""CannedResponse: a text that agents send often, found by its shortcut."""

from __future__ import annotations

from domain.kernel import Aggregate, Event, Stamp
from domain.values import MESSAGE_LENGTH, required


class CannedResponseSaved(Event, frozen=True, kw_only=True):
    TYPE = "canned_response.saved.1"

    tenant_id: int
    shortcut: str
    title: str
    body: str

    def create(self) -> Aggregate:
        return CannedResponse(self.originator_id)

    def apply(self, aggregate: CannedResponse) -> None:
        aggregate.texts = (self.shortcut, self.title, self.body)
        aggregate.is_removed = False


class CannedResponseRemoved(Event, frozen=True, kw_only=True):
    TYPE = "canned_response.removed.1"

    def apply(self, aggregate: CannedResponse) -> None:
        aggregate.is_removed = True


class CannedResponse(Aggregate):
    KIND = "canned_response"

    texts: tuple[str, str, str] = ("", "", "")
    is_removed = False

    def save(self, stamp: Stamp, tenant_id: int, shortcut: str, title: str, body: str) -> None:
        """New, or changed; the same texts again change nothing. Raises Invalid."""
        texts = (
            required("shortcut", shortcut, 50),
            required("title", title),
            required("body", body, MESSAGE_LENGTH),
        )
        if texts == self.texts and not self.is_removed:
            return
        facts = dict(zip(("shortcut", "title", "body"), texts, strict=True))
        self.record(CannedResponseSaved, stamp, tenant_id=tenant_id, **facts)

    def remove(self, stamp: Stamp) -> None:
        """Removing twice changes nothing."""
        if self.exists and not self.is_removed:
            self.record(CannedResponseRemoved, stamp)


EVENTS: tuple[type[Event], ...] = (CannedResponseSaved, CannedResponseRemoved)
