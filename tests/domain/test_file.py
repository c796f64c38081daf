"""A file: uploaded by one, attached to one conversation, purged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from domain.file import (
    CONTENT_TYPES,
    KEPT_UNATTACHED,
    LARGEST_FILE,
    Attachment,
    File,
    FileAttached,
    FilePurged,
    FileRules,
    FileUploaded,
    valid_rules,
)
from domain.kernel import By, Cause, Stamp
from domain.refusals import FileIsAttached, FileIsPurged, Invalid, NotFound, TooLarge, UnsupportedFile

ID, CONVERSATION, OTHER, CONTACT, MESSAGE = (UUID(int=number) for number in range(1, 6))
AT = datetime(2030, 1, 1, tzinfo=UTC)
VISITOR, AGENT, COLLEAGUE = By("visitor", CONTACT), By("agent", UUID(int=9)), By("agent", UUID(int=10))
RULES = FileRules(max_size=100, content_types=("application/pdf",))
PLACE = {"conversation_id": CONVERSATION, "contact_id": CONTACT, "message_id": MESSAGE}


def by(who: By, at: datetime = AT) -> Stamp:
    return Stamp(who, at, Cause("Test"))


def uploaded(who: By = VISITOR) -> File:
    file = File(ID)
    upload(file, who)
    file.collect_events()
    return file


def upload(file: File, who: By = VISITOR, size: int = 10, content_type: str = "application/pdf") -> None:
    facts = {"content_type": content_type, "size": size, "sha256": "00", "key": "7/1"}
    file.upload(by(who), tenant_id=7, name="a.pdf", rules=RULES, **facts)


@pytest.mark.parametrize(("who", "subject"), [(VISITOR, CONTACT), (AGENT, ID), (By("system"), ID)])
def test_a_visitors_name_is_under_their_key_any_other_under_the_files(who: By, subject: UUID) -> None:
    file = File(ID)
    upload(file, who)
    (event,) = file.collect_events()
    assert isinstance(event, FileUploaded)
    assert (event.subject_id, event.name, event.by) == (subject, "a.pdf", who)


@pytest.mark.parametrize(
    ("size", "content_type", "refusal"),
    [(0, "application/pdf", Invalid), (101, "application/pdf", TooLarge), (10, "image/png", UnsupportedFile)],
)
def test_an_upload_against_the_rules_is_refused(size: int, content_type: str, refusal: type[Exception]) -> None:
    file = File(ID)
    with pytest.raises(refusal):
        upload(file, size=size, content_type=content_type)
    assert file.collect_events() == []


def test_uploading_twice_changes_nothing() -> None:
    file = uploaded()
    upload(file)
    assert file.collect_events() == []


def test_the_uploader_attaches_it() -> None:
    file = uploaded()
    assert file.attach(by(VISITOR), **PLACE) == Attachment(ID, "application/pdf", 10)
    (event,) = file.collect_events()
    assert isinstance(event, FileAttached)
    assert (event.conversation_id, event.contact_id, event.message_id) == (CONVERSATION, CONTACT, MESSAGE)


def test_attaching_it_to_the_same_conversation_again_changes_nothing() -> None:
    file = uploaded()
    first = file.attach(by(VISITOR), **PLACE)
    file.collect_events()
    assert file.attach(by(VISITOR), **PLACE) == first
    assert file.attach(by(VISITOR), **PLACE, private=True) == first
    assert file.collect_events() == []


def test_a_notes_file_may_be_shown_later() -> None:
    file = uploaded(AGENT)
    file.attach(by(AGENT), **PLACE, private=True)
    assert not file.is_visible_to(VISITOR)
    file.attach(by(AGENT), **PLACE)
    assert file.is_visible_to(VISITOR)
    assert len(file.collect_events()) == 2


@pytest.mark.parametrize("stranger", [AGENT, By("visitor", OTHER), By("system"), By("agent", CONTACT)])
def test_nobody_else_attaches_it(stranger: By) -> None:
    file = uploaded()
    with pytest.raises(NotFound):
        file.attach(by(stranger), **PLACE)
    with pytest.raises(NotFound):
        File(OTHER).attach(by(stranger), **PLACE)
    assert file.collect_events() == []


def test_it_is_part_of_one_conversation() -> None:
    file = uploaded()
    file.attach(by(VISITOR), **PLACE)
    with pytest.raises(FileIsAttached):
        file.attach(by(VISITOR), **PLACE | {"conversation_id": OTHER})


def test_a_purged_one_is_not_attached() -> None:
    file = uploaded()
    file.purge(by(AGENT), "deleted")
    with pytest.raises(FileIsPurged):
        file.attach(by(VISITOR), **PLACE)


def test_a_kept_one_is_for_all_agents_and_many_conversations() -> None:
    file = uploaded(AGENT)
    for _ in range(2):
        file.keep(by(AGENT))
    assert len(file.collect_events()) == 1
    for contact in (CONTACT, OTHER, CONTACT):
        file.attach(by(COLLEAGUE), conversation_id=contact, contact_id=contact, message_id=MESSAGE)
    file.attach(by(COLLEAGUE), **PLACE, private=True)
    assert len(file.collect_events()) == 2
    assert file.is_visible_to(VISITOR)
    assert file.is_visible_to(By("visitor", OTHER))
    assert not file.is_visible_to(By("visitor", MESSAGE))
    with pytest.raises(NotFound):
        file.attach(by(VISITOR), **PLACE)
    file.expire(by(By("system"), AT + timedelta(days=9)))
    assert file.collect_events() == []


def test_only_its_uploader_keeps_it_and_only_while_it_is_nobodys() -> None:
    file, gone = uploaded(AGENT), uploaded(AGENT)
    with pytest.raises(NotFound):
        file.keep(by(COLLEAGUE))
    file.attach(by(AGENT), **PLACE)
    with pytest.raises(FileIsAttached):
        file.keep(by(AGENT))
    gone.purge(by(AGENT), "deleted")
    with pytest.raises(FileIsPurged):
        gone.keep(by(AGENT))


def test_purging_twice_changes_nothing() -> None:
    file = uploaded()
    file.purge(by(AGENT), "deleted")
    file.purge(by(AGENT), "deleted")
    (event,) = file.collect_events()
    assert isinstance(event, FilePurged)
    assert not file.is_visible_to(VISITOR)
    assert not file.is_visible_to(AGENT)
    with pytest.raises(Invalid):
        uploaded().purge(by(AGENT), " ")


def test_it_expires_after_a_day_unless_attached() -> None:
    kept, early, late = uploaded(), uploaded(), uploaded()
    kept.attach(by(VISITOR), **PLACE)
    kept.collect_events()
    kept.expire(by(By("system"), AT + timedelta(days=9)))
    early.expire(by(By("system"), AT + KEPT_UNATTACHED - timedelta(seconds=1)))
    late.expire(by(By("system"), AT + KEPT_UNATTACHED))
    assert [len(file.collect_events()) for file in (kept, early, late)] == [0, 0, 1]


def test_who_sees_it() -> None:
    mine, theirs = uploaded(VISITOR), uploaded(AGENT)
    assert mine.is_visible_to(VISITOR)
    assert mine.is_visible_to(COLLEAGUE)
    assert not mine.is_visible_to(By("visitor", OTHER))
    assert not theirs.is_visible_to(VISITOR)
    theirs.attach(by(AGENT), **PLACE)
    assert theirs.is_visible_to(VISITOR)
    assert not theirs.is_visible_to(By("visitor", OTHER))
    assert not File(ID).is_visible_to(AGENT)


@pytest.mark.parametrize(
    "changes",
    [
        {"max_size": 0},
        {"max_size": LARGEST_FILE + 1},
        {"content_types": ("text/html",)},
        {"content_types": ("image/svg+xml",)},
        {"content_types": ("image/png", "image/png")},
    ],
)
def test_rules_allow_nothing_that_may_carry_a_program(changes: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        valid_rules(msgspec.structs.replace(FileRules(), **changes))
    assert valid_rules(FileRules()).content_types == CONTENT_TYPES
