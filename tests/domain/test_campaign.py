"""A campaign's life, its rules, and its recipients, who never move backwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.campaign import Campaign, CampaignContent
from domain.campaign_batch import STEPS, CampaignBatch, Drop, RecipientStatus, further
from domain.campaign_life import ENDED, CampaignKind, CampaignState, CampaignStatus
from domain.campaign_progress import CampaignProgress, Counts, Progress
from domain.campaign_rules import Person, Segment, Showing, Visit
from domain.hours import Hours, Opening
from domain.kernel import By, Cause, Stamp
from domain.refusals import Invalid

NOW = datetime(2030, 1, 2, 12, 0, tzinfo=UTC)  # a Wednesday
HELLO = CampaignContent("Hello", {"en": "Need help?"})
STATUSES: tuple[RecipientStatus, ...] = (*STEPS, "failed", "skipped")


def at(time: datetime = NOW) -> Stamp:
    return Stamp(By("agent", UUID(int=1)), time, Cause("Test"))


def drafted(kind: CampaignKind = "ongoing", content: CampaignContent = HELLO) -> Campaign:
    campaign = Campaign(UUID(int=9))
    campaign.draft(at(), 7, kind, content)
    return campaign


EVERYWHERE = Showing()


def running(showing: Showing = EVERYWHERE) -> Campaign:
    campaign = drafted(content=CampaignContent("Hello", {"en": "Need help?"}, showing=showing))
    campaign.launch(at())
    return campaign


ACTS: dict[str, Callable[[Campaign], None]] = {
    "change": lambda one: one.change(at(), CampaignContent(f"{one.version}", {"en": "x"})),
    "schedule": lambda one: one.schedule(at(), NOW + timedelta(hours=1)),
    "unschedule": lambda one: one.schedule(at(), None),
    "launch": lambda one: one.launch(at()),
    "pause": lambda one: one.pause(at()),
    "resume": lambda one: one.resume(at()),
    "cancel": lambda one: one.cancel(at()),
    "complete": lambda one: one.complete(at()),
    "fail": lambda one: one.fail(at(), "why"),
    "keep_time": lambda one: one.keep_time(at(NOW + timedelta(days=1))),
    "remove": lambda one: one.remove(at()),
}
CHART: dict[CampaignStatus, set[CampaignStatus]] = {
    "draft": {"draft", "scheduled", "running", "cancelled", "failed"},
    "scheduled": {"scheduled", "draft", "running", "cancelled", "failed"},
    "running": {"running", "paused", "completed", "cancelled", "failed"},
    "paused": {"paused", "running", "completed", "cancelled", "failed"},
    "completed": {"completed"},
    "cancelled": {"cancelled"},
    "failed": {"failed"},
}


@given(st.sampled_from(["ongoing", "one_off"]), st.lists(st.sampled_from(sorted(ACTS)), max_size=12))
def test_whatever_is_asked_of_it_a_campaign_moves_along_its_chart_only(
    kind: CampaignKind, asked: list[str]
) -> None:
    campaign = drafted(kind)
    for act in asked:
        before = campaign.status
        try:
            ACTS[act](campaign)
        except (CampaignState, Invalid):
            assert campaign.status == before
        assert campaign.status in CHART[before]
        assert campaign.has_ended == (campaign.status in ENDED)


@pytest.mark.parametrize("act", ["schedule", "launch", "pause", "cancel", "remove", "fail"])
def test_the_same_once_more_changes_nothing(act: str) -> None:
    campaign = running() if act == "pause" else drafted()
    ACTS[act](campaign)
    version = campaign.version
    ACTS[act](campaign)
    assert campaign.version == version


def test_only_a_draft_and_a_paused_one_are_changed() -> None:
    campaign = running()
    with pytest.raises(CampaignState):
        ACTS["change"](campaign)
    campaign.pause(at())
    ACTS["change"](campaign)
    assert campaign.content.texts == {"en": "x"}


def test_the_audience_of_a_launched_campaign_stays_but_its_words_may_change() -> None:
    campaign = drafted("one_off")
    campaign.launch(at())
    campaign.pause(at())
    campaign.change(at(), CampaignContent("Hello", {"en": "Better"}))
    with pytest.raises(Invalid):
        campaign.change(at(), CampaignContent("Hello", {"en": "Better"}, segment=Segment(verified=True)))


def test_a_scheduled_one_begins_at_its_time_and_an_ongoing_one_is_over_at_its_end() -> None:
    ends_at = NOW + timedelta(days=2)
    campaign = drafted(content=CampaignContent("Hello", {"en": "x"}, showing=Showing(ends_at=ends_at)))
    campaign.schedule(at(), NOW + timedelta(hours=1))
    campaign.keep_time(at(NOW + timedelta(minutes=59)))
    assert campaign.status == "scheduled"
    campaign.keep_time(at(NOW + timedelta(hours=1)))
    assert campaign.status == "running"
    campaign.keep_time(at(ends_at))
    assert campaign.status == "completed"


@pytest.mark.parametrize(
    "content",
    [
        CampaignContent("", {"en": "x"}),
        CampaignContent("x", {}),
        CampaignContent("x", {"de": "x"}),
        CampaignContent("x", {"en": " "}),
        CampaignContent("x", {"en": "x"}, showing=Showing(pages=("pricing",))),
        CampaignContent("x", {"en": "x"}, showing=Showing(pages=("/[a-z]",))),
        CampaignContent("x", {"en": "x"}, showing=Showing(seconds=-1)),
        CampaignContent("x", {"en": "x"}, showing=Showing(every_days=0)),
        CampaignContent("x", {"en": "x"}, showing=Showing(starts_at=NOW, ends_at=NOW)),
        CampaignContent("x", {"en": "x"}, segment=Segment(seen_since=datetime(2030, 1, 1))),
    ],
)
def test_what_is_no_campaign_is_not_drafted(content: CampaignContent) -> None:
    with pytest.raises(Invalid):
        drafted(content=content)


def test_only_an_ongoing_one_is_shown_on_pages() -> None:
    with pytest.raises(Invalid):
        drafted("one_off", CampaignContent("x", {"en": "x"}, showing=Showing(pages=("/",))))


def visit(path: str = "/", seconds: float = 60, time: datetime = NOW) -> Visit:
    return Visit(path, seconds, time)


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("/pricing", "/pricing", True),
        ("/pricing", "/pricing/eu", False),
        ("/pricing*", "/pricing/eu", True),
        ("/shop/*/cart", "/shop/eu/cart", True),
        ("/p?ge", "/page", True),
        ("*", "/anything", True),
        ("/Pricing", "/pricing", False),
    ],
)
def test_a_page_is_a_glob_on_the_path(pattern: str, path: str, fits: bool) -> None:
    assert running(Showing(pages=(pattern,))).matches(visit(path)) is fits


def test_an_ongoing_one_is_shown_after_its_time_on_the_page_within_its_days_and_hours() -> None:
    noon = Hours("Europe/Berlin", (Opening(2, "13:00", "14:00"),))
    showing = Showing(seconds=5, starts_at=NOW, ends_at=NOW + timedelta(days=1), hours=noon)
    campaign = running(showing)
    assert campaign.matches(visit())
    assert not campaign.matches(visit(seconds=4.9))
    assert not campaign.matches(visit(time=NOW - timedelta(seconds=1)))
    assert not campaign.matches(visit(time=NOW + timedelta(hours=1)))
    assert not campaign.matches(visit(time=NOW + timedelta(days=1)))
    campaign.pause(at())
    assert not campaign.matches(visit())


PERSON = Person(True, {"plan": "pro", "seats": 3, "beta": True}, ("vip",), NOW)


@pytest.mark.parametrize(
    ("segment", "belongs"),
    [
        (Segment(), True),
        (Segment(verified=True), True),
        (Segment(verified=False), False),
        (Segment(attributes={"plan": "pro", "seats": 3}), True),
        (Segment(attributes={"plan": "pro", "seats": 4}), False),
        (Segment(attributes={"beta": 1}), False),
        (Segment(attributes={"other": None}), True),
        (Segment(label="vip"), True),
        (Segment(label="VIP"), False),
        (Segment(seen_since=NOW), True),
        (Segment(seen_since=NOW + timedelta(seconds=1)), False),
        (Segment(verified=True, label="none"), False),
    ],
)
def test_a_segment_asks_for_all_of_it(segment: Segment, belongs: bool) -> None:
    assert segment.includes(PERSON) is belongs
    assert segment.includes(None) is (segment == Segment())


@given(st.lists(st.sampled_from(STATUSES)))
def test_a_recipient_never_moves_backwards(news: list[RecipientStatus]) -> None:
    known: RecipientStatus = "queued"
    ranks = {status: rank for rank, status in enumerate(("queued", "skipped", *STEPS[1:]))} | {"failed": 1}
    for one in news:
        after = further(known, one)
        assert ranks[after] >= ranks[known]
        assert ranks[after] >= min(ranks[one], ranks[after])
        assert after in (known, one)
        known = after


def test_a_batch_is_queued_once_and_each_of_it_dropped_once() -> None:
    batch, ids = CampaignBatch(UUID(int=5)), (UUID(int=1), UUID(int=2))
    batch.queue(at(), 7, UUID(int=9), 0, ids)
    batch.queue(at(), 7, UUID(int=9), 0, (UUID(int=3),))
    assert batch.left == set(ids)
    gone = Drop(ids[0], "skipped", "erased")
    for _ in range(2):
        batch.drop(at(), (gone, Drop(UUID(int=77), "failed", "x")))
    assert batch.version == 2
    assert batch.left == {ids[1]}


def progress(status: CampaignStatus = "running", kind: CampaignKind = "one_off", **counts: int) -> Progress:
    return Progress(kind, status, Counts(**counts), as_of=sum(counts.values()))


def test_reports_come_at_most_once_a_second_and_at_once_where_the_state_changed() -> None:
    reports = CampaignProgress(UUID(int=8))

    def said(milliseconds: int, what: Progress) -> int:
        reports.report(at(NOW + timedelta(milliseconds=milliseconds)), 7, UUID(int=9), what)
        return reports.version

    assert said(0, progress(total=10, sent=1)) == 1
    assert said(500, progress(total=10, sent=4)) == 1
    assert said(999, progress(total=10, sent=6)) == 1
    assert said(999, progress("paused", total=10, sent=6)) == 2
    assert said(1500, progress("paused", total=10, sent=7)) == 2
    assert said(1999, progress("paused", total=10, sent=7)) == 3
    assert said(9000, progress("paused", total=10, sent=7)) == 3
    assert said(9001, progress("paused", total=10, sent=5)) == 3
    assert said(9002, progress("completed", total=10, sent=7)) == 4


def test_an_ongoing_one_is_reported_every_ten_seconds() -> None:
    reports = CampaignProgress(UUID(int=8))
    for second in range(21):
        what = progress(kind="ongoing", shown=second + 1)
        reports.report(at(NOW + timedelta(seconds=second)), 7, UUID(int=9), what)
    assert reports.version == 3


def test_percent_is_of_everybody_who_is_settled() -> None:
    assert Counts(total=8, sent=1, read=1, failed=1, skipped=1).percent == 37.5
    assert Counts(total=8, sent=1, failed=1, skipped=1).queued == 5
    assert Counts().percent == 100.0
