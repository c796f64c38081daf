"""Variables become values: once, and nothing but that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.canned_rendering import Rendered, render, variables_in

VALUES = {
    "contact.name": "Mia",
    "contact.email": None,
    "agent.name": " ",
    "conversation.id": "cnv_1",
    "custom.plan": "Gold",
    "custom.trick": "{{contact.name}} {{custom.trick}} {0} %s ${x} \\1",
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Hello {{contact.name}}!", "Hello Mia!"),
        ("{{ contact.name }}{{\tcustom.plan\n}}", "MiaGold"),
        ("{{conversation.id}}{{conversation.id}}", "cnv_1cnv_1"),
        ("no variable", "no variable"),
        ("{contact.name} {{contact.name} {{ }contact.name}}", "{contact.name} {{contact.name} {{ }contact.name}}"),
        ("{{{contact.name}}}", "{Mia}"),
    ],
)
def test_a_variable_becomes_its_value(template: str, text: str) -> None:
    assert render(template, VALUES) == Rendered(text, ())


def test_what_has_no_value_becomes_nothing_and_is_named_once_in_order() -> None:
    template = "A{{custom.nope}}B{{contact.email}}C{{agent.name}}D{{custom.nope}}E{{Contact.Name}}F{{}}"
    missing = ("custom.nope", "contact.email", "agent.name", "Contact.Name", "")
    assert render(template, VALUES) == Rendered("ABCDEF", missing)


def test_a_value_is_never_rendered_again() -> None:
    assert render("{{custom.trick}}", VALUES) == Rendered(str(VALUES["custom.trick"]), ())


def test_a_value_cannot_complete_a_variable() -> None:
    assert render("{{a}}{{b}}", {"a": "{{c", "b": "}}", "c": "secret"}).text == "{{c}}"


@pytest.mark.parametrize("expression", ["1+1", "contact.__class__", "contact.name|upper", "contact.name()", "%x%"])
def test_an_expression_is_only_an_unknown_name(expression: str) -> None:
    assert render("{{" + expression + "}}", VALUES) == Rendered("", (expression,))


def test_names_are_listed_once_in_order() -> None:
    assert variables_in("{{b}} {{ a }} {{b}} {{}") == ("b", "a")


@given(st.text(alphabet="{}a. "), st.text())
def test_text_outside_of_braces_stays_and_what_is_missing_is_what_is_named(template: str, value: str) -> None:
    rendered = render(template, {"a": value})
    assert set(rendered.missing) <= set(variables_in(template))
    if not variables_in(template):
        assert rendered.text == template
