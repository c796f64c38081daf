"""Form: what a visitor is asked before a conversation begins, and whether they answered it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Literal

import msgspec

from domain.attributes import AttributeValue
from domain.refusals import Invalid
from domain.values import bounded, email_address, required
from domain.wording import Wording, wording

FieldType = Literal["text", "textarea", "email", "phone", "number", "select", "checkbox"]

MOST_FIELDS = 20
MOST_OPTIONS = 50
LONGEST_ANSWER = 1_000

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,49}")
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{3,30}")


class Option(msgspec.Struct, frozen=True, omit_defaults=True):
    """One choice of a select: what is stored, and what is read. Without a label the value is read."""

    value: str
    label: Wording = {}


class Field(msgspec.Struct, frozen=True, omit_defaults=True):
    """A question. Its answer becomes the attribute `name`; `name`, `email` and `phone` also say who it is."""

    name: str
    type: FieldType
    label: Wording
    required: bool = False
    options: tuple[Option, ...] = ()


class Form(msgspec.Struct, frozen=True, omit_defaults=True):
    """Asked only while it is enabled; `intro` stands above it."""

    enabled: bool = False
    fields: tuple[Field, ...] = ()
    intro: Wording = {}


class FormRefused(Invalid):
    """Details: `form` (`preChat` or `offline`), `fields`, each with `name` and `reason`."""

    sentence = "The form is not filled in as it should be."


def valid_form(name: str, form: Form) -> Form:
    """`form`, trimmed. Raises Invalid."""
    if len(form.fields) > MOST_FIELDS:
        raise Invalid(f"{name} has at most {MOST_FIELDS} fields.")
    names = [one.name for one in form.fields]
    if len(set(names)) < len(names):
        raise Invalid(f"Each field of {name} has a name of its own.")
    intro = wording(f"{name}.intro", form.intro) if form.intro else {}
    return Form(form.enabled, tuple(_valid_field(one) for one in form.fields), intro)


def answered(form: Form, name: str, given: Mapping[str, AttributeValue]) -> dict[str, AttributeValue]:
    """The answers as they are stored, without what was left empty. Raises FormRefused, naming every wrong one."""
    answers: dict[str, AttributeValue] = {}
    wrong = [(one, "is not asked") for one in given if one not in {field.name for field in form.fields}]
    for field in form.fields:
        try:
            answer = _answer(field, given.get(field.name))
        except Invalid as refused:
            wrong.append((field.name, refused.message))
            continue
        if answer is None and field.required:
            wrong.append((field.name, "is needed"))
        elif answer is not None:
            answers[field.name] = answer
    if wrong:
        fields = [{"name": f"preChat.{one[:100]}", "reason": reason} for one, reason in wrong[:MOST_FIELDS]]
        raise FormRefused(form=name, fields=fields)
    return answers


def _answer(field: Field, given: AttributeValue) -> AttributeValue:
    """None for no answer: nothing, an empty text, a box that must be ticked and is not. Raises Invalid."""
    if given is None:
        return None
    if field.type == "checkbox":
        return _tick(field, given)
    if field.type == "number":
        return _number(given)
    if not isinstance(given, str):
        raise Invalid("is a text")
    text = bounded("The answer", given, LONGEST_ANSWER).strip()
    return _text(field, text) if text else None


def _tick(field: Field, given: AttributeValue) -> bool | None:
    if not isinstance(given, bool):
        raise Invalid("is true or false")
    return None if field.required and not given else given


def _number(given: AttributeValue) -> AttributeValue:
    if isinstance(given, bool) or not isinstance(given, int | float) or not isfinite(given):
        raise Invalid("is a number")
    return given


def _text(field: Field, text: str) -> str:
    match field.type:
        case "email":
            return email_address(text)
        case "phone" if not _PHONE.fullmatch(text):
            raise Invalid("is no telephone number")
        case "select" if text not in _values(field.options):
            raise Invalid("is none of the options")
        case _:
            return text


def _valid_field(field: Field) -> Field:
    if not _NAME.fullmatch(field.name):
        raise Invalid("A field's name has letters, digits and _, 50 at most, and begins with a letter.")
    if (field.type == "select") != bool(field.options):
        raise Invalid("A select has options, and nothing else has.")
    if len(field.options) > MOST_OPTIONS or len(set(_values(field.options))) < len(field.options):
        raise Invalid(f"A select has at most {MOST_OPTIONS} options, each with a value of its own.")
    options = tuple(_valid_option(one) for one in field.options)
    return Field(field.name, field.type, wording("label", field.label, 200), field.required, options)


def _valid_option(option: Option) -> Option:
    label = wording("label", option.label, 200) if option.label else {}
    return Option(required("value", option.value), label)


def _values(options: Sequence[Option]) -> list[str]:
    return [one.value for one in options]
