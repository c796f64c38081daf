"""The whole product as a process of its own, and a real browser in front of it."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import httpx
import msgspec
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.chromium import chromium_path

START_SECONDS = 90
STOP_SECONDS = 30
EXPECT_MILLISECONDS = 15_000


class User(msgspec.Struct, frozen=True):
    role: str
    email: str
    password: str


class RunningProduct(msgspec.Struct, frozen=True, rename="camel"):
    """The line that `verbatim dev --json` prints."""

    url: str
    tenant_id: str
    widget_id: str
    widget_token: str
    assistant_id: str
    users: tuple[User, ...]
    data_dir: str

    def users_of(self, role: str) -> tuple[User, ...]:
        return tuple(user for user in self.users if user.role == role)


class Screen(msgspec.Struct, frozen=True):
    """One person's browser window; it remembers what went wrong inside the pages."""

    page: Page
    errors: list[str]


@pytest.fixture(scope="module")
def product_settings() -> dict[str, str]:
    """Environment variables of the product; a module may have its own."""
    return {}


@pytest.fixture(scope="module")
def product(
    tmp_path_factory: pytest.TempPathFactory, product_settings: dict[str, str]
) -> Iterator[RunningProduct]:
    """A fresh demo, served; it must stop at Ctrl-C with exit code 0."""
    place = tmp_path_factory.mktemp("product")
    command = [sys.executable, "-m", "interfaces.cli.main", "dev", "--json", "--port", "0"]
    with (place / "log").open("w+b") as log:
        process = subprocess.Popen(
            [*command, "--data-dir", str(place / "data")],
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, **product_settings},
        )
        try:
            yield _announced(process, log)
        finally:
            code = _stop(process)
        assert code == 0, _tail(log)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The chromium of this machine; Debian's is installed where we may.

    For one module: while playwright is there its event loop runs, and no async test may.
    """
    path = chromium_path()
    if path is None:
        reason = "JOURNEY SKIPPED: no chromium here, and none could be installed (apt-get install chromium)."
        warnings.warn(reason, stacklevel=1)
        pytest.skip(reason)
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=sandbox)
        yield chromium
        chromium.close()


@pytest.fixture
def visitor(browser: Browser, product: RunningProduct, tmp_path: Path) -> Iterator[Screen]:
    yield from _screen(browser, product, tmp_path / "visitor-at-last.png")


@pytest.fixture
def owner(product: RunningProduct) -> Iterator[httpx.Client]:
    """The API as the owner of the tenant has it."""
    user = product.users_of("owner")[0]
    login = {"email": user.email, "password": user.password}
    with httpx.Client(base_url=product.url, timeout=15) as http:
        token = http.post("/api/v1/auth/login", json=login).json()["accessToken"]
        http.headers["Authorization"] = f"Bearer {token}"
        yield http


@pytest.fixture
def agent(browser: Browser, product: RunningProduct, tmp_path: Path) -> Iterator[Screen]:
    yield from _screen(browser, product, tmp_path / "agent-at-last.png")


def _screen(browser: Browser, product: RunningProduct, picture: Path) -> Iterator[Screen]:
    context = browser.new_context(base_url=product.url, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(EXPECT_MILLISECONDS)
    screen = Screen(context.new_page(), [])
    screen.page.on("pageerror", lambda error: screen.errors.append(error.stack or error.message))
    screen.page.on("console", lambda said: screen.errors.extend(_broken_policy(said.text)))
    yield screen
    screen.page.screenshot(path=picture)
    context.close()
    assert screen.errors == []


def _broken_policy(text: str) -> list[str]:
    return [text] if "Content Security Policy" in text else []


def _announced(process: subprocess.Popen[bytes], log: IO[bytes]) -> RunningProduct:
    assert process.stdout is not None
    deadline = time.monotonic() + START_SECONDS
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while selector.select(max(0, deadline - time.monotonic())):
            line = process.stdout.readline()
            if line.startswith(b'{"url"'):
                return msgspec.json.decode(line, type=RunningProduct)
            assert line, f"The product ended before it served.\n{_tail(log)}"
    raise AssertionError(f"The product did not serve within {START_SECONDS} s.\n{_tail(log)}")


def _stop(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGINT)
    try:
        return process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


def _tail(log: IO[bytes]) -> str:
    log.seek(0)
    return log.read().decode(errors="replace")[-4000:]
