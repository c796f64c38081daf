"""The AsyncAPI document says what the sockets do."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import msgspec
import pytest
from anyio import to_thread

from interfaces.ws import client_frames, frames
from interfaces.ws.asyncapi import asyncapi_document, type_of
from tests.interfaces.ws.edge import Edge


@pytest.fixture
def document() -> dict[str, Any]:
    return asyncapi_document()


def _frame_structs() -> set[type[frames.Frame]]:
    """Every concrete frame of the module."""
    every = [*vars(frames).values(), *vars(client_frames).values()]
    structs = {one for one in every if isinstance(one, type) and issubclass(one, frames.Frame)}
    return structs - {frames.Frame, frames.DurableFrame}


def test_its_messages_are_the_frames_there_are(document: dict[str, Any]) -> None:
    messages = document["components"]["messages"]
    assert {name: message["name"] for name, message in messages.items()} == {
        frame.__name__: type_of(frame) for frame in _frame_structs()
    }


def test_every_frame_is_sent_or_received_on_both_sockets(document: dict[str, Any]) -> None:
    for socket in ("tenant", "chat"):
        sent = document["operations"][f"{socket}Send"]["messages"]
        received = document["operations"][f"{socket}Receive"]["messages"]
        listed = {one["$ref"].rpartition("/")[2] for one in (*sent, *received)}
        assert listed == set(document["channels"][socket]["messages"]) == set(document["components"]["messages"])


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    references = {part.partition('"')[0] for part in text.split('"$ref": "#')[1:]}
    assert len(references) > 20
    for reference in references:
        place: Any = document
        for step in reference.strip("/").split("/"):
            place = place[step]


def test_a_frame_on_the_wire_is_what_its_schema_says(document: dict[str, Any]) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = {"$ref": "#/components/schemas/Typing", "components": document["components"]}
    by = frames.ParticipantBody("agent", "agt_1")
    frame = frames.Typing(data=frames.TypingState("cnv_1", True, by))
    jsonschema.validate(msgspec.json.decode(frames.encode(frame)), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"type": "typing", "data": {}}, schema)


async def test_it_is_served(edge: Edge) -> None:
    address = edge.url.replace("ws://", "http://") + "/api/asyncapi.json"
    body = await to_thread.run_sync(lambda: urllib.request.urlopen(address, timeout=5).read())
    assert json.loads(body) == json.loads(json.dumps(asyncapi_document()))
