"""The example tabs in a browser: each operation runs, and runs a second time."""

from __future__ import annotations

import json

import pytest

from tests.browser.conftest import Demo
from tests.browser.page import Page, asked, editor_text

SAID = {
    "RefusedStep": {"INVALID_DAY"},
    "SendTask": {"NOT_FOUND"},
    "ClearBounce": {"NOT_FOUND"},
}
"""What an example may answer the second time instead of success: refused on purpose, or nobody and nothing is left."""

AT_ONCE = {"RefusedStep", "ClearBounce"}
"""Examples that answer so the first time as well."""


ENDLESS = {"FollowFeed"}
"""Subscriptions that send nothing until an event. tests/graphql/events/test_event_subscription.py follows them."""


def answered(page: Page) -> dict[str, object]:
    """Wait for an answer, and return it."""
    page.wait(lambda b: '"data"' in editor_text(b, ".result-window"), "an answer")
    return dict(json.loads(editor_text(page.browser, ".result-window")))


def run(page: Page, name: str, several: bool) -> set[str]:
    """Run an operation of the tab, and return the codes with which it is refused."""
    page.browser.execute_script("document.querySelector('.result-window .CodeMirror').CodeMirror.setValue('')")
    if several:
        page.run_operation(name)
    else:
        page.click(".graphiql-execute-button")
    answer = answered(page)
    assert "errors" not in answer, (name, answer)
    data = answer["data"]
    assert isinstance(data, dict)
    payload = next(iter(data.values()))
    errors = payload.get("errors", []) if isinstance(payload, dict) else []
    assert all(len(error["message"]) > 15 for error in errors), (name, errors)
    return {error["code"] for error in errors}


TABS = [
    ("Look", ["Look"]),
    ("CreateCampaign", ["CreateCampaign", "AddFirstStep", "SendOptions", "RefusedStep"]),
    ("Preview", ["Preview", "Launch"]),
    ("Tasks", ["Tasks", "OpenTask", "SendTask"]),
    ("Explain", ["Explain", "LiveFeed", "Reply"]),
    ("TimeTravel", ["TimeTravel"]),
    ("SendDueEmails", ["SendDueEmails", "PlayReply", "PlayBounce"]),
    ("PreviewEdit", ["PreviewEdit", "MoveStep"]),
    ("ImportDryRun", ["ImportDryRun", "ImportReport", "Suppress", "Resubscribe", "ClearBounce"]),
    ("Launches", ["Launches", "LaunchEveryone", "Follow"]),
    ("LiveFeed", ["LiveFeed", "FollowFeed"]),
]


def test_every_tab_is_tried(page: Page, demo: Demo) -> None:
    page.open(f"#token={demo.sandbox_token}")
    assert sorted(page.tabs()) == sorted(name for name, _ in TABS)


@pytest.mark.parametrize(("tab", "operations"), TABS, ids=[name for name, _ in TABS])
def test_an_example_runs_twice(page: Page, demo: Demo, tab: str, operations: list[str]) -> None:
    for number in range(4):  # other tests may have launched for everyone: each turn takes two people
        create = f'mutation {{ createPerson(input: {{email: "{tab}-{number}@example.com"}}) {{ errors {{ code }} }} }}'
        assert asked(demo, demo.sandbox_token, create)["createPerson"]["errors"] == []
    page.open(f"#token={demo.sandbox_token}")
    if tab != page.active_tab():
        page.choose(tab, f" {operations[-1]}")
    for turn in range(2):
        for name in operations:
            if name in ENDLESS:
                continue
            codes = run(page, name, len(operations) > 1)
            page.wait(
                lambda b: b.execute_script("return !document.querySelector('.graphiql-spinner')"), "the end of it"
            )
            allowed = SAID.get(name, set()) if turn or name in AT_ONCE else set()
            assert codes <= allowed, (turn, name, editor_text(page.browser, ".result-window"))
