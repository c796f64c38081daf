"""Family B: a conversation's transcript as a file, for agents and for its visitor."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec
from litestar import get
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from application.widget_rules import TranscriptIsOff
from domain.ids import parse, wire
from domain.widget import Look
from domain.widget_words import locales, words_in
from domain.wording import chosen
from interfaces.conversation_body import conversation_of_view
from interfaces.http.attachments import with_links
from interfaces.http.audience import STAFF, Asker, Caller
from interfaces.http.body import JsonRequest
from interfaces.http.headers import POSITION
from interfaces.http.parts import HttpParts, Parts
from interfaces.http.position import reached
from interfaces.http.transcript import read
from interfaces.http.widget_config import Locale, wishes
from interfaces.message_body import MessageBody, message_page
from interfaces.transcript_formats import Spoken, TranscriptFormat, Writing, writing
from projections.directory import WidgetView, read_agents, read_assistants, read_widget
from projections.transcript import ConversationView, MessagePage

PAGE = 200
"""Messages that are read, and held in memory, at once."""


@get(
    "/api/v1/chat/conversations/{conversation_id:str}/transcript",
    opt={"audience": "visitor_or_agent", "roles": STAFF},
    media_type="application/octet-stream",
    summary="Download a transcript",
    operation_id="downloadTranscript",
    tags=["chat"],
)
async def download_transcript(
    request: JsonRequest,
    conversation_id: FromPath[str],
    caller: Asker,
    parts: Parts,
    format: FromQuery[TranscriptFormat] = "text",
    locale: Locale = None,
) -> Stream:
    """Everything that was said, oldest first; for a visitor without private notes. Written as it is read.

    In `locale`, else the language that `Accept-Language` asks for, else the widget's. A visitor of a widget that
    does not offer it is refused: 409 `transcript_off`.
    """
    id = parse("conversation", conversation_id)
    seq = await reached(parts, request, caller.tenant_id, "transcript")
    await reached(parts, request, caller.tenant_id, "directory")
    view, page = await read(parts, caller, id, limit=PAGE)
    widget = await _widget(parts, view)
    if caller.member is None and not widget.settings.features.transcript:
        raise TranscriptIsOff
    written = writing(format, await _spoken(parts, view, widget, wishes(request, locale)))
    headers = {
        "Content-Type": written.media_type,  # the route's own media type would win over the answer's
        POSITION: str(seq),
        "Content-Disposition": f'attachment; filename="transcript-{wire("conversation", id)}.{written.ending}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, no-store",
    }
    return Stream(_pieces(parts, caller, view, page, written), headers=headers)


async def _pieces(
    parts: HttpParts, caller: Caller, view: ConversationView, page: MessagePage, written: Writing
) -> AsyncIterator[str]:
    """What is posted meanwhile belongs to it too; where a page cannot be read the download breaks off."""
    yield written.opening(conversation_of_view(view, caller.side))
    while True:
        yield written.messages(await _messages(parts, caller, view, page))
        if page.next_cursor is None:
            break
        view, page = await read(parts, caller, view.conversation_id, limit=PAGE, cursor=page.next_cursor)
    yield written.closing()


async def _messages(
    parts: HttpParts, caller: Caller, view: ConversationView, page: MessagePage
) -> Sequence[MessageBody]:
    """With the names of files; without links, which would not outlive the hour."""
    bodies = message_page(page, view).data
    named = await with_links(parts, caller.tenant_id, caller.actor().by, bodies)
    return [_without_links(body) for body in named]


def _without_links(message: MessageBody) -> MessageBody:
    if not message.attachments:
        return message
    files = tuple(msgspec.structs.replace(one, url=msgspec.UNSET) for one in message.attachments)
    return msgspec.structs.replace(message, attachments=files)


async def _widget(parts: HttpParts, view: ConversationView) -> WidgetView:
    """What it was said in; a plain one where an integration began the conversation."""
    found = None
    if view.widget_id is not None:
        async with parts.database.tenant(view.tenant_id) as connection:
            found = await read_widget(connection, view.tenant_id, view.widget_id)
    return found or WidgetView(view.conversation_id, Look(name=""), None)


async def _spoken(parts: HttpParts, view: ConversationView, widget: WidgetView, wished: Sequence[str]) -> Spoken:
    settings = widget.settings
    language = chosen(wished, locales(settings.texts), settings.locale)
    words = words_in(settings.texts, language, settings.locale, widget.look.greeting)
    return Spoken(language, words, await _names(parts, view))


async def _names(parts: HttpParts, view: ConversationView) -> Mapping[str, str]:
    """Names only, never an address."""
    async with parts.database.tenant(view.tenant_id) as connection:
        agents = await read_agents(connection, view.tenant_id)
        assistants = await read_assistants(connection, view.tenant_id)
    return {
        wire("contact", view.contact_id): view.contact_name or "",
        **{wire("agent", one.agent_id): one.name or "" for one in agents},
        **{wire("assistant", one.assistant_id): one.persona.name for one in assistants},
    }
