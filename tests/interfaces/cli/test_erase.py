"""`verbatim erase`: done by a running installation and watched to its end; what is unknown is not begun."""

from __future__ import annotations

import httpx
import msgspec
import pytest

from application.actor import system
from application.joining import MergeContact
from domain.ids import parse, tenant_wire, wire
from interfaces.write_side import WriteSide
from tests.interfaces.cli.conftest import Command, Dev
from tests.interfaces.cli.shops import chatted, folded, opened, within
from tests.support.processes import Announced, access_token, ran

CHAT = "/api/v1/chat/conversations"


def met(demo: Announced, name: str) -> tuple[str, str]:
    """(contact, conversation) of somebody who said hello."""
    site = {"Authorization": f"Bearer {demo.widget_token}"}
    answer = httpx.post(f"{demo.url}{CHAT}", json={"text": f"{name} was here", "name": name}, headers=site)
    conversation = answer.json()["conversation"]
    return conversation["contact_data"]["id"], conversation["id"]


def contact_in(database_url: str, number: int) -> str:
    """Of a conversation that begins now."""
    id = chatted(database_url, number, "Hello")

    async def read(side: WriteSide) -> str:
        event = (await side.store.reader.stream(number, id))[0].event
        return wire("contact", msgspec.structs.asdict(event)["contact_id"])

    return within(database_url, read)


def head(database_url: str, number: int) -> int:
    return within(database_url, lambda side: side.store.head(number))


def test_a_person_is_erased_whole_and_the_command_ends_when_nothing_is_left(dev: Dev) -> None:
    demo, agent = dev.demo, {"Authorization": f"Bearer {access_token(dev.demo)}"}
    (one, chat), (two, _) = met(demo, "Mia"), met(demo, "Mia at work")
    answer = httpx.post(f"{demo.url}/api/v1/contacts/{one}/merge", json={"intoId": two}, headers=agent)
    assert answer.status_code == 200
    arguments = ("erase", one, "--data-dir", str(dev.data_dir), "--json")
    done = ran(*arguments)
    assert (done.returncode, done.stderr) == (0, ""), done
    erasure = msgspec.json.decode(done.stdout)
    assert (erasure["done"], {contact["id"] for contact in erasure["contacts"]}) == (True, {one, two})
    told = httpx.get(f"{demo.url}{CHAT}/{chat}", headers=agent).json()
    assert told["messages"]["data"][0]["text"] is None
    again = ran(*arguments[:-1])
    assert (again.returncode, again.stdout) == (0, f"{one} is erased (2 contacts): nothing is left.\n")


def test_what_is_left_is_told_with_exit_code_1(command: Command, installed: str) -> None:
    """Nobody reacts to the log here, and nobody folds it."""
    opened(installed, 7)
    contact = contact_in(installed, 7)
    folded(installed)
    before = head(installed, 7)
    outcome = command("erase", contact, "--wait", "0")
    assert outcome.code == 1
    assert f"{contact}: key 1" in outcome.out
    assert "read models behind: " in outcome.out
    assert head(installed, 7) == before + 1
    assert command("erase", contact, "--wait", "0").code == 1
    assert head(installed, 7) == before + 1


def test_a_part_of_somebody_is_watched_with_all_of_them(command: Command, installed: str) -> None:
    opened(installed, 7)
    one, two = contact_in(installed, 7), contact_in(installed, 7)
    folded(installed)  # not the merge
    merge = MergeContact(contact_id=parse("contact", one), into_id=parse("contact", two))
    within(installed, lambda side: side.bus.execute(system(7), merge))
    told = msgspec.json.decode(command("erase", two, "--wait", "0", "--json").out)
    assert {contact["id"] for contact in told["contacts"]} == {one, two}


@pytest.mark.parametrize("whose", ["nobody's", "no id", "another tenant's"])
def test_who_is_unknown_is_one_sentence_and_nothing_is_begun(command: Command, installed: str, whose: str) -> None:
    opened(installed, 7)
    opened(installed, 8)
    names = {"nobody's": "vis_" + "0" * 31 + "1", "no id": "Mia"}
    contact = names.get(whose) or contact_in(installed, 8)
    before = head(installed, 7), head(installed, 8)
    outcome = command("erase", contact, "--tenant", tenant_wire(7))
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == f"Error: There is no contact {contact} here.\n"
    assert (head(installed, 7), head(installed, 8)) == before


def test_an_unknown_tenant_is_refused(command: Command, installed: str) -> None:
    opened(installed, 7)
    outcome = command("erase", contact_in(installed, 7), "--tenant", "tnt_9")
    assert (outcome.code, outcome.out) == (2, "")
    assert "There is no tenant tnt_9 here." in outcome.err
