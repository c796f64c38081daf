"""Search: everything a tenant's people said is found, in any spelling; nothing is found by whom it is not for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from application.contact import IntroduceContact
from application.conversation import PostMessage
from application.handling import AcceptConversation
from application.marks import ChangeLabels
from domain.refusals import Invalid
from projections import search_query
from projections.search import SearchFilter, SearchHit, SearchIn, SearchPage, search
from tests.projections.conftest import ReadModels
from tests.support.cases import cases
from tests.support.house import ANNA, BEN, STRANGER, TENANT, VISITING, VISITOR, House, agent

HOSTILE = [
    *[
        "",
        " ",
        '"',
        '"""',
        "-",
        "- -",
        "--",
        "!",
        "& | !",
        "( ) <->",
        ":*",
        "a:*b",
        "'",
        "it''s",
        "\\",
        "\\'",
        "or",
        "or or",
    ],
    *[
        "%",
        "_",
        "%%%",
        "<b>",
        "</script>",
        "-foo",
        '-"foo bar"',
        "foo or -bar",
        "x" * 5000,
        "é" * 5000,
        "a-b-c-",
        "\x01\x02",
    ],
    *[
        "😀",
        "日本語",
        "\u202e",
        "\u0301",
        "e\u0301",
        "\x00",
        "a\x00b",
        "7/0 hello",
        "'7/0 hello'",
        "10.5",
        "2026-11-21",
    ],
    *["$1", "%s", "{}", "'; DROP TABLE read.search_message_1; --", "a & b | !c", "hello:ABCD", "hello:*A"],
]


async def find(models: ReadModels, q: str, tenant_id: int = TENANT, **more: Any) -> SearchPage:
    await models.fold()
    chosen = msgspec.structs.replace(SearchFilter(q=q, with_private=True), **more)
    async with models.tenant(tenant_id) as connection:
        return await search(connection, tenant_id, chosen)


def marked(hit: SearchHit) -> list[str]:
    return [hit.snippet[start:end] for start, end in hit.highlights]


async def texts(models: ReadModels, q: str, **more: Any) -> list[str]:
    return [hit.snippet for hit in (await find(models, q, **more)).hits]


@pytest.mark.parametrize(
    ("said", "q", "matches"),
    [
        ("Where is my parcel?", "parcel", ["parcel"]),
        ("Where is my parcel?", "PARC", ["parcel"]),
        ("Where is my parcel?", "my parc", ["my", "parcel"]),
        ("Where is my parcel?", '"my parcel"', ["my", "parcel"]),
        ("Le café de l'École", "cafe ecole", ["café", "École"]),
        ("Cafe\u0301 Noir", "café", ["Café"]),
        ("Die Straße ist lang", "strasse", ["Straße"]),
        ("Где моя посылка", "ПОСЫЛ", ["посылка"]),
        ("mail me: anna@shop.test", "anna@sh", ["anna", "shop"]),
        ("see https://shop.test/a/b?c=1", "shop.test/a", ["shop", "test", "a"]),
        ("order 4711 of 2026-11-21", "2026-11", ["2026", "11"]),
        ("yes/no/perhaps", "no", ["no"]),
        ("an e-mail, please", "e-ma", ["e", "mail"]),
        ("<script>alert</script>", "alert", ["alert"]),
        ("😀 hello 😀 hello", "hello", ["hello", "hello"]),
        ("call me\nafter work", "after", ["after"]),
        ("red or blue", "green or blue", ["blue"]),
    ],
)
async def test_what_was_said_is_found_and_marked(
    house: House, models: ReadModels, said: str, q: str, matches: list[str]
) -> None:
    await house.chat(said, with_assistant=False)
    await house.chat("Quite another thing", with_assistant=False)
    (hit,) = (await find(models, q)).hits
    assert marked(hit) == matches
    assert (hit.role, hit.author_id, hit.private) == ("visitor", VISITOR, False)


@cases("q", ["parcel -lost", '"lost parcel"', "parce lost", '"parc"', "lostparcel", "-parcel"])
async def test_what_was_not_said_so_is_not_found(house: House, models: ReadModels, q: str) -> None:
    await house.chat("My parcel is lost", with_assistant=False)
    assert await texts(models, q) == []


async def test_words_together_rank_above_words_apart_and_newer_above_older(
    house: House, models: ReadModels
) -> None:
    chat = await house.chat("late delivery", with_assistant=False)
    apart = "late " + "and then quite a lot of other words " * 3 + "delivery"
    await house.say(chat, apart)
    await house.say(chat, "delivery late")
    found = (await find(models, "late delivery")).hits
    assert [hit.snippet for hit in found] == ["delivery late", "late delivery", apart]
    assert found[0].rank == found[1].rank > found[2].rank


async def test_a_long_text_is_cut_around_the_match(house: House, models: ReadModels) -> None:
    await house.chat("before " * 100 + "needle" + " after" * 100, with_assistant=False)
    (hit,) = (await find(models, "needle")).hits
    assert marked(hit) == ["needle"]
    assert (hit.snippet[:7], hit.snippet[-1]) == ("…before", "…")
    assert len(hit.snippet) <= 242


@cases("within", ["messages", "conversations", "contacts"])
@cases("q", HOSTILE)
async def test_no_input_is_an_error(house: House, models: ReadModels, q: str, within: SearchIn) -> None:
    await house.do(VISITING, IntroduceContact(contact_id=VISITOR, name="Vera"))
    await house.chat("hello", with_assistant=False)
    assert (await find(models, q, within=within)).next_cursor is None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.text(min_size=1, max_size=300), q=st.text(max_size=100))
async def test_no_message_and_no_question_is_an_error(models: ReadModels, said: str, q: str) -> None:
    async with models.tenant() as connection:
        words = await connection.execute(
            "SELECT read.shelved(read.words_of(%s), 2147483647, 281474976710655)", (said.replace("\x00", " "),)
        )
        await words.fetchall()
        await search(connection, TENANT, SearchFilter(q=q, with_private=True))


@pytest.mark.parametrize("said", ["﷽" * 3000, "㎯" * 9900, "x" * 9900, "a'b\\c " * 1000, "℀" * 9900, "１" * 9900])
async def test_no_word_is_too_long_for_the_index(house: House, models: ReadModels, said: str) -> None:
    await house.chat(said + " end", with_assistant=False)
    assert len(await texts(models, "end")) == 1


async def test_a_note_is_found_by_agents_only(house: House, models: ReadModels) -> None:
    chat = await house.chat("Hello", with_assistant=False)
    await house.do(agent(), PostMessage(conversation_id=chat, text="difficult customer", private=True))
    (note,) = (await find(models, "difficult")).hits
    assert (note.private, note.role, note.author_id) == (True, "agent", ANNA)
    for within in ("messages", "conversations"):
        assert (await find(models, "difficult", within=within, with_private=False)).hits == ()


async def test_another_tenant_finds_nothing(house: House, models: ReadModels) -> None:
    await house.do(VISITING, IntroduceContact(contact_id=VISITOR, name="Vera"))
    await house.chat("Hello", with_assistant=False)
    assert len((await find(models, "hello")).hits) == 1
    for within in ("messages", "conversations", "contacts"):
        for q in ("hello", "vera", "7/0 hello"):
            assert (await find(models, q, TENANT + 1, within=within)).hits == ()
    async with models.tenant(TENANT + 1) as connection:
        assert (await search(connection, TENANT, SearchFilter(q="hello", with_private=True))).hits == ()
        for call in (
            "search_messages('hello', '{0}', 0, 99, true, NULL, NULL, NULL, false, NULL, 9)",
            "search_threads(NULL, true, NULL, 9)",
            "search_contacts('vera', 0, 99, 9)",
        ):
            cursor = await connection.execute(f"SELECT * FROM read.{call}".encode())
            assert await cursor.fetchall() == []


@pytest.mark.parametrize("few", [1_000, 0])
async def test_a_search_is_narrowed_by_time_assignee_and_label(
    house: House, models: ReadModels, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(search_query, "FEW", few)
    first = await house.chat("hello one", with_assistant=False)
    at = house.now
    house.later(days=200)
    second = await house.chat("hello two", with_assistant=False)
    await house.do(agent(BEN), AcceptConversation(conversation_id=first))
    await house.do(agent(), ChangeLabels(conversation_id=second, add=("vip",)))
    assert await texts(models, "hello", until=at + timedelta(days=1)) == ["hello one"]
    assert await texts(models, "hello", since=at + timedelta(days=1)) == ["hello two"]
    assert await texts(models, "hello", since=house.now) == ["hello two"]
    assert await texts(models, "hello", until=house.now) == ["hello one"]
    assert await texts(models, "hello", assignee=BEN) == ["hello one"]
    assert await texts(models, "hello", assignee="none") == ["hello two"]
    assert await texts(models, "hello", label="vip") == ["hello two"]
    await house.do(agent(), ChangeLabels(conversation_id=second, remove=("vip",)))
    await house.do(agent(), AcceptConversation(conversation_id=second))
    assert await texts(models, "hello", label="vip") == []
    assert await texts(models, "hello", assignee="none") == []
    assert await texts(models, "hello", assignee=ANNA) == ["hello two"]


async def test_conversations_are_found_once_by_their_best_message(house: House, models: ReadModels) -> None:
    chat = await house.chat("parcel", with_assistant=False)
    await house.say(chat, "my parcel, " + "a thing that is not here, " * 5)
    other = await house.chat("a parcel of mine", with_assistant=False)
    found = (await find(models, "parcel", within="conversations")).hits
    assert [(hit.conversation_id, hit.matches) for hit in found] == [(chat, 2), (other, 1)]
    assert found[0].snippet == "parcel"


@pytest.mark.parametrize(
    ("q", "names"),
    [
        ("ann", ["Anna Berg", "Hanna Öz"]),
        ("berg anna", ["Anna Berg"]),
        ("oz", ["Hanna Öz"]),
        ("ANNA@SHOP", ["Anna Berg", "Hanna Öz"]),
        ("shop.test", ["Hanna Öz", "Anna Berg"]),
        ("bergg", ["Anna Berg"]),
        ("zebra", []),
        ("%", []),
    ],
)
async def test_contacts_are_found_by_parts_and_in_spite_of_a_typing_error(
    house: House, models: ReadModels, q: str, names: list[str]
) -> None:
    for contact_id, name, email in (
        (VISITOR, "Anna Berg", "anna@shop.test"),
        (STRANGER, "Hanna Öz", "hoz@shop.test"),
    ):
        await house.do(agent(), IntroduceContact(contact_id=contact_id, name=name, email=email))
    found = (await find(models, q, within="contacts")).hits
    assert [hit.contact_name for hit in found] == names
    assert q != "oz" or marked(found[0]) == ["Öz", "oz"]


async def test_contacts_are_not_narrowed_by_what_was_said(models: ReadModels) -> None:
    with pytest.raises(Invalid):
        await find(models, "vera", within="contacts", label="vip")
