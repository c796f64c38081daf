"""Pages: the demo shop, the chat widget and the agents' page, served from the package's own files.

No build step stands between a file and the browser: what is in `interfaces/web` is what is served.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from html import escape
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any

import msgspec
from litestar import HttpMethod, Request, Response, route
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from domain.refusals import NotFound
from interfaces.http.framing import ancestors_of

FOLDERS = ("shared", "widget", "demo", "dashboard")
MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "html": "text/html",
        "js": "text/javascript",
        "css": "text/css",
        "svg": "image/svg+xml",
    }
)
DEMO, AGENT, FRAME = "demo/index.html", "dashboard/index.html", "widget/frame.html"

_POLICY = (
    "default-src 'self'; img-src 'self' https: data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors {ancestors}"
)

PageRequest = Request[object, object, State]


class DemoPage(msgspec.Struct, frozen=True):
    """Whose widget the demo shop shows: `wid_…` and `wt_…`."""

    widget_id: str
    widget_token: str


class PageFile(msgspec.Struct, frozen=True):
    """A file as it is served; `etag` is quoted already."""

    body: bytes
    media_type: str
    etag: str


def page_routes(demo: DemoPage | None) -> list[HTTPRouteHandler]:
    """The routes of all pages. Without a demo there is no shop, and `/` leads to the agents' page."""
    pages = read_pages(demo)

    @route("/", status_code=302, **_OPEN)
    async def home() -> Redirect:
        return Redirect("/demo" if demo else "/agent", headers={"Cache-Control": "no-store"})

    @route(["/demo", "/agent"], **_OPEN)
    async def page(request: PageRequest) -> Response[bytes]:
        return answer_page(request, pages.get(DEMO if request.url.path.startswith("/demo") else AGENT))

    @route(["/shared/{name:str}", "/widget/{name:str}", "/demo/{name:str}"], **_OPEN)
    async def asset(request: PageRequest, name: FromPath[str]) -> Response[bytes]:
        folder = request.url.path.split("/")[1]
        return answer_page(request, pages.get(f"{folder}/{name}"))

    @route(f"/{FRAME}", **_OPEN)
    async def frame(request: PageRequest) -> Response[bytes]:
        """The token comes behind the #, where no server and no log sees it; the widget's id in the query."""
        return answer_page(request, pages.get(FRAME), await ancestors_of(request))

    @route("/agent/{name:str}", **_OPEN)
    async def agent_asset(request: PageRequest, name: FromPath[str]) -> Response[bytes]:
        return answer_page(request, pages.get(f"dashboard/{name}"))

    return [home, page, asset, frame, agent_asset]


def read_pages(demo: DemoPage | None) -> Mapping[str, PageFile]:
    """Every page file by `folder/name`, the shop filled in with the demo's widget."""
    pages = {path: _page_file(path, body) for path, body in _bodies()}
    shop = pages.pop(DEMO)
    if demo is not None:
        pages[DEMO] = _page_file(DEMO, _filled_in(shop.body, demo))
    return MappingProxyType(pages)


_OPEN: Mapping[str, Any] = MappingProxyType(
    {
        "http_method": [HttpMethod.GET, HttpMethod.HEAD],
        "opt": {"audience": "public"},
        "include_in_schema": False,
    }
)


def _bodies() -> Iterator[tuple[str, bytes]]:
    web = files("interfaces") / "web"
    for folder in FOLDERS:
        for file in (web / folder).iterdir():
            if _is_page_file(file):
                yield f"{folder}/{file.name}", file.read_bytes()


def _is_page_file(file: Traversable) -> bool:
    return file.is_file() and file.name.rpartition(".")[2] in MEDIA_TYPES


def _page_file(path: str, body: bytes) -> PageFile:
    return PageFile(
        body=body,
        media_type=MEDIA_TYPES[path.rpartition(".")[2]],
        etag=f'"{sha256(body).hexdigest()[:32]}"',
    )


def _filled_in(shop: bytes, demo: DemoPage) -> bytes:
    text = shop.decode()
    text = text.replace("{{widgetId}}", escape(demo.widget_id))
    return text.replace("{{widgetToken}}", escape(demo.widget_token)).encode()


def answer_page(request: PageRequest, page: PageFile | None, ancestors: str = "'none'") -> Response[bytes]:
    """The page, or 304 to a browser that has it. `ancestors`: who may embed it. Raises NotFound."""
    if page is None:
        raise NotFound
    headers = {
        "Cache-Control": "no-cache",
        "ETag": page.etag,
        "Content-Security-Policy": _POLICY.format(ancestors=ancestors),
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "X-Content-Type-Options": "nosniff",
    }
    if page.etag in request.headers.get("If-None-Match", ""):
        return Response(b"", status_code=304, headers=headers)
    return Response(page.body, media_type=page.media_type, headers=headers)
