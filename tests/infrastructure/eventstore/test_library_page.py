"""docs/library.md: its Python runs as it stands there, and prints what stands there."""

from __future__ import annotations

import asyncio
import io
import re
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from application.actor import Actor, system, visitor
from application.bus import CommandBus
from application.conversation import PostMessage, StartConversation
from application.handlers import HANDLERS
from application.handling import EndConversation
from application.tenant import OpenTenant
from domain.kernel import By
from infrastructure.clock import now, uuid7
from infrastructure.eventstore.store import EventStore
from infrastructure.eventstore.verify import verify_log
from tests.support.appends import SECRET
from tests.support.library import environment

TENANT = 4711
PAGE = Path(__file__).parents[3] / "docs" / "library.md"
BLOCK = re.compile(r"```(python|text)\n(.*?)```", re.DOTALL)


async def one_conversation(store: EventStore) -> None:
    bus = CommandBus(store, HANDLERS, now, uuid7)
    asking = visitor(TENANT, uuid4())
    answering = Actor(TENANT, By("agent", uuid4()), "agent")
    await bus.execute(system(TENANT), OpenTenant(name="Acme"))
    started = await bus.execute(asking, StartConversation(contact_id=asking.by.id, text="Where is my parcel?"))
    about = started.events[-1].originator_id
    await bus.execute(answering, PostMessage(conversation_id=about, text="On its way!"))
    await bus.execute(answering, EndConversation(conversation_id=about))


def run(blocks: list[tuple[str, str]]) -> None:
    """Each block of Python in one common namespace; a block of text is what the one before it printed."""
    names: dict[str, Any] = {}
    printed = ""
    for language, body in blocks:
        if language == "text":
            assert printed == body
            continue
        with redirect_stdout(io.StringIO()) as output:
            exec(compile(body, str(PAGE), "exec"), names)
        printed = output.getvalue()


async def test_the_page_runs_as_it_stands(
    store: EventStore, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await one_conversation(store)
    for name, value in environment(database_url, TENANT, VERBATIM_SECRET=SECRET).items():
        monkeypatch.setenv(name, value)
    blocks = BLOCK.findall(PAGE.read_text())
    assert len(blocks) >= 9
    await asyncio.to_thread(run, blocks)
    assert await store.head(TENANT) == 8
    assert (await verify_log(store.database)).is_sound
