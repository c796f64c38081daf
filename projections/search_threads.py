"""What a search knows of a conversation itself: whose it is and its labels, which narrow it, and its attributes.

Labels and assignees stand in one row per conversation: changing them touches no message. Its attributes are found
by a row beside its messages, of version 0, which moves with each change.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import msgspec

from application.log import Recorded
from application.projection import Connection
from domain.attributes import AttributeValue, attributes_in
from domain.contact import ContactErased
from domain.conversation import ConversationStarted
from domain.handling import HandlingChanged
from domain.marks import AttributesChanged, LabelsChanged
from projections.people import erased_people
from projections.table import Key, Table

Moved = ConversationStarted | HandlingChanged | LabelsChanged | AttributesChanged


class SearchThread(msgspec.Struct):
    """`attributes`: those that are texts, None without any; `contact_id`: whose erasure takes them."""

    tenant_id: int
    conversation_id: UUID
    contact_id: UUID
    assignee_id: UUID | None
    labels: tuple[str, ...]
    attributes: dict[str, str] | None = None


THREADS = Table(
    "search_thread",
    SearchThread,
    ("conversation_id",),
    indexes=("tenant_id, assignee_id", "tenant_id, contact_id"),
)

_CLEAR = """
DELETE FROM read.search_message_{build} m USING unnest(%s::int[], %s::uuid[]) AS x(tenant_id, conversation_id)
WHERE m.tenant_id = x.tenant_id AND m.conversation_id = x.conversation_id AND m.version = 0"""


async def fold_threads(
    connection: Connection, build: int, recorded: Sequence[Recorded]
) -> list[tuple[Recorded, str]]:
    """Answers the last change of each conversation's attributes, with their texts, a line each.

    The row of each that changed is gone when this returns; whoever inserts messages inserts the new one.
    """
    erased = erased_people(recorded)
    await THREADS.blank(connection, build, "attributes", "contact_id", erased)
    keys = {(one.tenant_id, one.stream_id) for one in recorded if isinstance(one.event, Moved)}
    if not keys:
        return []
    threads = await THREADS.load(connection, build, keys)
    changed: dict[Key, Recorded] = {}
    for one in recorded:
        _fold_thread(threads, one)
        if isinstance(one.event, AttributesChanged):
            changed[one.tenant_id, one.stream_id] = one
    await THREADS.upsert(connection, build, threads.values())
    await _clear(connection, build, changed)
    return [(one, "\n".join(texts)) for key, one in changed.items() if (texts := _texts(threads.get(key)))]


def string_values(known: Mapping[str, str], changed: Mapping[str, AttributeValue]) -> dict[str, str]:
    """The texts among the attributes that there are after these changes."""
    after = {**known, **changed}
    return {name: unicodedata.normalize("NFC", value) for name, value in after.items() if isinstance(value, str)}


def _fold_thread(threads: dict[Key, SearchThread], one: Recorded) -> None:
    key = (one.tenant_id, one.stream_id)
    thread = threads.get(key)
    match one.event:
        case ConversationStarted(handling=begun, contact_id=contact_id) if thread is None:
            threads[key] = SearchThread(*key, contact_id, begun.assignee_id, ())
        case HandlingChanged(after=after) if thread is not None:
            thread.assignee_id = after.assignee_id
        case LabelsChanged(added=added, removed=removed) if thread is not None:
            thread.labels = tuple(sorted((set(thread.labels) | set(added)) - set(removed)))
        case AttributesChanged(names=names, values=values) if thread is not None:
            left = string_values(thread.attributes or {}, attributes_in(names, values))
            thread.attributes = dict(sorted(left.items())) or None
        case ContactErased():
            _forget(threads.values(), key)
        case _:
            pass


def _forget(threads: Iterable[SearchThread], person: Key) -> None:
    for thread in threads:
        if (thread.tenant_id, thread.contact_id) == person:
            thread.attributes = None


def _texts(thread: SearchThread | None) -> list[str]:
    return [text for text in (thread.attributes or {}).values() if text] if thread is not None else []


async def _clear(connection: Connection, build: int, keys: Iterable[Key]) -> None:
    arrays = [tenant_id for tenant_id, _ in keys], [id for _, id in keys]
    if arrays[0]:
        await connection.execute(_CLEAR.format(build=build).encode(), arrays)
