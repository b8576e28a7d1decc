"""Make docs/pictures/graphiql.png again, the picture of README.md: `python -m tests.browser.picture`.

It runs the demo and Chromium, runs the README's first query in GraphiQL, and takes a screenshot.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from tests.browser.conftest import chromium, running_demo
from tests.browser.page import ROOT, Page, editor_text

PICTURE = ROOT / "docs" / "pictures" / "graphiql.png"
MOST_BYTES = 300_000
TYPE_QUERY = "document.querySelector('.graphiql-query-editor .CodeMirror').CodeMirror.setValue(arguments[0])"


def first_query() -> str:
    """The first query of README.md."""
    found = re.search(r"```graphql\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    if found is None:
        raise ValueError("README.md has no query")
    return found[1]


def make(picture: Path) -> None:
    """Run the first query on the demo, and write what the browser shows."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with running_demo(folder) as demo, chromium(folder / "profile") as browser:
            page = Page(browser, demo.url)
            page.open(f"#token={demo.token}")
            browser.execute_script(TYPE_QUERY, first_query())
            page.shows(".graphiql-tab-active .graphiql-tab-button", "WhenAndWhy")
            page.click(".graphiql-execute-button")
            page.wait(lambda b: '"data"' in editor_text(b, ".result-window"), "an answer")
            page.shows(".result-window", "sentence")
            browser.save_screenshot(str(picture))


if __name__ == "__main__":
    make(PICTURE)
    size = PICTURE.stat().st_size
    print(f"{PICTURE}: {size:,} bytes")
    sys.exit(size > MOST_BYTES)
