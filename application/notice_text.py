"""The words of a notice: what the visitor missed, and the way back. Nothing that a visitor wrote is in it."""

from __future__ import annotations

from uuid import UUID

from application.continuity import Case
from application.notice_ports import Notice
from domain.continuity import NoticeDue
from domain.conversation import AssistantReplied, MessagePosted
from domain.personal import readable
from domain.widget import Widget
from domain.widget_words import Words, words_in

MOST_REPLIES = 20
"""The newest ones; a mail is no transcript."""


def notice_of(case: Case, due: NoticeDue, tenant_id: int, last_page: str | None) -> Notice | None:
    """None where there is nobody to write to, or nothing left to read: it was erased."""
    if case.widget is None or case.address is None:
        return None
    widget, settings = case.widget, case.widget.settings
    words = words_in(settings.texts, settings.locale, settings.locale, widget.look.greeting)
    said = _replies(case, due, words)
    if not said:
        return None
    page = settings.continuity.url or _own_page(widget, last_page)
    back = [] if page is None else [f"{words['noticeBack']}:\n{page}"]
    parts = [words["noticeIntro"], *said[-MOST_REPLIES:], *back, f"-- \n{widget.look.name}"]
    return Notice(
        id=due.notice_id,
        tenant_id=tenant_id,
        address=case.address,
        sender=widget.look.name,
        subject=f"{widget.look.name}: {words['noticeSubject']}",
        text="\n\n".join(parts) + "\n",
        replies=len(due.message_ids),
    )


def _replies(case: Case, due: NoticeDue, words: Words) -> list[str]:
    wanted: frozenset[UUID] = frozenset(due.message_ids)
    said = list[str]()
    for event in case.events:
        if isinstance(event, MessagePosted | AssistantReplied) and event.message_id in wanted:
            text = readable(event.text)
            author = words["assistant"] if event.by.kind == "assistant" else words["agent"]
            if text is not None:
                said.append(f"{author}:\n{_with_files(text, event)}")
    return said


def _with_files(text: str, event: MessagePosted | AssistantReplied) -> str:
    files = len(event.attachments) if isinstance(event, MessagePosted) else 0
    return f"{text}\n(+{files})".lstrip() if files else text


def _own_page(widget: Widget, page: str | None) -> str | None:
    """A browser may report any address: only a site that the widget names is led back to."""
    if page is None:
        return None
    sites = widget.look.origins
    return page if any(page == site or page.startswith((f"{site}/", f"{site}?")) for site in sites) else None
