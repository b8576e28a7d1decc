"""GraphiQL in a real browser: it loads, asks, explains, and carries the token; nothing leaves the machine."""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import urlsplit

from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions as until

from tests.browser.conftest import Demo
from tests.browser.page import HEADERS, VARIABLES, Page, asked, editor_text, first_campaign, kept, new_token

QUERY, ANSWER = "{ workspace { name } }", '"name": "Demo"'
TYPE, DESCRIPTION = "Query", "The workspace to which the token gives access."


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
        lambda b: "of-yesterday" in b.execute_script("return sessionStorage['touchline:graphiql:tabState'] || ''"),
        "the stale token in the browser's storage",
    )

    page.browser.get(f"{page.url}#token={token}")
    page.wait(lambda b: token in editor_text(b, HEADERS), "the new token in Headers")
    page.run(QUERY)
    page.answers(ANSWER)
    assert set(page.tokens(QUERY)) == {f"Bearer {token}"}


def test_the_link_of_another_workspace_starts_afresh(page: Page, demo: Demo) -> None:
    page.open(f"#token={demo.token}")
    tabs = page.tabs()
    page.choose("Preview", "launchPreview")
    page.wait(lambda b: first_campaign(demo, demo.token) in editor_text(b, VARIABLES), "the first workspace's campaign")
    page.wait(lambda b: kept(b, "graphiql:tabState").get("activeTabIndex") == tabs.index("Preview"), "the tab kept")

    page.browser.get(f"{page.url}#token={demo.sandbox_token}")
    page.wait(lambda b: demo.sandbox_token in editor_text(b, HEADERS), "the new token in Headers")
    assert page.tabs() == tabs
    assert page.active_tab() == tabs[0] == "Look"
    assert "query Look" in editor_text(page.browser, ".graphiql-query-editor")
    page.choose("Preview", "launchPreview")
    own = first_campaign(demo, demo.sandbox_token)
    page.wait(lambda b: own in editor_text(b, VARIABLES), "the campaign of the workspace that was opened")
    everything = page.browser.execute_script("return JSON.stringify(sessionStorage)")
    assert demo.token not in everything
    assert first_campaign(demo, demo.token) not in everything


def test_a_new_token_of_the_same_workspace_keeps_the_tabs(page: Page, demo: Demo) -> None:
    page.open(f"#token={demo.token}")
    page.run(QUERY)
    page.answers(ANSWER)
    page.wait(lambda b: QUERY in json.dumps(kept(b, "graphiql:tabState")), "the typed query kept")

    token = new_token(demo, "Demo")
    page.browser.get(f"{page.url}#token={token}")
    page.wait(lambda b: token in editor_text(b, HEADERS), "the new token in Headers")
    assert editor_text(page.browser, ".graphiql-query-editor") == QUERY
    assert page.tabs()[1:3] == ["CreateCampaign", "Preview"]
    page.choose("CreateCampaign", "createCampaign")
    page.wait(lambda b: token in editor_text(b, HEADERS), "the new token in another tab")


def test_the_token_does_not_stay_in_the_address(page: Page, token: str) -> None:
    page.open(f"#token={token}")
    assert page.browser.current_url == page.url
    page.browser.refresh()
    page.wait(lambda b: token in editor_text(b, HEADERS), "the token, kept")


def test_the_variables_of_an_empty_workspace_say_what_to_create_first(page: Page, demo: Demo) -> None:
    page.open(f"#token={new_token(demo, 'Empty')}")
    page.choose("CreateCampaign", "createCampaign")
    page.wait(lambda b: "<no sender yet: run createSender first>" in editor_text(b, VARIABLES), "what is missing")
    page.choose("Preview", "launchPreview")
    page.wait(lambda b: "<no campaign yet: run createCampaign first>" in editor_text(b, VARIABLES), "what is missing")
    assert "@person" not in editor_text(page.browser, VARIABLES)


def test_without_a_token_the_page_says_where_it_goes_and_takes_it_from_headers(page: Page, token: str) -> None:
    page.open()
    page.shows("#hint", '{"Authorization": "Bearer …"}')
    page.run(QUERY)
    page.answers("A token is required.")

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
    page.choose("Preview", "launchPreview")
    page.run_operation("Launch")
    page.answers('"errors": []')
    page.answers('"status": "SCHEDULED"')
    # Other emails of the demo may become due meanwhile.
    new = "*srinivasa.ramanujan@example.com*.eml"
    page.wait(lambda _: set(demo.outbox.glob(new)) - before, "the email of the launch in the outbox")


def test_a_launch_is_followed_over_a_websocket(page: Page, demo: Demo) -> None:
    # In the sandbox: the other tests launch for people of the first workspace.
    def ask(query: str) -> Any:
        return asked(demo, demo.sandbox_token, query)

    campaign = first_campaign(demo, demo.sandbox_token)
    given = f'{{ campaignId: "{campaign}", everyone: true, sendNow: true }}'
    start = f"mutation {{ startLaunch(input: {given}) {{ launch {{ id }} }} }}"
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
    page.answers("Invalid or expired token.")
