"""Pieces of templates and HTML from which tests make hostile emails, and a reader that finds what is unsafe."""

from datetime import datetime
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from api.mail.message.body import render_body

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=ZoneInfo("Europe/Berlin"))


FIELDS = {"first_name": "Ada", "company": "Acme", "title": "VIP"}


def html_of(source: str, **fields: str) -> str:
    return render_body(source, FIELDS | fields, NOW).html


PRICES = '<table><tr><td>For all</td></tr>{% if title == "VIP" %}<tr><td>VIP price</td></tr>{% endif %}</table>'


PIECES = st.sampled_from(
    [
        "{{ first_name }}",
        "{{ company }}",
        "{{ city | default: 'Bonn & <b>Ulm</b>' }}",
        "{{ title | default: '' }}",
        "{{ site }}",
        "{{! Prompt }}",
        "<p>",
        "</p>",
        "<b>",
        "</b>",
        "<i>",
        "<table>",
        "<tr>",
        "<td>",
        "</td>",
        "</tr>",
        "</table>",
        "<div>",
        "</div>",
        "<a href='https://a.example/'>",
        "</a>",
        "<a href='",
        "'>",
        '<p title="',
        '">',
        "<br>",
        "<!--",
        "-->",
        "<style>",
        "</style>",
        "<title>",
        "</title>",
        "<pre>",
        "<li>",
        "<ul>",
        "</ul>",
        "<select>",
        "<option>",
        "<svg>",
        "<math>",
        "<",
        "&",
        "&am",
        "&#",
        "</",
        "<!",
        " ",
        "\n",
        "x",
        "y:",
        ",",
        "<script>",
        "</script>",
        "<h1>",
        "<blockquote>",
        "<img alt='i'>",
        "<q>",
        "<form>",
        "<colgroup>",
        "<caption>",
        "<noscript>",
        "<textarea>",
        "</textarea>",
        "<body>",
        "<html>",
        "<!doctype html>",
        "{",
        "}",
    ]
)


VALUES = st.one_of(
    st.sampled_from(
        [
            "",
            " ",
            "Ada",
            "R&D",
            "<b>x</b>",
            "a  b",
            " a",
            "a\n",
            "amp;",
            "lt;x",
            "https://a.example/",
            "x:",
            "(",
            ",x",
            "{{ a }}",
            "\u00a0",
            "\ue0000\ue001",
            "\ue1000\ue101",
            "'",
            '"',
            "é",
            "script>",
        ]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
)


class HtmlReader(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.bad: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "iframe", "form", "object", "svg", "math", "title", "noscript", "input"}:
            self.bad.append(tag)
        self.bad += [name for name, _ in attrs if name.startswith("on")]
        for name, value in attrs:
            plain = "".join((value or "").split()).lower()
            if name in {"href", "src"} and plain.startswith(("javascript:", "data:", "vbscript:")):
                self.bad.append(plain)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def problems(html: str) -> list[str]:
    return HtmlReader(html).bad


def shown(html: str) -> str:
    return "".join(HtmlReader(html).text)
