"""Names of files, by which the messages that hold them are found. A name that is gone is gone from them too."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import msgspec

from application.log import Recorded
from application.projection import Connection
from domain.contact import ContactErased
from domain.conversation import MessagePosted, NoteAdded
from domain.file import Attachment, FilePurged, FileUploaded
from domain.personal import readable
from projections.people import erased_people
from projections.table import Key, Table


class SearchFile(msgspec.Struct):
    """`subject_id` is the person whose erasure takes the name; None: erased or purged."""

    tenant_id: int
    file_id: UUID
    subject_id: UUID
    name: str | None


FILES = Table("search_file", SearchFile, ("file_id",), indexes=("tenant_id, subject_id",))

_HOLDING = """FROM unnest(%s::int[], %s::uuid[]) AS k(tenant_id, file_id)
JOIN read.search_message_{build} m
  ON m.tenant_id = k.tenant_id AND m.files <> '{{}}' AND m.files @> ARRAY[k.file_id]"""

_RENAME = f"""
UPDATE read.search_message_{{build}} t
SET beside = n.names, words = read.words_of(concat_ws(E'\\n', t.text, n.names))
FROM (SELECT m.tenant_id, m.conversation_id, m.version,
    (SELECT string_agg(f.name, E'\\n' ORDER BY array_position(m.files, f.file_id))
     FROM read.search_file_{{build}} f WHERE f.tenant_id = m.tenant_id AND f.file_id = ANY(m.files)) AS names
  {_HOLDING}) n
WHERE t.tenant_id = n.tenant_id AND t.conversation_id = n.conversation_id AND t.version = n.version"""

_EMPTY = f"""
DELETE FROM read.search_message_{{build}} t USING (SELECT m.tenant_id, m.conversation_id, m.version {_HOLDING}) n
WHERE t.tenant_id = n.tenant_id AND t.conversation_id = n.conversation_id AND t.version = n.version
  AND t.text = '' AND t.beside IS NULL"""


async def fold_files(connection: Connection, build: int, recorded: Sequence[Recorded]) -> Mapping[Key, SearchFile]:
    """Fold uploads, purges and erasures, and bring the messages that hold such a file up to date.

    Answers the files that these events speak of, those that messages hold too.
    """
    await FILES.blank(connection, build, "name", "subject_id", erased_people(recorded))
    files = await FILES.load(connection, build, _spoken_of(recorded))
    changed: dict[Key, SearchFile] = {}
    for one in recorded:
        key = (one.tenant_id, one.stream_id)
        match one.event:
            case FileUploaded(subject_id=subject_id, name=name):
                files[key] = changed[key] = SearchFile(*key, subject_id, _composed(readable(name)))
            case FilePurged() if key in files:
                files[key].name = None
                changed[key] = files[key]
            case ContactErased():
                for file in files.values():
                    file.name = None if (file.tenant_id, file.subject_id) == key else file.name
            case _:
                pass
    await FILES.upsert(connection, build, changed.values())
    await _rename(connection, build, changed.keys())
    return files


def names_of(tenant_id: int, attached: Sequence[Attachment], files: Mapping[Key, SearchFile]) -> str | None:
    """A line each; None where no name is known."""
    held = (files.get((tenant_id, one.file_id)) for one in attached)
    return "\n".join(file.name for file in held if file is not None and file.name) or None


async def _rename(connection: Connection, build: int, changed: Collection[Key]) -> None:
    if not changed:
        return
    keys = [tenant_id for tenant_id, _ in changed], [file_id for _, file_id in changed]
    for statement in (_RENAME, _EMPTY):
        await connection.execute(statement.format(build=build).encode(), keys)


def _spoken_of(recorded: Sequence[Recorded]) -> set[Key]:
    keys: set[Key] = set()
    for one in recorded:
        if isinstance(one.event, FileUploaded | FilePurged):
            keys.add((one.tenant_id, one.stream_id))
        elif isinstance(one.event, MessagePosted | NoteAdded):
            keys.update((one.tenant_id, attached.file_id) for attached in one.event.attachments)
    return keys


def _composed(name: str | None) -> str | None:
    return None if name is None else unicodedata.normalize("NFC", name)
