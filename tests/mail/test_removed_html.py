"""The list of what the sanitizer removes from a template."""

import pytest

from api.mail.removed_html import find_removed_html
from tests.mail.hostile_html import PRICES


@pytest.mark.parametrize(
    ("source", "removed"),
    [
        (
            '<p onclick="x()">a</p><script>x</script><a href="javascript:x()">y</a>',
            ["<script>", "onclick", "javascript: link"],
        ),
        ("{% if title %}<iframe src=x></iframe>{% else %}<form></form>{% endif %}", ["<iframe>", "<form>"]),
        ("<style>@import 'x'; a { color: red }</style>", ["@import"]),
        ('<p style="position:fixed;color:red">x</p>', ["style: position"]),
        ("<!--[if mso]><v:rect></v:rect><![endif]-->x", ["conditional comment"]),
        ('<img src="data:image/png;base64,x">', ["data: link"]),
        (PRICES, []),
        ('<a href="{{ site }}">x</a><a href="{{ link | default: "https://example.com/x" }}">y</a>', []),
        ("<!doctype html><html><head><title>x</title></head><body><p>x</p><!-- y --></body></html>", []),
        ("<p {% if title %}align=left{% endif %}>{{! Say <b>hi</b> }}</p>", []),
    ],
)
def test_what_is_taken_out_is_listed(source: str, removed: list[str]) -> None:
    assert find_removed_html(source, template=True) == removed
