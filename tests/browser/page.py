"""The GraphiQL page as tests use it, and what they ask the server without it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import httpx
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions as until
from selenium.webdriver.support.ui import WebDriverWait

from tests.program import touchline

if TYPE_CHECKING:
    from tests.browser.conftest import Demo

ROOT = Path(__file__).parents[2]
SECONDS = 60
POLL = 0.1
"""Seconds between two looks at the page."""
STALE = [StaleElementReferenceException]  # React replaced the element between two looks: look again
VARIABLES = ".graphiql-editor-tool .graphiql-editor:nth-child(1)"
HEADERS = ".graphiql-editor-tool .graphiql-editor:nth-child(2)"


def editor_text(browser: Chrome, editor: str) -> str:
    """What stands in one of GraphiQL's editors, also in the lines that are scrolled away."""
    script = "const e = document.querySelector(arguments[0]); return e ? e.CodeMirror.getValue() : ''"
    return str(browser.execute_script(script, f"{editor} .CodeMirror"))


def kept(browser: Chrome, name: str) -> Any:
    """What the page keeps in the browser under a name."""
    return json.loads(browser.execute_script("return sessionStorage['touchline:' + arguments[0]] || '{}'", name))


def asked(demo: Demo, token: str, query: str) -> Any:
    """What the server answers, without the page."""
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx.post(urljoin(demo.url, "/graphql"), json={"query": query}, headers=headers, timeout=SECONDS)
    return answer.json()["data"]


def first_campaign(demo: Demo, token: str) -> str:
    """The id of the campaign that the examples name."""
    return str(asked(demo, token, "{ campaigns(first: 1) { nodes { id } } }")["campaigns"]["nodes"][0]["id"])


def new_token(demo: Demo, workspace: str) -> str:
    """A new token of one of the demo's workspaces, or of a new one, from the command line."""
    database = f"sqlite://{demo.outbox.parent / 'touchline.db'}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TOUCHLINE_DATABASE_URL": database}
    done = touchline(environment, demo.outbox.parent, "workspace", workspace)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class Page:
    """The GraphiQL page as a reader uses it."""

    def __init__(self, browser: Chrome, url: str) -> None:
        self.browser = browser
        self.url = url
        self.sent: list[dict[str, Any]] = []

    def wait(self, condition: Callable[[Chrome], Any], what: str) -> Any:
        """Wait for something to be true, and say what it was when it never is."""
        return WebDriverWait(self.browser, SECONDS, POLL, STALE).until(condition, f"never seen: {what}")

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

    def tabs(self) -> list[str]:
        """The names of the tabs, in their order."""
        return [tab.text for tab in self.browser.find_elements(By.CSS_SELECTOR, ".graphiql-tab-button")]

    def active_tab(self) -> str:
        """The name of the tab that is open."""
        return self.browser.find_element(By.CSS_SELECTOR, ".graphiql-tab-active .graphiql-tab-button").text

    def choose(self, name: str, shows: str) -> None:
        """Click a tab, and wait for its query."""
        buttons = self.browser.find_elements(By.CSS_SELECTOR, ".graphiql-tab-button")
        next(button for button in buttons if button.text == name).click()
        self.wait(lambda b: shows in editor_text(b, ".graphiql-query-editor"), f"{shows!r} in the tab {name}")
        # GraphiQL reads the document a moment later; until then it would run the other tab's operation.
        script = "return document.querySelector('.graphiql-query-editor .CodeMirror').CodeMirror.operationName"
        self.wait(lambda b: b.execute_script(script) == name, f"{name} as the operation to run")

    def answers(self, text: str) -> None:
        """Wait for a text in the answer."""
        self.wait(lambda b: text in editor_text(b, ".result-window"), f"{text!r} as the answer")

    def shows(self, selector: str, text: str) -> None:
        """Wait for a text to be visible in a part of the page."""
        self.wait(until.text_to_be_present_in_element((By.CSS_SELECTOR, selector), text), text)

    def run_operation(self, name: str) -> None:
        """Choose one of the tab's operations from the menu of the execute button."""
        items = (By.CSS_SELECTOR, "[role=menuitem]")

        def chosen(browser: Chrome) -> bool:
            # Until GraphiQL has read the document, its button runs the first operation without asking.
            if not browser.find_elements(*items):
                browser.find_element(By.CSS_SELECTOR, ".graphiql-execute-button").click()
            for item in browser.find_elements(*items):
                if item.text == name:
                    item.click()
                    return True
            return False

        self.wait(chosen, f"{name} in the menu of operations")
