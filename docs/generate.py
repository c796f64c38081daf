"""Makes docs/events.md, docs/events.schema.json and docs/settings.md from the code: `make docs`.

`tests/house/test_docs.py` fails where they differ from what this would write.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from domain.catalog import NOUNS
from domain.kernel import Event
from domain.personal import personal_fields
from infrastructure.settings import PREFIX, Settings, setting_descriptions

HERE = Path(__file__).parent
_COMMON = {"originator_id", "originator_version", "at", "by", "cause"}


def documents() -> dict[str, str]:
    """File name -> its text."""
    return {"events.md": events(), "events.schema.json": schema(), "settings.md": settings()}


def events() -> str:
    parts = [
        "# Events\n\nMade by `make docs` from the structs in `domain/`; JSON Schema in "
        "[events.schema.json](events.schema.json).\n\nEvery event also has `at` (UTC), `by` (`kind`, `id`) and "
        "`cause` (`command`; `policy` and `position` of a reaction; `bulk`, the bulk action it was part of; "
        "`undoes`, the id of the event it takes back; `rule`, the automation or macro behind it; `depth` and "
        "`origin` of a chain of automations). Fields marked *personal* are stored as AES-256-GCM "
        "ciphertext under the key of `subject_id` and read as null after erasure. A type's name "
        "never changes; a new meaning is a new version, and old ones are upcast when read.\n"
    ]
    for noun in NOUNS:
        parts.append(f"\n## {noun.__name__.rpartition('.')[2]}\n\n{(noun.__doc__ or '').strip()}\n")
        parts.extend(_event(event) for event in noun.EVENTS)
    return "".join(parts)


def schema() -> str:
    names = {event: event.TYPE for noun in NOUNS for event in noun.EVENTS}
    _, components = msgspec.json.schema_components(names, ref_template="#/$defs/{name}")
    types = {name: {"$ref": f"#/$defs/{event.__name__}"} for event, name in names.items()}
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", "types": types, "$defs": components}
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n"


def settings() -> str:
    lines = [
        "# Settings\n\nMade by `make docs` from `infrastructure/settings.py`. Read once, at start, from the "
        "environment. `verbatim dev` needs none of them.\n\n| variable | default | what it is |\n|---|---|---|\n"
    ]
    fields = {field.name: field for field in msgspec.structs.fields(Settings)}
    for variable, text in setting_descriptions().items():
        field = fields[variable.removeprefix(PREFIX).lower()]
        default = "**needed**" if field.required else "" if field.default is None else f"`{field.default}`"
        lines.append(f"| `{variable}` | {default} | {text} |\n")
    return "".join(lines)


def _event(event: type[Event]) -> str:
    about = event.__dict__.get("__doc__") or ""
    _, components = msgspec.json.schema_components([event], ref_template="{name}")
    properties = components[event.__name__]["properties"]
    rows = "".join(
        _field(event, field, properties[field.name])
        for field in msgspec.structs.fields(event)
        if field.name not in _COMMON
    )
    table = f"\n| field | type |\n|---|---|\n{rows}" if rows else ""
    return f"\n### `{event.TYPE}`\n" + (f"\n{about.strip()}\n" if about else "") + table


def _field(event: type[Event], field: Any, schema: dict[str, Any]) -> str:
    mark = ", *personal*" if field.name in personal_fields(event) else ""
    return f"| `{field.name}` | {_type(schema)}{mark}{'' if field.required else ', optional'} |\n"


def _type(schema: dict[str, Any]) -> str:
    """A JSON Schema in a few words."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(one) for one in schema["anyOf"]))
    if "$ref" in schema:
        return f"`{schema['$ref']}`"
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items') or schema.get('prefixItems', [{}])[0])}"
    return f"`{schema.get('format') or schema.get('type', 'any')}`"


def main() -> None:
    for name, text in documents().items():
        (HERE / name).write_text(text)
        print(f"wrote docs/{name}", file=sys.stderr)


if __name__ == "__main__":
    main()
