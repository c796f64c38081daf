"""REST and frames say the same of the same message."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain.conversation import AssistantReplied, Citation, MessagePosted, NoteAdded
from domain.file import Attachment
from domain.handling import Ended, Handling
from domain.kernel import ActorKind, By, Cause
from domain.personal import ERASED
from interfaces.conversation_body import conversation_of_view
from interfaces.inbox_body import inbox_row
from interfaces.message_body import message_of_event, message_of_view
from projections.inbox import row_of
from projections.inbox_entry import Entry
from projections.transcript import ConversationView, Message

AT = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
CHAT, WHO, SAID, ARTICLE = UUID(int=1), UUID(int=2), UUID(int=3), UUID(int=4)
CITED = (Citation(ARTICLE, "Opening hours"),)


def _facts(kind: ActorKind) -> dict[str, object]:
    place = {"originator_id": CHAT, "originator_version": 6, "at": AT, "cause": Cause("Test")}
    return place | {"by": By(kind, WHO), "subject_id": UUID(int=9), "message_id": SAID, "text": "Hello"}


def _view(role: str, *, private: bool = False, cited: tuple[Citation, ...] = ()) -> Message:
    return Message(SAID, CHAT, role, WHO, "Hello", private, AT, 6, 40, cited)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("event", "view"),
    [
        (MessagePosted(**_facts("visitor")), _view("visitor")),
        (MessagePosted(**_facts("agent")), _view("agent")),
        (NoteAdded(**_facts("agent")), _view("agent", private=True)),
        (
            AssistantReplied(**_facts("assistant"), asked_version=5, citations=CITED),
            _view("assistant", cited=CITED),
        ),
    ],
)
def test_an_event_and_the_transcript_give_the_same_message(event: MessagePosted, view: Message) -> None:
    assert message_of_event(event, 40) == message_of_view(view, _conversation())


def test_a_message_is_spelt_as_the_contract_says() -> None:
    message = message_of_event(AssistantReplied(**_facts("assistant"), asked_version=5, citations=CITED), 40)
    assert msgspec.to_builtins(message, builtin_types=()) == {
        "id": "msg_" + SAID.hex,
        "conversationId": "cnv_" + CHAT.hex,
        "role": "assistant",
        "authorId": "ast_" + WHO.hex,
        "text": "Hello",
        "private": False,
        "createdAt": "2030-01-02T03:04:05Z",
        "version": 6,
        "seq": 40,
        "citations": ({"articleId": "art_" + ARTICLE.hex, "title": "Opening hours"},),
        "attachments": (),
        "state": "sent",
    }


def test_an_erased_text_is_null() -> None:
    message = message_of_event(MessagePosted(**_facts("visitor") | {"text": ERASED}), 40)
    assert message is not None
    assert message.text is None


def test_an_event_that_says_nothing_is_no_message() -> None:
    handling = Handling("open", "queue")
    ended = Ended(at=AT, by=By("agent", WHO), cause=Cause("Test"), before=handling, after=handling)
    assert message_of_event(ended, 40) is None


def _conversation(**facts: Any) -> ConversationView:
    known: dict[str, Any] = {
        "tenant_id": 1,
        "conversation_id": CHAT,
        "contact_id": WHO,
        "widget_id": None,
        "assistant_id": UUID(int=7),
        "channel": "chat",
        "continues": None,
        "status": "open",
        "handled_by": "bot",
        "started_at": AT,
        "version": 9,
        "seq": 40,
        "contact_name": "Zoë",
    }
    return ConversationView(**known | facts)


def test_a_conversation_names_who_takes_part() -> None:
    anna, ben = UUID(int=11), UUID(int=12)
    body = msgspec.to_builtins(
        conversation_of_view(_conversation(speakers=(anna, ben), assignee_id=anna), "visitor")
    )
    assert body["contact_data"] == {"id": "vis_" + WHO.hex, "name": "Zoë", "email": None}
    assert [one["kind"] for one in body["participants"]] == ["visitor", "assistant", "agent", "agent"]
    assert "messages" not in body


def test_each_side_counts_what_the_other_wrote() -> None:
    view = _conversation(visitor_unread=2, agent_unread=3, visitor_read_to=4, agent_read_to=5, delivered_to=6)
    visitor, agent = (msgspec.to_builtins(conversation_of_view(view, side)) for side in ("visitor", "agent"))
    assert (visitor["unread"], agent["unread"]) == (2, 3)
    assert visitor["readTo"] == agent["readTo"] == {"visitor": 4, "agent": 5}
    assert visitor["deliveredTo"] == 6


def test_a_visitor_is_not_shown_what_is_the_teams() -> None:
    view = _conversation(
        team_id=UUID(int=5), labels=("vip",), priority="high", attributes='{"plan":"gold"}', snoozed_until=AT
    )
    visitor, agent = (msgspec.to_builtins(conversation_of_view(view, side)) for side in ("visitor", "agent"))
    hidden = {"teamId", "labels", "priority", "attributes", "snoozedUntil", "acceptUntil", "qualified"}
    assert not hidden & visitor.keys()
    assert set(agent) - set(visitor) == hidden
    assert (agent["labels"], agent["attributes"]) == (("vip",), {"plan": "gold"})


@pytest.mark.parametrize(("version", "state"), [(4, "read"), (6, "delivered"), (7, "sent")])
def test_a_message_of_the_team_says_how_far_it_came(version: int, state: str) -> None:
    message = msgspec.structs.replace(_view("assistant"), version=version)
    assert message_of_view(message, _conversation(visitor_read_to=5, delivered_to=6)).state == state


def test_neither_a_visitors_message_nor_a_note_comes_far() -> None:
    thread = _conversation(visitor_read_to=9, delivered_to=9)
    for message in (_view("visitor"), _view("agent", private=True)):
        assert message_of_view(message, thread).state is msgspec.UNSET


def test_attachments_are_told_by_their_ids() -> None:
    file = Attachment(UUID(int=8), "image/png", 12)
    told = message_of_event(MessagePosted(**_facts("visitor"), attachments=(file,)), 40)
    assert msgspec.to_builtins(told)["attachments"] == (
        {"id": "fil_" + file.file_id.hex, "contentType": "image/png", "size": 12},
    )


def test_an_inbox_row_without_a_message_yet_says_null() -> None:
    entry = Entry(1, CHAT, WHO, "chat", "open", "queue", None, AT, AT, 1, 1)
    body = msgspec.to_builtins(inbox_row(row_of(entry, None)))
    assert (body["lastMessage"], body["assigneeId"], body["waitingSince"], body["priority"]) == (None,) * 4
    assert body["contact_data"] == {"id": "vis_" + WHO.hex, "name": None}
