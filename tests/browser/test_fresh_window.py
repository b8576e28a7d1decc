"""The tests of a worker share a Chromium: each begins with a new window that knows nothing of the pages before it."""

from __future__ import annotations

from selenium.webdriver import Chrome

from tests.browser.conftest import SIZE, Demo, empty

STORE = "localStorage.a = '1'; sessionStorage.a = '1'; document.cookie = 'a=1'; addEventListener('pagehide', () => { localStorage.b = '1' })"  # noqa: E501
STORED = "return [localStorage.length, sessionStorage.length, document.cookie, window.opener, window.left]"
SCRIPT = {"source": "window.left = 'by the page before'"}


def test_nothing_is_left_of_the_pages_before(browser: Chrome, demo: Demo) -> None:
    icon = f"{demo.url}/../favicon.ico"  # a page that stores nothing
    browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", SCRIPT)
    browser.get(icon)
    browser.execute_script(STORE)
    browser.execute_script("window.open(location.href)")
    assert browser.execute_script(STORED) == [1, 1, "a=1", None, "by the page before"]
    assert len(browser.window_handles) == 2
    empty(browser)
    assert len(browser.window_handles) == 1
    assert browser.current_url == "about:blank"
    assert browser.get_window_size() == {"width": SIZE[0], "height": SIZE[1]}
    assert browser.get_log("performance") == []  # type: ignore[no-untyped-call]
    browser.get(icon)
    assert browser.execute_script(STORED) == [0, 0, "", None, None]
