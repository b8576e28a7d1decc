"""A headless Chromium without a network, and the demo for it on loopback."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from api.graphiql import ASSETS
from tests.browser.page import ROOT, Page


@dataclass(frozen=True)
class Demo:
    """A running demo: where its page is, its tokens, and the folder that its emails are written to."""

    url: str
    token: str
    sandbox_token: str
    outbox: Path


@contextmanager
def running_demo(folder: Path) -> Iterator[Demo]:
    """Run `touchline demo` in a folder, as a newcomer does, until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TOUCHLINE_PORT": str(port), "PYTHONUNBUFFERED": "1"}
    environment.pop("TOUCHLINE_DATABASE_URL", None)
    command = [sys.executable, "-m", "api", "demo"]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if " SENT " in line:  # the server is up, and it has sent its first email
                break
        # Read the output to its end, or the pipe fills and the server waits.
        threading.Thread(target=process.stdout.read, daemon=True).start()
        links = [line.split()[1] for line in lines if line.strip().startswith("GraphiQL")]
        url, tokens = links[0].split("#")[0], [link.partition("#token=")[2] for link in links]
        yield Demo(url, tokens[0], tokens[1], folder / "touchline-data" / "demo" / "outbox")
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo for all tests of a process."""
    with running_demo(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture
def token(demo: Demo) -> str:
    """The demo's token."""
    return demo.token


@pytest.fixture
def graphiql_url(demo: Demo) -> str:
    """The demo's page."""
    return demo.url


def lacking(what: str) -> None:
    """Skip the test on a developer's machine. Fail it in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}, and CI=true wants the browser tests to run")
    pytest.skip(what)


@contextmanager
def chromium(profile: Path) -> Iterator[webdriver.Chrome]:
    """Run Chromium with a profile folder of its own, and no host but 127.0.0.1, until the block ends."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = str(program)
    for flag in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1400,900",
        f"--user-data-dir={profile}",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--no-proxy-server",
    ):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    # Both paths are given, so selenium has nothing to look for and nothing to download.
    chrome = webdriver.Chrome(options=options, service=Service(executable_path=str(driver)))
    try:
        yield chrome
    finally:
        chrome.quit()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    """A fresh Chromium for each test."""
    if not shutil.which("chromium") or not shutil.which("chromedriver"):
        lacking("chromium or chromedriver is not installed")
    if not (ASSETS / "stamp.txt").is_file():
        lacking("GraphiQL is not bundled: run `pip install -e .` where npm can reach a registry")
    with chromium(tmp_path / "profile") as chrome:
        yield chrome


@pytest.fixture
def page(browser: webdriver.Chrome, graphiql_url: str) -> Page:
    """The page, not loaded yet."""
    return Page(browser, graphiql_url)
