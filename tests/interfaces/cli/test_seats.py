"""`verbatim seats`: an agent's open conversations, counted from the log anew."""

from __future__ import annotations

from uuid import UUID

import msgspec
import psycopg

from application.handling import AcceptConversation
from interfaces.write_side import WriteSide
from tests.interfaces.cli.conftest import Command
from tests.interfaces.cli.shops import chatted, folded, opened, within
from tests.support.house import agent

SEATS = "SELECT tenant_id, conversation_id, agent_id FROM seats.taken"


def test_seats_that_an_older_release_did_not_count_are_counted(command: Command, installed: str) -> None:
    opened(installed)
    folded(installed)
    chat, anna = chatted(installed, 7, "Hello?"), agent(UUID(int=0xC1))

    async def accept(side: WriteSide) -> None:
        await side.bus.execute(anna, AcceptConversation(conversation_id=chat))

    within(installed, accept)
    with psycopg.connect(installed, autocommit=True) as owner:
        assert owner.execute(SEATS).fetchall() == [(7, chat, anna.by.id)]
        owner.execute("DELETE FROM seats.taken")
        assert msgspec.json.decode(command("seats", "rebuild", "--json").out) == {"corrected": 1}
        assert owner.execute(SEATS).fetchall() == [(7, chat, anna.by.id)]
    assert command("seats", "rebuild").out == "0 corrected\n"
