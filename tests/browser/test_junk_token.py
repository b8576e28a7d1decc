"""A link with a token that opens nothing takes nothing away from the window, and the page obeys its own policy."""

from __future__ import annotations

import json
from pathlib import Path

from selenium.webdriver.common.by import By

from tests.browser.conftest import Demo
from tests.browser.page import HEADERS, Page, editor_text, kept

QUERY = "{ workspace { name } }"


def test_a_junk_token_wipes_neither_tabs_nor_token(page: Page, demo: Demo) -> None:
    page.open(f"#token={demo.token}")
    page.run(QUERY)
    page.answers('"name": "Demo"')
    page.wait(lambda b: QUERY in json.dumps(kept(b, "graphiql:tabState")), "the reader's query kept")
    for junk in ("junk", "tl_" + "x" * 43, "%00%0d%0a", "ü"):
        page.browser.get("about:blank")
        page.open(f"#token={junk}")
        page.shows("#hint", "This window keeps its earlier token and tabs.")
        page.shows("#workspace .name", "Demo")
        page.wait(lambda b: editor_text(b, ".graphiql-query-editor") == QUERY, "the reader's own query in front")
        assert json.loads(editor_text(page.browser, HEADERS)) == {"Authorization": f"Bearer {demo.token}"}
        assert "token" not in page.browser.current_url
        assert junk not in str(page.browser.execute_script("return JSON.stringify(sessionStorage)"))
    page.browser.refresh()
    page.shows("#workspace .name", "Demo")
    page.run("{ workspace { sandbox } }")
    page.answers('"sandbox": false')


def test_another_good_token_still_takes_over(page: Page, demo: Demo) -> None:
    page.open(f"#token={demo.token}")
    page.shows("#workspace .name", "Demo")
    page.browser.get("about:blank")
    page.open(f"#token={demo.sandbox_token}")
    page.shows("#workspace .name", "Demo sandbox")


def test_nothing_of_graphiql_breaks_its_policy(page: Page, demo: Demo, tmp_path: Path) -> None:
    page.open(f"#token={demo.token}")
    page.run("{ workspace { name sandbox } }")
    page.answers('"name": "Demo"')
    said = [entry["message"] for entry in page.browser.get_log("browser")]  # type: ignore[no-untyped-call]
    assert [message for message in said if "Content Security Policy" in message or "Refused to" in message] == []
    page.browser.save_screenshot(str(tmp_path / "graphiql.png"))
    background = page.browser.execute_script(
        "return getComputedStyle(document.querySelector('.graphiql-container')).display"
    )
    assert background == "flex", "the style sheet holds"
    assert page.browser.find_elements(By.CSS_SELECTOR, ".CodeMirror-line"), "the editors hold"
