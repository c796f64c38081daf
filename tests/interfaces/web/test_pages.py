"""The pages as files and as answers: small, self-contained, and shut to what is not theirs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from interfaces.http.errors import handlers
from interfaces.http.pages import FOLDERS, DemoPage, page_routes

WEB = Path(__file__).parents[3] / "interfaces" / "web"
FILES = sorted(path for path in WEB.rglob("*") if path.is_file())
MODULES = [path for path in FILES if path.suffix == ".js"]
DEMO = DemoPage('wid_0"><script>', "wt_secret")

# A namespace is a name, not an address; https:// alone is how dom.js tells a safe link.
NOT_ADDRESSES = ("http://www.w3.org/2000/svg",)


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient[Litestar]]:
    with TestClient(_app(DEMO)) as client:
        yield client


def test_the_loader_is_under_two_kilobytes() -> None:
    assert len((WEB / "widget" / "loader.js").read_bytes()) < 2048


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_a_module_is_at_most_250_lines(module: Path) -> None:
    assert len(module.read_text().splitlines()) <= 250


@pytest.mark.parametrize("file", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_page_takes_nothing_from_other_sites(file: Path) -> None:
    text = file.read_text()
    for known in NOT_ADDRESSES:
        text = text.replace(known, "")
    assert re.findall(r"(?:https?:)?//[a-z0-9-]+\.[a-z]", text) == []


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_a_module_never_makes_markup_of_text(module: Path) -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", module.read_text())


@pytest.mark.parametrize("page", [path for path in FILES if path.suffix == ".html"], ids=lambda path: path.name)
def test_a_page_has_no_inline_script_or_style(page: Path) -> None:
    text = page.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", text)


@pytest.mark.parametrize("path", ["/demo", "/agent", "/widget/frame.html"])
def test_every_address_in_a_page_is_served(client: TestClient[Litestar], path: str) -> None:
    addresses = re.findall(r'(?:src|href)="(/[^"]*)"', client.get(path).text)
    assert addresses
    assert [client.get(address).status_code for address in addresses] == [200] * len(addresses)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_import_of_a_module_is_served(client: TestClient[Litestar], module: Path) -> None:
    folder = "agent" if module.parent.name == "dashboard" else module.parent.name
    for name in re.findall(r'^import .* from "\./(.*)";$', module.read_text(), re.MULTILINE):
        assert client.get(f"/{folder}/{name}").headers["content-type"].startswith("text/javascript")
    for name in re.findall(r'^import .* from "\.\./(.*)";$', module.read_text(), re.MULTILINE):
        assert client.get(f"/{name}").status_code == 200


def test_a_page_runs_only_our_scripts_and_stands_in_nobody_elses_frame(client: TestClient[Litestar]) -> None:
    policy = client.get("/agent").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_no_page_stands_in_other_peoples_pages_unless_a_widget_says_whose(client: TestClient[Litestar]) -> None:
    for path in (*_addresses(), "/widget/frame.html?widget=", "/widget/frame.html?widget=wid_nonsense"):
        assert "frame-ancestors 'none'" in _policy(client, path), path


def test_the_demo_carries_its_widget_and_nothing_a_name_could_smuggle_in(client: TestClient[Litestar]) -> None:
    shop = client.get("/demo").text
    assert 'data-token="wt_secret"' in shop
    assert "wid_0&quot;&gt;&lt;script&gt;" in shop
    assert "{{" not in shop
    assert client.get("/demo/index.html").text == shop


def test_a_browser_that_has_a_file_is_not_sent_it_again(client: TestClient[Litestar]) -> None:
    first = client.get("/shared/socket.js")
    again = client.get("/shared/socket.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = client.get("/shared/socket.js", headers={"If-None-Match": '"other"'})
    assert other.content == first.content


@pytest.mark.parametrize(
    "path", ["/widget/nothing.js", "/shared/..%2F..%2Fpages.py", "/agent/nothing", "/nothing", "/demo/demo"]
)
def test_an_unknown_file_is_refused_in_the_contracts_form(client: TestClient[Litestar], path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"
    assert answer.json()["error"]["requestId"]


def test_the_front_door_leads_to_the_demo_or_to_the_agents(client: TestClient[Litestar]) -> None:
    assert client.get("/", follow_redirects=False).headers["location"] == "/demo"
    with TestClient(_app(None)) as bare:
        assert bare.get("/", follow_redirects=False).headers["location"] == "/agent"
        assert bare.get("/demo").status_code == 404


def test_every_page_says_that_it_is_public() -> None:
    assert {route.opt["audience"] for route in page_routes(DEMO)} == {"public"}


def _app(demo: DemoPage | None) -> Litestar:
    return Litestar(page_routes(demo), exception_handlers=handlers(), openapi_config=None)


def _addresses() -> list[str]:
    served = {"dashboard": "agent"}
    return [
        f"/{served.get(folder, folder)}/{path.name}"
        for folder in FOLDERS
        for path in sorted((WEB / folder).iterdir())
    ]


def _policy(client: TestClient[Litestar], path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.headers["content-security-policy"]
