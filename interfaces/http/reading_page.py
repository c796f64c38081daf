"""The page at /api/docs: an OpenAPI document as plain HTML, without scripts, fonts or anybody else's host."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1.5rem; }
h2 { margin-top: 2.5rem; text-transform: capitalize; }
article { border: 1px solid #8886; border-radius: .5rem; padding: .25rem 1rem 1rem; margin: 1rem 0; }
h3 { font: 600 1rem/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
.method { display: inline-block; min-width: 4rem; }
pre { background: #8882; padding: .75rem; border-radius: .4rem; overflow-x: auto; }
summary { cursor: pointer; }
"""
DEEPEST = 4

Document = dict[str, Any]


def reading_page(document: Document) -> str:
    """Operations by tag, each with its credentials, its body and its answers."""
    groups: dict[str, list[str]] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if isinstance(operation, dict):
                tag = (operation.get("tags") or ["other"])[0]
                groups.setdefault(tag, []).append(_operation(document, path, method, operation))
    sections = "".join(f"<h2>{escape(tag)}</h2>{''.join(found)}" for tag, found in groups.items())
    title = escape(document["info"]["title"])
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title} API</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f"<body><main><h1>{title} API</h1>"
        '<p>The same for machines: <a href="/api/openapi.json">OpenAPI</a>, '
        '<a href="/api/asyncapi.json">AsyncAPI</a> for the sockets.</p>'
        f"{sections}</main></body></html>"
    )


def _operation(document: Document, path: str, method: str, operation: Document) -> str:
    parts = [
        f'<article><h3><span class="method">{escape(method.upper())}</span> {escape(path)}</h3>',
        f"<p><b>{escape(operation.get('summary') or '')}.</b> {escape(operation.get('description') or '')}</p>",
        f"<p>Credentials: {escape(_credentials(operation))}</p>",
        *_parameters(document, operation),
        *_bodies(document, operation),
        "</article>",
    ]
    return "".join(parts)


def _credentials(operation: Document) -> str:
    found = [" and ".join(one) for one in operation.get("security") or []]
    return ", or ".join(found) or "none"


def _parameters(document: Document, operation: Document) -> Iterator[str]:
    found = [_resolved(document, one) for one in operation.get("parameters") or []]
    if found:
        rows = "".join(
            f"<li><code>{escape(one['name'])}</code> in {escape(one['in'])}: "
            f"<code>{escape(_kind(document, one.get('schema') or {}, 0))}</code> "
            f"{escape(one.get('description') or '')}</li>"
            for one in found
        )
        yield f"<ul>{rows}</ul>"


def _bodies(document: Document, operation: Document) -> Iterator[str]:
    if "requestBody" in operation:
        yield _body(document, "Request", operation["requestBody"])
    for status, answer in operation.get("responses", {}).items():
        yield _body(document, f"Answer {status}", _resolved(document, answer))


def _body(document: Document, title: str, body: Document) -> str:
    for content in body.get("content", {}).values():
        shape = _kind(document, content.get("schema") or {}, 0)
        return f"<details><summary>{escape(title)}</summary><pre>{escape(shape)}</pre></details>"
    return f"<p>{escape(title)}: no body</p>"


def _kind(document: Document, schema: Document, depth: int) -> str:
    """A schema in the notation people write on a whiteboard."""
    schema = _resolved(document, schema)
    for word in ("oneOf", "anyOf"):
        if word in schema:
            return " | ".join(_kind(document, one, depth) for one in schema[word])
    if "enum" in schema:
        return " | ".join(f'"{one}"' for one in schema["enum"])
    if "const" in schema:
        return str(schema["const"]).lower()
    if "properties" in schema:
        return _fields(document, schema, depth)
    if schema.get("type") == "array":
        return f"[{_kind(document, schema.get('items') or {}, depth)}]"
    return str(schema.get("format") or schema.get("type") or "any")


def _fields(document: Document, schema: Document, depth: int) -> str:
    if depth >= DEEPEST:
        return "{…}"
    needed, pad = set(schema.get("required") or ()), "  " * (depth + 1)
    lines = [
        f"{pad}{name}{'' if name in needed else '?'}: {_kind(document, field, depth + 1)}"
        for name, field in schema["properties"].items()
    ]
    return "{\n" + "\n".join(lines) + "\n" + "  " * depth + "}"


def _resolved(document: Document, schema: Document) -> Document:
    while "$ref" in schema:
        found: Any = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        schema = found
    return schema
