"""A transcript as a file: as text, as JSON or as a page, each written piece by piece."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Literal, Protocol

import msgspec

from interfaces.conversation_body import ConversationBody
from interfaces.message_body import AttachmentBody, MessageBody

TranscriptFormat = Literal["text", "json", "html"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:45em;margin:2em auto}article{margin:1em 0}p{white-space:pre-wrap}"
)


class Spoken(msgspec.Struct, frozen=True):
    """How a transcript speaks: `words` as in domain/widget_words.py; `names`: people's, by their wire ids."""

    locale: str
    words: Mapping[str, str]
    names: Mapping[str, str]


class Writing(Protocol):
    """How one format begins, goes on and ends."""

    media_type: str
    ending: str

    def opening(self, conversation: ConversationBody) -> str: ...

    def messages(self, messages: Sequence[MessageBody]) -> str: ...

    def closing(self) -> str: ...


class TextWriting:
    """A line per message; what else a message's lines say is indented, so nobody can write as somebody else."""

    media_type = "text/plain; charset=utf-8"
    ending = "txt"

    def __init__(self, spoken: Spoken) -> None:
        self._spoken = spoken

    def opening(self, conversation: ConversationBody) -> str:
        words = self._spoken.words
        begun = f"{_one_line(words['started'])} {_time(conversation.started_at)}"
        return f"{_one_line(words['transcript'])} {conversation.id}\n{begun}\n\n"

    def messages(self, messages: Sequence[MessageBody]) -> str:
        return "".join(self._message(one) for one in messages)

    def closing(self) -> str:
        return ""

    def _message(self, message: MessageBody) -> str:
        note = f" ({_one_line(self._spoken.words['note'])})" if message.private else ""
        lines = [
            *_words(message, self._spoken).splitlines(),
            *(f"[{_described(one)}]" for one in message.attachments),
        ]
        said = "\n    ".join(lines)
        return f"[{_time(message.created_at)}] {_one_line(author(message, self._spoken))}{note}: {said}\n"


class JsonWriting:
    """`{"conversation": …, "messages": […]}` in the bodies of the API."""

    media_type = "application/json"
    ending = "json"

    def __init__(self) -> None:
        self._separator = ""

    def opening(self, conversation: ConversationBody) -> str:
        return f'{{"conversation":{msgspec.json.encode(conversation).decode()},"messages":['

    def messages(self, messages: Sequence[MessageBody]) -> str:
        if not messages:
            return ""
        written = self._separator + ",".join(msgspec.json.encode(one).decode() for one in messages)
        self._separator = ","
        return written

    def closing(self) -> str:
        return "]}\n"


class HtmlWriting:
    """One page that loads nothing and runs nothing; everything anybody said is escaped."""

    media_type = "text/html; charset=utf-8"
    ending = "html"

    def __init__(self, spoken: Spoken) -> None:
        self._spoken = spoken

    def opening(self, conversation: ConversationBody) -> str:
        words = self._spoken.words
        title = f"{escape(words['transcript'])} {escape(conversation.id)}"
        return (
            f'<!doctype html><html lang="{escape(self._spoken.locale)}"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
            f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>"
            f"<p>{escape(words['started'])} {_time(conversation.started_at)}</p>\n"
        )

    def messages(self, messages: Sequence[MessageBody]) -> str:
        return "".join(self._message(one) for one in messages)

    def closing(self) -> str:
        return "</body></html>\n"

    def _message(self, message: MessageBody) -> str:
        note = f" <em>({escape(self._spoken.words['note'])})</em>" if message.private else ""
        files = "".join(f"<li>{escape(_described(one))}</li>" for one in message.attachments)
        return (
            f"<article><strong>{escape(author(message, self._spoken))}</strong>{note} "
            f"<time>{_time(message.created_at)}</time><p>{escape(_words(message, self._spoken))}</p>"
            f"{f'<ul>{files}</ul>' if files else ''}</article>\n"
        )


def writing(format: TranscriptFormat, spoken: Spoken) -> Writing:
    match format:
        case "text":
            return TextWriting(spoken)
        case "json":
            return JsonWriting()
        case "html":
            return HtmlWriting(spoken)


def author(message: MessageBody, spoken: Spoken) -> str:
    """How the message's author is called; by their part in it where no name is known."""
    return spoken.names.get(message.author_id or "", "") or spoken.words[message.role]


def _words(message: MessageBody, spoken: Spoken) -> str:
    return spoken.words["erased"] if message.text is None else message.text


def _described(attachment: AttachmentBody) -> str:
    name = attachment.name if isinstance(attachment.name, str) else attachment.id
    return f"{_one_line(name)}, {attachment.content_type}, {attachment.size} bytes"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S UTC")
