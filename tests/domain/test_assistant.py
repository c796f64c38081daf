"""How an assistant is told to answer."""

from __future__ import annotations

from uuid import UUID

import msgspec
import pytest

from domain.assistant import Assistant, Persona
from domain.refusals import Invalid, NotFound
from tests.support.stamps import refolded, stamp, types

PERSONA = Persona(name="Ada", instructions="Be kind.")


def configured() -> Assistant:
    assistant = Assistant(UUID(int=1))
    assistant.configure(stamp(), 7, PERSONA)
    return assistant


def test_configuring_sets_the_persona() -> None:
    assistant = configured()
    assert assistant.persona == PERSONA
    assert types(assistant) == ["assistant.configured.1"]


def test_another_persona_replaces_it() -> None:
    assistant = configured()
    assistant.configure(stamp(), 7, Persona(name="Bob", model="m", base_url="http://model.example/v1"))
    assert assistant.persona.name == "Bob"


def test_the_same_persona_again_changes_nothing() -> None:
    assistant = configured()
    assistant.collect_events()
    assistant.configure(stamp(), 7, PERSONA)
    assert types(assistant) == []


@pytest.mark.parametrize(
    "change",
    [
        {"name": " "},
        {"fallback": ""},
        {"fallback": "x" * 2_001},
        {"instructions": "x" * 20_001},
        {"name": "a\x00"},
    ],
)
def test_a_persona_that_cannot_answer_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        configured().configure(stamp(), 7, msgspec.structs.replace(PERSONA, **change))


def test_archiving_twice_changes_nothing_and_what_never_was_is_not_archived() -> None:
    assistant, nobody = configured(), Assistant(UUID(int=2))
    assistant.archive(stamp())
    assistant.archive(stamp())
    nobody.archive(stamp())
    assert types(assistant) == ["assistant.configured.1", "assistant.archived.1"]
    assert types(nobody) == []


def test_what_is_archived_is_configured_no_more() -> None:
    assistant = configured()
    assistant.archive(stamp())
    with pytest.raises(NotFound):
        assistant.configure(stamp(), 7, Persona(name="Bob"))


def test_its_events_make_it_again() -> None:
    again = refolded(list(configured().collect_events()))
    assert isinstance(again, Assistant)
    assert again.persona == PERSONA
