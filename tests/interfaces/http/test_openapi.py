"""The API as it describes itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import msgspec

from tests.interfaces.http.desk import Desk

SEED = {
    ("post", "/api/widgets/{widget_id}/chat"),
    ("get", "/api/widgets/{widget_id}/config"),
    ("get", "/api/v1/chat/widget/config"),
    ("post", "/api/v1/chat/conversations"),
    ("get", "/api/v1/chat/conversations/{conversation_id}"),
    ("post", "/api/v1/chat/conversations/{conversation_id}/messages"),
    ("post", "/api/v1/chat/conversations/{conversation_id}/end"),
    ("get", "/api/v1/chat/agent/conversations"),
    ("post", "/api/v1/chat/agent/conversations/{conversation_id}/accept"),
    ("get", "/api/v1/chat/canned-responses"),
    ("post", "/api/v1/auth/login"),
}

OPEN = (
    "/health",
    "/api/v1/auth/login",
    "/api/v1/auth/re",
    "/api/v1/auth/accept-invitation",
    "/api/v1/auth/oidc/",  # a browser on its way to the provider and back
    "/api/v1/voice/providers",  # signed by the provider
)


async def described(desk: Desk) -> dict[str, Any]:
    answer = await desk.http.get("/api/openapi.json")
    assert answer.status_code == 200
    return answer.json()


async def test_what_the_seeds_print_is_described(desk: Desk) -> None:
    document = await described(desk)
    assert document["openapi"].startswith("3.1")
    found = {(method, path) for path, item in document["paths"].items() for method in item}
    assert found >= SEED


async def test_every_operation_says_who_may_call_it_and_how_it_refuses(desk: Desk) -> None:
    document = await described(desk)
    schemes = set(document["components"]["securitySchemes"])
    for path, item in document["paths"].items():
        for operation in item.values():
            assert operation["responses"]["4XX"] == {"$ref": "#/components/responses/Error"}
            assert {name for one in operation["security"] for name in one} <= schemes
            assert bool(operation["security"]) != path.startswith(OPEN)
            assert operation["summary"]


async def test_every_reference_leads_somewhere(desk: Desk) -> None:
    document = await described(desk)
    for reference in re.findall(r'"\$ref": ?"([^"]+)"', (await desk.http.get("/api/openapi.json")).text):
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


async def test_of_two_ways_never_both_fit(desk: Desk) -> None:
    """`oneOf` refuses what fits twice: an integer beside a number, anything beside anything."""
    text = (await desk.http.get("/api/openapi.json")).text
    choices = [choice for choice in _parts(msgspec.json.decode(text)) if "oneOf" in choice]
    assert choices
    for choice in choices:
        assert {} not in choice["oneOf"], choice
        assert not {"integer", "number"} <= {way.get("type") for way in choice["oneOf"]}, choice


def _parts(part: Any) -> Iterator[dict[str, Any]]:
    """Every object of a document."""
    if isinstance(part, dict):
        yield part
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _parts(inner)


async def test_the_fields_of_the_chat_are_spelt_as_on_the_wire(desk: Desk) -> None:
    schemas = (await described(desk))["components"]["schemas"]
    names = {name.rpartition("_")[2]: schema for name, schema in schemas.items()}
    assert set(names["ChatRequest"]["properties"]) == {
        "sessionId",
        "message",
        "assistantId",
        "conversationId",
        "clientMessageId",
        "preChat",
        "campaignId",
        "locale",
    }
    assert {"contact_data", "handledBy"} <= set(names["ConversationBody"]["properties"])


class Loads(HTMLParser):
    """Everything a page would fetch by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag in {"script", "link", "img", "iframe", "object", "embed"} or "src" in names:
            self.found.append(tag)


async def test_the_page_loads_nothing_from_anywhere(desk: Desk) -> None:
    answer = await desk.http.get("/api/docs")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    page = Loads()
    page.feed(answer.text)
    assert page.found == []
    assert "://" not in answer.text
    assert "/api/widgets/{widget_id}/chat" in answer.text
    assert "visitorToken" in answer.text


async def test_an_integer_fits_wherever_a_number_does(desk: Desk) -> None:
    """It would fit two of `oneOf`, and so not the document, where both are named."""
    text = (await desk.http.get("/api/openapi.json")).text
    found = [part for part in _parts(msgspec.json.decode(text)) if "oneOf" in part]
    kinds = [{one.get("type") for one in part["oneOf"]} for part in found]
    assert any("number" in kind for kind in kinds)
    assert not [kind for kind in kinds if {"integer", "number"} <= kind]


def _parts(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _parts(inner)
