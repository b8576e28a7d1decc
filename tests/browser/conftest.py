"""A headless Chromium without a network, and the demo for it on loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service

from api.graphiql import ASSETS
from tests.browser.page import ROOT, Page
from tests.ports import free_port

SIZE = (1400, 900)
"""Width and height of a window."""
STORED = "cookies,file_systems,indexeddb,local_storage,websql,service_workers,cache_storage,interest_groups"
"""What pages may keep. The compiled scripts of GraphiQL are the browser's own, and compiling them takes a second."""
ONE_RENDERER = (
    "--renderer-process-limit=1",
    "--disable-site-isolation-trials",
    "--disable-features=SpareRendererForSitePerProcess,Translate,OptimizationHints,MediaRouter",
    "--disable-extensions",
    "--disable-breakpad",
)
"""Let all windows share one process for their pages: the start of such a process takes as long as a short test."""


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
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TOUCHLINE_PORT": str(free_port()), "PYTHONUNBUFFERED": "1"}
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
        *ONE_RENDERER,
        f"--window-size={SIZE[0]},{SIZE[1]}",
        f"--user-data-dir={profile}",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--no-proxy-server",
    ):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    options.add_experimental_option("perfLoggingPrefs", {"enableNetwork": True, "enablePage": False})
    # Both paths are given, so selenium has nothing to look for and nothing to download.
    chrome = webdriver.Chrome(options=options, service=Service(executable_path=str(driver)))
    try:
        yield chrome
    finally:
        chrome.quit()


class Browser:
    """The Chromium of a worker: a start costs more than most tests do."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._starts = 0
        self._running = ExitStack()
        self._chrome: webdriver.Chrome | None = None

    def emptied(self) -> webdriver.Chrome:
        """Return it with one window that is new, and without anything that an earlier page stored."""
        try:
            if self._chrome is not None:
                empty(self._chrome)
                return self._chrome
        except WebDriverException:
            self.close()  # it crashed in the test before, which has failed by that
        self._starts += 1
        self._chrome = self._running.enter_context(chromium(self._folder / f"profile{self._starts}"))
        return self._chrome

    def close(self) -> None:
        """End it."""
        self._chrome = None
        self._running.close()


def empty(chrome: webdriver.Chrome) -> None:
    """Replace all windows by a new one, and clear what their pages stored."""
    old, origins = chrome.window_handles, set()
    for window in old:
        chrome.switch_to.window(window)
        address = urlsplit(chrome.current_url)
        origins.add(f"{address.scheme}://{address.netloc}")
        chrome.get("about:blank")  # a page may store something when it is left
    chrome.switch_to.new_window("tab")  # a window costs four times the time of a tab
    new = chrome.current_window_handle
    for window in old:
        chrome.switch_to.window(window)
        chrome.close()
    chrome.switch_to.window(new)
    chrome.set_window_size(*SIZE)
    for origin in origins:
        chrome.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": STORED})
    for log in ("performance", "browser"):
        chrome.get_log(log)  # type: ignore[no-untyped-call]


@pytest.fixture(scope="session")
def shared_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """The Chromium of this worker."""
    shared = Browser(tmp_path_factory.mktemp("chromium"))
    yield shared
    shared.close()


@pytest.fixture
def browser(shared_browser: Browser) -> webdriver.Chrome:
    """A Chromium with one new window, which knows nothing of earlier tests."""
    if not shutil.which("chromium") or not shutil.which("chromedriver"):
        lacking("chromium or chromedriver is not installed")
    if not (ASSETS / "stamp.txt").is_file():
        lacking("GraphiQL is not bundled: run `pip install -e .` where npm can reach a registry")
    return shared_browser.emptied()


@pytest.fixture
def page(browser: webdriver.Chrome, graphiql_url: str) -> Page:
    """The page, not loaded yet."""
    return Page(browser, graphiql_url)
