"""The tabs of a workspace without a campaign build one: each id goes from its answer into the next tabs."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from tests.browser.conftest import Demo
from tests.browser.page import VARIABLES, Page, asked, editor_text, new_token

TABS = ["CreateSender", "CreateTemplates", "CreateCampaign", "AddSteps", "CreatePeople", "Preview", "Look"]
EXAMPLES = ["Look", "CreateCampaign", "Preview", "Tasks", "Explain", "TimeTravel", "Launches", "PreviewEdit"]


def run(page: Page, tab: str, operation: str | None = None) -> Any:
    """Choose a tab, run it with the variables that the page gives it, and return its data."""
    if page.active_tab() != tab:
        page.choose(tab, f" {operation or tab}")
    page.wait(lambda b: "<" not in editor_text(b, VARIABLES), f"ids in the variables of {tab}")
    page.browser.execute_script("document.querySelector('.result-window .CodeMirror').CodeMirror.setValue('')")
    if operation:
        page.run_operation(operation)
    else:
        page.click(".graphiql-execute-button")
    page.wait(lambda b: '"data"' in editor_text(b, ".result-window"), f"an answer to {operation or tab}")
    answer = json.loads(editor_text(page.browser, ".result-window"))
    assert "errors" not in answer, answer
    for payload in answer["data"].values():
        assert not isinstance(payload, dict) or payload.get("errors", []) == [], answer
    return answer["data"]


def test_the_tabs_build_a_first_campaign(page: Page, demo: Demo) -> None:
    token = new_token(demo, "First campaign")
    page.open(f"#token={token}")
    page.shows("#workspace .about", "This workspace has no campaign yet. Run the tabs from left to right")
    assert page.tabs() == TABS
    for tab in TABS[:5]:
        run(page, tab)
    if picture := os.environ.get("GRAPHIQL_SCREENSHOT"):
        page.browser.save_screenshot(picture)
    assert "no campaign yet" not in page.browser.find_element("id", "workspace").text
    preview = run(page, "Preview", "Preview")["launchPreview"]["previews"]
    assert [planned["step"] for planned in preview[0]["planned"]] == [1, 2, 3]
    assert [each["person"]["email"] for each in preview] == ["ada@example.com", "alan@example.com"]
    run(page, "Preview", "Launch")

    def sent(_: Any) -> bool:
        emails = asked(demo, token, "{ emails(filter: {folder: DELIVERED}) { totalCount } }")["emails"]
        return bool(emails["totalCount"] == 2)

    page.wait(sent, "two emails that are sent")
    look = run(page, "Look")
    assert sorted(email["status"] for email in look["emails"]["nodes"]) == ["SCHEDULED", "SCHEDULED", "SENT", "SENT"]
    assert [task["type"] for task in look["tasks"]["nodes"]] == ["CALL", "CALL"]
    assert any("ada@example.com" in path.name for path in demo.outbox.glob("*.eml"))


def test_the_example_tabs_come_after_those_of_the_reader(page: Page, demo: Demo) -> None:
    page.open(f"#token={new_token(demo, 'With examples')}")
    page.wait(lambda b: b.execute_script("return !!sessionStorage['touchline:graphiql:tabState']"), "the tabs kept")
    page.click("#workspace button")
    page.wait(lambda _: len(page.tabs()) > len(TABS), "the example tabs")
    assert page.tabs()[: len(TABS)] == TABS
    assert page.tabs()[len(TABS) : len(TABS) + len(EXAMPLES)] == EXAMPLES
    assert page.active_tab() == "CreateSender"
    assert not page.browser.find_element("css selector", "#workspace button").is_displayed()
    page.choose("Explain", "enrollment(id")
    page.wait(lambda b: "<nobody is in a campaign yet" in editor_text(b, VARIABLES), "variables of an example")


@pytest.mark.parametrize("workspace", ["token", "sandbox_token"])
def test_a_workspace_with_campaigns_opens_with_the_examples(page: Page, demo: Demo, workspace: str) -> None:
    page.open(f"#token={getattr(demo, workspace)}")
    assert page.tabs()[: len(EXAMPLES)] == EXAMPLES
    assert not page.browser.find_element("css selector", "#workspace button").is_displayed()
