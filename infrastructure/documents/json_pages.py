"""JSON of two kinds: a list of `{title, body}`, or support guidelines by flow and subflow (as ABCD has them)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from domain.refusals import Invalid
from infrastructure.documents.pages import Page

DEEPEST = 32


class Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`id`: names it for the next import, where its title may change."""

    title: str
    body: str
    id: str | None = None


class Action(msgspec.Struct, frozen=True):
    """One step of a subflow."""

    text: str
    button: str = ""
    subtext: tuple[str, ...] = ()


class Subflow(msgspec.Struct, frozen=True):
    actions: tuple[Action, ...] = ()
    instructions: tuple[str, ...] = ()


class Flow(msgspec.Struct, frozen=True):
    subflows: dict[str, Subflow]
    description: str = ""


def json_pages(name: str, text: str) -> list[Page]:
    """Raises Invalid, which says where the file is neither."""
    try:
        plain = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise Invalid("The file is not valid JSON.") from None
    try:
        if isinstance(plain, list):
            return [_of_list(name, one) for one in msgspec.convert(plain, list[Written])]
        flows = msgspec.convert(plain, dict[str, Flow])
    except (msgspec.ValidationError, RecursionError) as error:
        raise Invalid(f"The file is neither a list of title and body nor guidelines: {error}") from None
    return [page for flow, facts in flows.items() for page in _of_flow(name, flow, facts)]


def _of_list(name: str, one: Written) -> Page:
    return Page(one.title, one.body, f"{name}#{one.id or one.title}")


def _of_flow(name: str, flow: str, facts: Flow) -> Iterator[Page]:
    """A subflow is an article; what it is for comes first, then a heading for each step."""
    for subflow, steps in facts.subflows.items():
        first, rest = steps.instructions[:1], steps.instructions[1:]
        about = " ".join([f"{flow}: {facts.description}.", *first] if facts.description else [*first])
        parts = [about, *(_step(one) for one in steps.actions), *rest]
        yield Page(f"{flow}: {subflow}", "\n\n".join(part for part in parts if part), f"{name}#{flow}/{subflow}")


def _step(action: Action) -> str:
    heading = f"## {action.button}\n\n" if action.button not in ("", "N/A") else ""
    return heading + "\n".join([action.text, *(f"- {line}" for line in action.subtext)])
