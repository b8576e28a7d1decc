"""GraphiQL in a real browser: it loads, asks, explains, and carries the token; nothing leaves the machine."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions as until
from selenium.webdriver.support.ui import WebDriverWait

from tests.browser.conftest import Demo

QUERY, ANSWER = "{ workspace { name } }", '"name": "Demo"'
TYPE, DESCRIPTION = "Query", "The workspace that the token opens."
SECONDS = 20
STALE = [StaleElementReferenceException]  # React replaced the element between two looks: look again
HEADERS = ".graphiql-editor-tool .graphiql-editor:nth-child(2)"


def editor_text(browser: Chrome, editor: str) -> str:
    """What stands in one of GraphiQL's editors, also in the lines that are scrolled away."""
    script = "const e = document.querySelector(arguments[0]); return e ? e.CodeMirror.getValue() : ''"
    return str(browser.execute_script(script, f"{editor} .CodeMirror"))


class Page:
    """The GraphiQL page as a reader uses it."""

    def __init__(self, browser: Chrome, url: str) -> None:
        self.browser = browser
        self.url = url
        self.sent: list[dict[str, Any]] = []

    def wait(self, condition: Callable[[Chrome], Any], what: str) -> Any:
        """Wait for something to be true, and say what it was when it never is."""
        return WebDriverWait(self.browser, SECONDS, ignored_exceptions=STALE).until(condition, f"never seen: {what}")

    def click(self, selector: str) -> None:
        """Click what can be clicked."""
        self.wait(until.element_to_be_clickable((By.CSS_SELECTOR, selector)), selector).click()

    def open(self, fragment: str = "") -> None:
        """Load the page and wait for its editors."""
        self.browser.get(self.url + fragment)
        self.wait(until.element_to_be_clickable((By.CSS_SELECTOR, ".graphiql-execute-button")), "the page")
        self.wait(lambda b: editor_text(b, ".graphiql-query-editor"), "a query in the editor")

    def requests(self) -> list[dict[str, Any]]:
        """Every request that the browser made so far, by its own log."""
        for line in self.browser.get_log("performance"):
            message = json.loads(line["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.sent.append(message["params"]["request"])
        return self.sent

    def tokens(self, operation: str) -> list[str | None]:
        """The Authorization header of each request whose body names the operation."""
        return [
            {name.lower(): value for name, value in request["headers"].items()}.get("authorization")
            for request in self.requests()
            if operation in request.get("postData", "")
        ]

    def run(self, query: str) -> None:
        """Type a query over the present one, and press the execute button."""
        self.click(".graphiql-query-editor .CodeMirror-lines")
        keys = ActionChains(self.browser).key_down(Keys.CONTROL).send_keys("a").key_up(Keys.CONTROL)
        keys.send_keys(query).perform()
        self.wait(lambda b: editor_text(b, ".graphiql-query-editor") == query, "the typed query")
        # GraphiQL notices a moment later that the tab's old operation is gone.
        title = (By.CSS_SELECTOR, ".graphiql-tab-active .graphiql-tab-button")
        self.wait(until.text_to_be_present_in_element(title, "<untitled>"), "a tab without the old operation")
        self.click(".graphiql-execute-button")

    def answers(self, text: str) -> None:
        """Wait for a text in the answer."""
        self.wait(lambda b: text in editor_text(b, ".result-window"), f"{text!r} as the answer")

    def shows(self, selector: str, text: str) -> None:
        """Wait for a text to be visible in a part of the page."""
        self.wait(until.text_to_be_present_in_element((By.CSS_SELECTOR, selector), text), text)


@pytest.fixture
def page(browser: Chrome, graphiql_url: str) -> Page:
    """The page, not loaded yet."""
    return Page(browser, graphiql_url)


def test_a_typed_query_is_answered_and_documented_without_any_other_host(page: Page, token: str) -> None:
    page.open(f"#token={token}")
    page.run(QUERY)
    page.answers(ANSWER)
    page.click("button[aria-label='Show Documentation Explorer']")
    page.wait(until.element_to_be_clickable((By.LINK_TEXT, TYPE)), "the docs of the schema").click()
    page.shows(".graphiql-doc-explorer", DESCRIPTION)
    if picture := os.environ.get("GRAPHIQL_SCREENSHOT"):
        page.browser.save_screenshot(picture)

    assert page.browser.title == "Touchline · GraphiQL"
    addresses = [urlsplit(request["url"]) for request in page.requests()]
    # Chromium's own pages (chrome:) and data: addresses are no requests to anybody.
    hosts = {address.hostname for address in addresses if address.scheme in {"http", "https", "ws", "wss"}}
    assert hosts == {"127.0.0.1"}
    severe = [line["message"] for line in page.browser.get_log("browser") if line["level"] == "SEVERE"]
    assert severe == [], "also the place where the browser reports what the security policy stops"


def test_the_token_of_the_link_goes_with_the_schema_and_with_queries(page: Page, token: str) -> None:
    page.open(f"#token={token}")
    page.run(QUERY)
    page.answers(ANSWER)

    assert json.loads(editor_text(page.browser, HEADERS)) == {"Authorization": f"Bearer {token}"}
    assert set(page.tokens("IntrospectionQuery")) == {f"Bearer {token}"}
    assert set(page.tokens(QUERY)) == {f"Bearer {token}"}
    assert not page.browser.find_element(By.ID, "hint").is_displayed()


def test_a_new_link_replaces_a_stale_token_that_the_browser_kept(page: Page, token: str) -> None:
    page.open("#token=of-yesterday")
    page.shows("#hint", "did not accept the token (401)")
    page.wait(
        lambda b: "of-yesterday" in b.execute_script("return localStorage['touchline:graphiql:tabState'] || ''"),
        "the stale token in the browser's storage",
    )

    page.browser.get(f"{page.url}#token={token}")
    page.wait(lambda b: token in editor_text(b, HEADERS), "the new token in Headers")
    page.run(QUERY)
    page.answers(ANSWER)
    assert set(page.tokens(QUERY)) == {f"Bearer {token}"}


def test_without_a_token_the_page_says_where_it_goes_and_takes_it_from_headers(page: Page, token: str) -> None:
    page.open()
    page.shows("#hint", '{"Authorization": "Bearer …"}')
    page.run(QUERY)
    page.answers("This needs a token.")

    page.browser.execute_script(
        "document.querySelector(arguments[0]).CodeMirror.setValue(arguments[1])",
        f"{HEADERS} .CodeMirror",
        json.dumps({"Authorization": f"Bearer {token}"}),
    )
    page.wait(lambda b: not b.find_element(By.ID, "hint").is_displayed(), "the hint gone")
    page.click("button[aria-label='Show Documentation Explorer']")
    page.wait(until.element_to_be_clickable((By.LINK_TEXT, TYPE)), "the docs of the schema")
    page.run(QUERY)
    page.answers(ANSWER)


def test_launching_the_demo_campaign_writes_an_email(page: Page, demo: Demo) -> None:
    page.open(f"#token={demo.token}")
    before = set(demo.outbox.glob("*.eml"))
    tabs = page.browser.find_elements(By.CSS_SELECTOR, ".graphiql-tab-button")
    next(tab for tab in tabs if tab.text == "Preview").click()
    page.wait(lambda b: "launchPreview" in editor_text(b, ".graphiql-query-editor"), "the example that launches")
    items = (By.CSS_SELECTOR, "[role=menuitem]")

    def launched(browser: Chrome) -> bool:
        # Until GraphiQL has read the example, its button runs the tab's first operation without asking.
        if not browser.find_elements(*items):
            browser.find_element(By.CSS_SELECTOR, ".graphiql-execute-button").click()
        for item in browser.find_elements(*items):
            if item.text == "Launch":
                item.click()
                return True
        return False

    page.wait(launched, "Launch in the menu of operations")
    page.answers('"errors": []')
    page.answers('"status": "SCHEDULED"')
    arrived = page.wait(lambda _: set(demo.outbox.glob("*.eml")) - before, "an email in the outbox")
    assert any("srinivasa.ramanujan@example.com" in path.name for path in arrived)


def test_a_launch_is_followed_over_a_websocket(page: Page, demo: Demo) -> None:
    headers = {"Authorization": f"Bearer {demo.sandbox_token}"}

    # In the sandbox: the other tests launch for people of the first workspace.
    def ask(query: str) -> Any:
        address = urljoin(demo.url, "/graphql")
        return httpx.post(address, json={"query": query}, headers=headers).json()["data"]

    campaign = ask("{ campaigns(first: 1) { nodes { id } } }")["campaigns"]["nodes"][0]["id"]
    start = f'mutation {{ startLaunch(input: {{ campaignId: "{campaign}", sendNow: true }}) {{ launch {{ id }} }} }}'
    launch = ask(start)["startLaunch"]["launch"]["id"]

    page.open(f"#token={demo.sandbox_token}")
    page.run(f'subscription {{ launchProgress(id: "{launch}") {{ status progress }} }}')
    page.answers('"status": "FINISHED"')
    page.answers('"progress": 1')
    page.wait(until.element_to_be_clickable((By.CSS_SELECTOR, "button[aria-label^='Execute']")), "the end of it")
    severe = [line["message"] for line in page.browser.get_log("browser") if line["level"] == "SEVERE"]
    assert severe == []

    page.browser.execute_script(
        "document.querySelector(arguments[0]).CodeMirror.setValue(arguments[1])",
        f"{HEADERS} .CodeMirror",
        json.dumps({"Authorization": "Bearer of-yesterday"}),
    )
    page.click(".graphiql-execute-button")
    page.answers("This token opens nothing.")
