"""The HTTP API described: OpenAPI 3.1 made from the routes themselves, and a page of it to read."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from litestar import Litestar, Response, get
from litestar.openapi.config import OpenAPIConfig
from litestar.routes import HTTPRoute
from litestar.types import ControllerRouterHandler, Dependencies

from interfaces.http.body import JsonRequest
from interfaces.http.reading_page import STYLE, reading_page
from interfaces.http.scopes import ANY_KEY, scope_of

VERSION = "1"
ERROR = "#/components/responses/Error"
CREDENTIALS: Mapping[str, list[dict[str, list[str]]]] = {
    "public": [],
    "link": [{"link": []}],
    "widget": [{"widgetToken": []}, {"widgetToken": [], "visitorHeader": []}],
    "visitor": [{"visitorToken": []}, {"visitorHeader": []}],
    "visitor_or_agent": [{"visitorToken": []}, {"visitorHeader": []}, {"accessToken": []}],
    "first_contact_or_agent": [{"widgetToken": []}, {"widgetToken": [], "visitorHeader": []}, {"accessToken": []}],
    "member": [{"accessToken": []}],
}
SCHEMES = {
    "widgetToken": {"type": "http", "scheme": "bearer", "description": "`wt_…`, of the site that embeds it."},
    "visitorToken": {"type": "http", "scheme": "bearer", "description": "`vt_…`, of one browser."},
    "visitorHeader": {"type": "apiKey", "in": "header", "name": "X-Visitor-Token", "description": "`vt_…`"},
    "link": {"type": "apiKey", "in": "query", "name": "signature", "description": "Part of the link to a file."},
    "accessToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "From a login."},
    "apiKey": {"type": "http", "scheme": "bearer", "description": "`sk_…`, of an integration that has the scope."},
}
ERROR_SCHEMA = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "success": {"const": False, "description": "In family A only."},
        "error": {
            "type": "object",
            "required": ["code", "message", "requestId"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "requestId": {"type": "string"},
                "details": {"type": "object"},
            },
        },
    },
}
PARAMETERS = {
    "IdempotencyKey": ("Idempotency-Key", "string", "A repeat with the same key returns the first answer."),
    "MinPosition": ("X-Min-Position", "integer", "Wait up to 2 s until the read model holds this position."),
}

Document = dict[str, Any]


def document_of(handlers: Sequence[ControllerRouterHandler], dependencies: Dependencies) -> Callable[[], Document]:
    """Made once, when asked for, by an app that serves nobody: Litestar's own pages load foreign scripts."""

    @cache
    def document() -> Document:
        config = OpenAPIConfig(title="Verbatim", version=VERSION, use_handler_docstrings=True)
        app = Litestar(
            route_handlers=list(handlers),
            dependencies=dependencies,
            request_class=JsonRequest,
            openapi_config=config,
            logging_config=None,
        )
        made = app.openapi_schema.to_schema()
        made["paths"] = {path: item for path, item in made["paths"].items() if not path.startswith("/schema")}
        for path, method, audience in _operations(app):
            if path in made["paths"]:
                _describe(made["paths"][path][method], method, audience)
                _tell_of_keys(made["paths"][path][method], method, path)
        _add_components(made)
        return made

    return document


@get("/api/openapi.json", opt={"audience": "public"}, include_in_schema=False)
async def openapi_json(request: JsonRequest) -> Response[Document]:
    """OpenAPI 3.1."""
    headers = {"Cache-Control": "no-cache"}
    return Response(request.app.state.openapi(), media_type="application/json", headers=headers)


@get("/api/docs", opt={"audience": "public"}, include_in_schema=False, media_type="text/html")
async def docs(request: JsonRequest) -> Response[str]:
    """The same, to read: one page that loads nothing from anywhere."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'"
    return Response(
        reading_page(request.app.state.openapi()),
        media_type="text/html",
        headers={"Content-Security-Policy": policy, "Cache-Control": "no-cache"},
    )


ROUTES = (openapi_json, docs)


def _operations(app: Litestar) -> list[tuple[str, str, str]]:
    return [
        (route.path_format, method.lower(), handler.opt.get("audience", ""))
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        for method in handler.http_methods
        if handler.resolve_include_in_schema()
    ]


def _describe(operation: Document, method: str, audience: str) -> None:
    operation["security"] = CREDENTIALS.get(audience, [])
    operation["responses"].pop("400", None)
    operation["responses"].get("204", {}).pop("content", None)  # Litestar gives a Response[None] a body of null
    operation["responses"]["4XX"] = {"$ref": ERROR}
    operation["responses"]["5XX"] = {"$ref": ERROR}
    if audience not in ("public", "link"):
        name = "MinPosition" if method == "get" else "IdempotencyKey"
        operation.setdefault("parameters", []).append({"$ref": f"#/components/parameters/{name}"})


def _tell_of_keys(operation: Document, method: str, path: str) -> None:
    """An API key stands in for an access token, on the routes that its scope opens."""
    scope = scope_of(method.upper(), path)
    if {"accessToken": []} in operation["security"] and (scope is not None or path in ANY_KEY):
        operation["security"] = [*operation["security"], {"apiKey": [scope] if scope else []}]


def _add_components(made: Document) -> None:
    components = made.setdefault("components", {})
    components["securitySchemes"] = SCHEMES
    components["parameters"] = {
        key: {"name": name, "in": "header", "required": False, "schema": {"type": kind}, "description": text}
        for key, (name, kind, text) in PARAMETERS.items()
    }
    _close(made)
    _mend_choices(made)
    content = {"application/json": {"schema": ERROR_SCHEMA}}
    components["responses"] = {"Error": {"description": "The one error body.", "content": content}}


def _mend_choices(part: Any) -> None:
    """Where both ways of a `oneOf` fit, neither is allowed; Litestar names two such pairs.

    An integer is a number too, and the `...` of an annotated `tuple[str, ...]` is taken for a type of anything.
    """
    if isinstance(part, list):
        for inner in part:
            _mend_choices(inner)
    if isinstance(part, dict):
        _mend_choices(list(part.values()))
        ways = part.get("oneOf", [])
        if {"integer", "number"} <= {one.get("type") for one in ways}:
            part["oneOf"] = [one for one in ways if one.get("type") != "integer"]
        if {} in ways:
            part.update(part.pop("oneOf")[0])


def _close(made: Document) -> None:
    """Every body we take refuses fields that it does not know; Litestar's schema does not say so by itself."""
    schemas, waiting, seen = made["components"].get("schemas", {}), list[Any](), set[str]()
    for item in made["paths"].values():
        waiting += [operation["requestBody"] for operation in item.values() if "requestBody" in operation]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            name = str(part.get("$ref", "")).removeprefix("#/components/schemas/")
            if name in schemas and name not in seen:
                seen.add(name)
                if "properties" in schemas[name]:
                    schemas[name]["additionalProperties"] = False
                waiting.append(schemas[name])
            waiting += part.values()
