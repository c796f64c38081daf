"""REST and frames say the same of the same message."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest

from domain.conversation import AssistantReplied, Citation, Ended, Handling, MessagePosted, NoteAdded
from domain.kernel import ActorKind, By, Cause
from domain.personal import ERASED
from interfaces.wire import conversation_of_view, inbox_row, message_of_event, message_of_view
from projections.inbox import InboxRow
from projections.transcript import ConversationView, Message, MessagePage

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
    assert message_of_event(event, 40) == message_of_view(view)


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
    }


def test_an_erased_text_is_null() -> None:
    message = message_of_event(MessagePosted(**_facts("visitor") | {"text": ERASED}), 40)
    assert message is not None
    assert message.text is None


def test_an_event_that_says_nothing_is_no_message() -> None:
    handling = Handling("open", "queue")
    ended = Ended(at=AT, by=By("agent", WHO), cause=Cause("Test"), before=handling, after=handling)
    assert message_of_event(ended, 40) is None


def test_a_conversation_names_who_takes_part() -> None:
    view = ConversationView(
        conversation_id=CHAT,
        contact_id=WHO,
        contact_name="Zoë",
        contact_email=None,
        widget_id=None,
        assistant_id=UUID(int=7),
        assignee_id=None,
        channel="chat",
        status="open",
        handled_by="bot",
        started_at=AT,
        ended_at=None,
        version=6,
        seq=40,
    )
    body = msgspec.to_builtins(conversation_of_view(view, MessagePage((_view("visitor"),), None)))
    assert body["contact_data"] == {"id": "vis_" + WHO.hex, "name": "Zoë", "email": None}
    assert [one["kind"] for one in body["participants"]] == ["visitor", "assistant"]
    assert body["messages"]["nextCursor"] is None
    assert "messages" not in msgspec.to_builtins(conversation_of_view(view))


def test_an_inbox_row_without_a_message_yet_says_null() -> None:
    row = InboxRow(CHAT, WHO, None, "chat", "open", "queue", None, None, None, None, AT, None, 0, AT, 1, 1)
    body = msgspec.to_builtins(inbox_row(row))
    assert body["lastMessage"] is None
    assert body["contact_data"] == {"id": "vis_" + WHO.hex, "name": None}
