"""Campaign: words of the tenant's own accord, shown to visitors of its pages or sent to an audience once.

Its states are in campaign_life; what became of each recipient is in campaign_batch and in the conversations.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain import campaign_life
from domain.campaign_life import CampaignEvent, CampaignKind, CampaignStatus, Lived
from domain.campaign_rules import Segment, Showing, Visit, valid_segment, valid_showing
from domain.kernel import Aggregate, Event, Stamp
from domain.refusals import Invalid, NotFound
from domain.values import required
from domain.wording import Wording, locale, worded, wording

TEXT_LENGTH = 2_000
EDITABLE: frozenset[CampaignStatus] = frozenset(["draft", "paused"])
REMOVABLE: frozenset[CampaignStatus] = frozenset(["draft", "completed", "cancelled", "failed"])


class Author(msgspec.Struct, frozen=True):
    """In whose name it speaks."""

    kind: Literal["assistant", "agent"]
    id: UUID


class CampaignContent(msgspec.Struct, frozen=True, omit_defaults=True):
    """`texts` by language, `locale` the one for everybody else. `showing`: of an ongoing one only.

    `widget_id`: where it is shown, or whose assistant answers; None: every widget, the default assistant.
    `author` None: the shop itself.
    """

    name: str
    texts: Wording
    locale: str = "en"
    author: Author | None = None
    widget_id: UUID | None = None
    segment: Segment = Segment()
    showing: Showing = Showing()

    def text_in(self, language: str) -> str:
        return worded(self.texts, language, self.locale)


class CampaignDrafted(CampaignEvent, frozen=True, kw_only=True):
    TYPE = "campaign.drafted.1"

    tenant_id: int
    kind: CampaignKind
    content: CampaignContent

    def create(self) -> Aggregate:
        return Campaign(self.originator_id)

    def apply(self, aggregate: Campaign) -> None:
        aggregate.kind, aggregate.content, aggregate.drafted_at = self.kind, self.content, self.at


class CampaignChanged(CampaignEvent, frozen=True, kw_only=True):
    TYPE = "campaign.changed.1"

    content: CampaignContent

    def apply(self, aggregate: Campaign) -> None:
        aggregate.content = self.content


class CampaignRemoved(CampaignEvent, frozen=True, kw_only=True):
    TYPE = "campaign.removed.1"

    def apply(self, aggregate: Campaign) -> None:
        aggregate.is_removed = True


class Campaign(Lived):
    """What it says, to whom, and where; what it inherits says whether it is under way."""

    KIND = "campaign"

    content = CampaignContent("", {})
    drafted_at: datetime | None = None
    is_removed = False

    @property
    def closes_at(self) -> datetime | None:
        return self.content.showing.ends_at

    def matches(self, visit: Visit) -> bool:
        """Whether this visit is shown it now; whose visit it is, the segment says."""
        return self.kind == "ongoing" and self.status == "running" and self.content.showing.matches(visit)

    def draft(self, stamp: Stamp, tenant_id: int, kind: CampaignKind, content: CampaignContent) -> None:
        """Raises Invalid."""
        valid = valid_content(kind, content)
        self.record(CampaignDrafted, stamp, tenant_id=tenant_id, kind=kind, content=valid)

    def change(self, stamp: Stamp, content: CampaignContent) -> None:
        """As a draft or while it is paused; the same again changes nothing. Raises CampaignState, Invalid."""
        valid = valid_content(self.kind, content)
        if valid == self.content:
            return
        self.expect(EDITABLE)
        if self.status == "paused" and self.kind == "one_off" and valid.segment != self.content.segment:
            raise Invalid("The audience of a campaign that was launched stays as it is.")
        self.record(CampaignChanged, stamp, content=valid)

    def keep_time(self, stamp: Stamp) -> None:
        """What its own times ask for by now: to begin, or to be over."""
        if self.status == "scheduled" and self.launch_at is not None and self.launch_at <= stamp.at:
            if self.closes_at is not None and self.closes_at <= stamp.at:
                self.fail(stamp, "over_before_launch")
            else:
                self.launch(stamp)
        elif self.closes_at is not None and self.closes_at <= stamp.at:
            self.complete(stamp)

    def remove(self, stamp: Stamp) -> None:
        """A draft, or one that is over. Removing twice changes nothing. Raises CampaignState."""
        if not self.is_removed:
            self.expect(REMOVABLE)
            self.record(CampaignRemoved, stamp)

    def refuse_removed(self) -> None:
        """Raises NotFound."""
        if self.is_removed:
            raise NotFound


def valid_content(kind: CampaignKind, content: CampaignContent) -> CampaignContent:
    """Trimmed. Raises Invalid."""
    texts = wording("texts", content.texts, TEXT_LENGTH)
    if locale(content.locale) not in texts:
        raise Invalid("texts has one in the campaign's locale.")
    if kind == "one_off" and content.showing != Showing():
        raise Invalid("Only an ongoing campaign is shown on pages.")
    return msgspec.structs.replace(
        content,
        name=required("name", content.name),
        texts=texts,
        segment=valid_segment(content.segment),
        showing=valid_showing(content.showing),
    )


EVENTS: tuple[type[Event], ...] = (CampaignDrafted, CampaignChanged, CampaignRemoved, *campaign_life.EVENTS)
