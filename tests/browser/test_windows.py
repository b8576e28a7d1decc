"""Several windows of GraphiQL: each keeps its token, its tabs and its workspace, and says which one it shows."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.browser.conftest import Demo
from tests.browser.page import HEADERS, VARIABLES, Page, asked, editor_text, first_campaign, kept, new_token

QUERY = "{ workspace { name } }"
CLOCK = "{ workspace { now } }"


def sandbox_name(demo: Demo) -> str:
    """The name of the demo's sandbox."""
    return str(asked(demo, demo.sandbox_token, QUERY)["workspace"]["name"])


def header(page: Page) -> str:
    """What the page's header says."""
    return page.browser.find_element(By.ID, "workspace").text


def clock(page: Page) -> datetime:
    """The instant in the page's header."""
    shown = page.browser.find_element(By.CSS_SELECTOR, "#workspace time").get_attribute("datetime")
    return datetime.fromisoformat(str(shown))


def advance(demo: Demo, hours: int) -> datetime:
    """Move the sandbox's clock, without the page."""
    now = datetime.fromisoformat(asked(demo, demo.sandbox_token, CLOCK)["workspace"]["now"])
    to = now + timedelta(hours=hours)
    moved = asked(
        demo, demo.sandbox_token, f'mutation {{ advanceClock(to: "{to.isoformat()}") {{ now errors {{ code }} }} }}'
    )
    assert moved["advanceClock"]["errors"] == []
    return to


def shared(browser: Chrome) -> str:
    """All that the windows share."""
    return str(browser.execute_script("return JSON.stringify(localStorage)"))


def test_each_window_keeps_its_workspace_when_it_is_reloaded(page: Page, demo: Demo) -> None:
    page.open(f"#token={demo.token}")
    page.run(QUERY)
    page.answers('"name": "Demo"')
    first = page.browser.current_window_handle
    page.browser.switch_to.new_window("window")
    page.open(f"#token={demo.sandbox_token}")
    page.choose("Launches", "startLaunch")
    second = page.browser.current_window_handle

    page.browser.switch_to.window(first)
    page.browser.refresh()
    page.shows("#workspace .name", "Demo")
    page.wait(lambda b: editor_text(b, ".graphiql-query-editor") == QUERY, "the reader's own query in front")
    assert json.loads(editor_text(page.browser, HEADERS)) == {"Authorization": f"Bearer {demo.token}"}
    assert demo.sandbox_token not in page.browser.execute_script("return JSON.stringify(sessionStorage)")
    page.run("{ workspace { sandbox } }")
    page.answers('"sandbox": false')

    page.browser.switch_to.window(second)
    page.browser.refresh()
    page.shows("#workspace .name", sandbox_name(demo))
    page.wait(lambda b: demo.sandbox_token in editor_text(b, HEADERS), "the second window's own token")
    assert not {demo.token, demo.sandbox_token} & set(re.findall(r"tl_[\w-]+", shared(page.browser)))


def test_a_tab_that_launches_for_everyone_is_never_in_front_of_a_loaded_page(page: Page, demo: Demo) -> None:
    page.open(f"#token={demo.token}")
    page.choose("Launches", "startLaunch")
    page.wait(lambda b: kept(b, "graphiql:tabState").get("activeTabIndex") == page.tabs().index("Launches"), "it kept")
    tabs = page.tabs()
    page.browser.refresh()
    page.wait(lambda b: "query Look" in editor_text(b, ".graphiql-query-editor"), "the first tab")
    assert page.active_tab() == "Look"
    assert page.tabs() == tabs
    assert page.tokens("startLaunch") == []


def test_a_copied_window_goes_its_own_way(page: Page, demo: Demo) -> None:
    page.open(f"#token={demo.token}")
    first = page.browser.current_window_handle
    page.browser.execute_script("window.open(location.href)")  # copies session storage, as duplicating a tab does
    (copy,) = set(page.browser.window_handles) - {first}
    page.browser.switch_to.window(copy)
    page.shows("#workspace .name", "Demo")
    page.browser.execute_script(f"location.hash = 'token={demo.sandbox_token}'")
    page.shows("#workspace .name", sandbox_name(demo))
    page.browser.switch_to.window(first)
    page.browser.refresh()
    page.shows("#workspace .name", "Demo")
    page.wait(lambda b: demo.token in editor_text(b, HEADERS), "the token of this window")


def test_the_next_window_of_a_workspace_finds_the_readers_tabs_without_their_token(page: Page, demo: Demo) -> None:
    page.open(f"#token={demo.token}")
    page.run(QUERY)
    page.answers('"name": "Demo"')
    assert "tl_" not in shared(page.browser)
    assert "Bearer" not in shared(page.browser)
    first = page.browser.current_window_handle
    page.browser.switch_to.new_window("window")
    second = page.browser.current_window_handle
    page.browser.switch_to.window(first)
    page.browser.close()
    page.browser.switch_to.window(second)
    page.open(f"#token={demo.token}")
    page.wait(lambda b: QUERY in json.dumps(kept(b, "graphiql:tabState")), "the query of the closed window")
    page.wait(lambda b: demo.token in editor_text(b, HEADERS), "the token in it")


TYPED = "query Typed { workspace { id } }"
AT_ONCE = """const editor = document.querySelector('.graphiql-query-editor .CodeMirror').CodeMirror;
editor.setValue(arguments[0]);
document.querySelector(arguments[1]).CodeMirror.setValue('{"typed": 1}');
location.reload();"""


def test_what_is_typed_is_kept_however_soon_the_page_goes(page: Page, demo: Demo) -> None:
    """GraphiQL itself takes a tenth of a second to notice it, and half a second more to store it."""
    page.open(f"#token={demo.token}")
    tabs = page.tabs()
    page.browser.execute_script(AT_ONCE, TYPED, f"{VARIABLES} .CodeMirror")
    page.wait(lambda b: editor_text(b, ".graphiql-query-editor") == TYPED, "the typed query")
    page.wait(lambda b: editor_text(b, VARIABLES) == '{"typed": 1}', "the typed variables")
    assert page.tabs() == ["Typed", *tabs[1:]]
    page.browser.execute_script("document.querySelectorAll('.graphiql-tab-button')[2].click(); location.reload()")
    page.wait(lambda b: "query Preview" in editor_text(b, ".graphiql-query-editor"), "the tab that was chosen")
    assert page.tabs() == ["Typed", *tabs[1:]]


def test_a_window_without_a_token_takes_none_from_another(page: Page, demo: Demo) -> None:
    page.open(f"#token={demo.token}")
    page.browser.switch_to.new_window("window")
    page.open()
    page.shows("#hint", "This window has no token yet.")
    assert not page.browser.find_element(By.ID, "workspace").is_displayed()
    assert editor_text(page.browser, HEADERS) == ""


def test_a_token_that_has_ended_is_told_and_the_readers_tabs_stay(page: Page, demo: Demo) -> None:
    name = "Ended"
    page.open(f"#token={new_token(demo, name)}")
    page.run(QUERY)
    page.answers(name)
    later = new_token(demo, name)
    page.browser.refresh()
    page.shows("#hint", "did not accept the token (401)")
    assert not page.browser.find_element(By.ID, "workspace").is_displayed()
    page.browser.get(f"{page.url}#token={later}")
    page.shows("#workspace .name", name)
    page.wait(lambda b: QUERY in json.dumps(kept(b, "graphiql:tabState")), "the reader's query")
    page.wait(lambda b: later in editor_text(b, HEADERS), "the new token")


def test_the_header_names_workspace_kind_and_clock(page: Page, demo: Demo) -> None:
    page.open(f"#token={demo.token}")
    page.shows("#workspace .name", "Demo")
    assert "Real time" in header(page)
    page.browser.get(f"{page.url}#token={demo.sandbox_token}")
    page.shows("#workspace .name", sandbox_name(demo))
    assert "Sandbox" in header(page)
    assert "UTC" in header(page)
    server = datetime.fromisoformat(asked(demo, demo.sandbox_token, CLOCK)["workspace"]["now"])
    assert abs(clock(page) - server) < timedelta(seconds=1)


def test_the_header_and_the_examples_follow_the_sandboxs_clock(page: Page, demo: Demo) -> None:
    moved = advance(demo, 30 * 24)
    page.open(f"#token={demo.sandbox_token}")
    page.wait(lambda _: abs(clock(page) - moved) < timedelta(seconds=1), "the clock that was moved before")
    page.choose("TimeTravel", "advanceClock")
    for _ in range(2):  # the example runs a second time: its instant is computed from the clock anew
        before = clock(page)
        page.wait(lambda b, of=before: abs(given(b) - of - timedelta(days=7)) < timedelta(seconds=1), "a week later")
        page.click(".graphiql-execute-button")
        page.wait(lambda _, of=before: clock(page) - of >= timedelta(days=6), "the clock in the header moved")
        assert '"errors": []' in editor_text(page.browser, ".result-window")


def given(browser: Chrome) -> datetime:
    """The instant in the variables of TimeTravel."""
    return datetime.fromisoformat(json.loads(editor_text(browser, VARIABLES))["to"])


def test_variables_that_the_reader_has_changed_are_left_alone(page: Page, demo: Demo) -> None:
    page.open(f"#token={demo.sandbox_token}")
    page.choose("TimeTravel", "advanceClock")
    own = json.dumps({"to": advance(demo, 1).isoformat()})
    set_text(page, VARIABLES, own)
    page.click(".graphiql-execute-button")
    page.answers('"now"')
    page.browser.execute_script("dispatchEvent(new Event('focus'))")
    page.choose("Look", "query Look")
    page.choose("TimeTravel", "advanceClock")
    assert editor_text(page.browser, VARIABLES) == own


def set_text(page: Page, editor: str, text: str) -> None:
    """Put a text into one of GraphiQL's editors."""
    script = "document.querySelector(arguments[0]).CodeMirror.setValue(arguments[1])"
    page.browser.execute_script(script, f"{editor} .CodeMirror", text)


BLOCKED = "for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name, { get() { throw new Error('blocked') } });"  # noqa: E501
FULL = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') };"


@pytest.mark.parametrize("trouble", [BLOCKED, FULL], ids=["blocked", "full"])
def test_storage_in_trouble_stops_nothing(page: Page, demo: Demo, trouble: str) -> None:
    page.browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": trouble})
    page.open(f"#token={demo.token}")
    page.shows("#workspace .name", "Demo")
    page.run(QUERY)
    page.answers('"name": "Demo"')


def marks(browser: Chrome) -> list[str]:
    """What the editors underline."""
    script = "return [...document.querySelectorAll('[class*=CodeMirror-lint-mark]')].map((each) => each.textContent)"
    return list(browser.execute_script(script))


LINTED = """const done = arguments[0];
const editors = [...document.querySelectorAll('.graphiql-query-editor .CodeMirror, .graphiql-editor-tool .CodeMirror')];
for (const { CodeMirror } of editors) CodeMirror.performLint?.();
setTimeout(() => done(editors.length), 50);"""


def test_no_example_is_underlined(page: Page, demo: Demo) -> None:
    page.open(f"#token={demo.token}")
    page.click("button[aria-label='Show Documentation Explorer']")
    page.shows(".graphiql-doc-explorer", "Query")
    for name in page.tabs():
        page.choose(name, name)

        def clean(browser: Chrome) -> bool:
            # Until GraphiQL has read the tab's document, its linter holds the variables against the other tab's.
            return browser.execute_async_script(LINTED) == 3 and marks(browser) == []

        page.wait(clean, f"{name} without an underline")


def test_only_what_is_missing_is_underlined(page: Page, demo: Demo) -> None:
    """The fields ``sendNow: Boolean! = false`` and ``skipWeekends: Boolean! = false`` may be left out."""
    page.open(f"#token={demo.token}")
    page.choose("Preview", "launchPreview")
    whole: dict[str, Any] = {"launch": {"campaignId": first_campaign(demo, demo.token), "personIds": ["x"]}}
    page.click("button[aria-label='Show Documentation Explorer']")
    page.shows(".graphiql-doc-explorer", "Query")
    set_text(page, VARIABLES, json.dumps(whole))
    page.browser.execute_async_script(LINTED)
    assert marks(page.browser) == []
    set_text(page, VARIABLES, json.dumps({"launch": {"campaignId": "x"}}))
    page.wait(marks, "an underline where personIds are missing")
