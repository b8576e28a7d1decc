# ruff: noqa: E501 - a table of hostile texts
"""What leaves is safe, whatever a template and a person's fields make of each other: emails, their quotes, compose."""

import email
import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.mail.message.compose import EarlierEmail, EmailContent, compose
from api.mail.message.message import build_message
from api.mail.templates.liquid import TemplateProblem

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
TEMPLATES = [
    '{{ "<script>alert(1)</script>" }}x', '{% echo "<script>alert(1)</script>" %}x',
    '{% cycle "<script>alert(1)</script>" %}x', '{% liquid\necho "<script>1</script>" | safe %}x',
    "{{ own }}", "{{ own | safe }}", "{{ own | url_decode | safe }}", "{{ own | escape_once }}", "{{ own | strip_html }}",
    "{% capture a %}{{ own | safe }}{% endcapture %}{{ a }}", "{% assign a = own | append: '' %}{{ a | safe }}",
    "{{ '<img onerror=' | append: own | append: '>' | safe }}", "{{ own | split: '' | join: '' | safe }}",
    '<a href="{{ own }}">x</a>', "<a href='{{ own | safe }}'>x</a>", "<a href={{ own }}>x</a>",
    '<a href="{{ own | url_decode }}">x</a>', '<a href="%7B%7B own %7D%7D">x</a>', '<a href=" {{ own }}">x</a>',
    '<a href="java{{ own }}">x</a>', '<a href="&#{{ own }}">x</a>', "<a {{ own | safe }}>x</a>", "<{{ own }}>x",
    "<{{ own | safe }} onclick=x>", '<a title="{{ own | safe }}">x</a>', '<table background="{{ own }}"><tr><td>x</table>',
    '<blockquote cite="{{ own }}">x</blockquote>', '<q cite="{{ own }}">x</q><ins cite="{{ own }}">y</ins>',
    '<img src="{{ own }}" alt=x>', '<img src=x onerror="{{ own }}">', '<img srcset="{{ own }}" src=x>',
    '<p style="{{ own }}">x</p>', '<p style="background: url({{ own }})">x</p>', '<p style="width: {{ own | safe }}">x</p>',
    "<style>a { {{ own | safe }} }</style>x", '<style>a { background: url("{{ own }}") }</style>x',
    "<!-- {{ own | safe }} -->x", "<!--[if mso]>{{ own | safe }}<![endif]-->x", "<!--[if {{ own }}]><td><![endif]-->x",
    '<base href="{{ own }}">x', '<meta http-equiv=refresh content="0;url={{ own }}">x', "<link rel=stylesheet href=x>y",
    '<form action="{{ own }}"><input type=submit formaction="{{ own }}"><button>x</button></form>',
    '<svg><a xlink:href="{{ own }}"><text>x</text></a><script>1</script></svg>y', "<svg><style>{{ own | safe }}</style>y",
    '<math><mi xlink:href="{{ own }}">y</mi></math>z', "<iframe srcdoc='{{ own | safe }}'></iframe>x",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>{{ own | safe }}">', "<template>{{ own | safe }}</template>y",
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">{{ own | safe }}',
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>{{ own | safe }}",
    "<select><style></select>{{ own | safe }}</style>x", "<textarea>{{ own | safe }}</textarea>x", "<xmp>{{ own | safe }}",
    "<title>{{ own | safe }}</title>x", "<plaintext>{{ own | safe }}", "<object data='{{ own }}'></object>x",
]  # fmt: skip
VALUES = [
    "javascript:alert(1)", "JaVaScRiPt:x", " javascript:x", "java\tscript:x", "java\nscript:x", "java\x01script:x",
    "\u200bjavascript:x", "java\xadscript:x", "java\u2060script:x", "\u2028javascript:x", "\ufeffjavascript:x",
    "\x01javascript:x", "javascript&colon;x", "&#106;avascript:x", "&#x6A&#x61vascript:x", "%6Aavascript:x", "script:x",
    "106;avascript:x", "data:text/html,<script>1</script>", "data:image/svg+xml,<svg onload=x>", "vbscript:x", "//x.example",
    '"><script>alert(1)</script>', "'><img src=x onerror=1>", "--><script>1</script>", "--!><script>1</script>",
    "</style><script>1</script>", "}</style><img src=x onerror=1>", "&lt;script&gt;1&lt;/script&gt;",
    "%3Cscript%3E1%3C/script%3E", "x onmouseover=alert(1)", 'x" onmouseover="alert(1)', "<![endif]--><script>1</script>",
    "</noscript><script>1</script>", "</template></svg></math><script>1</script>", "script", "svg/onload=x",
    "x: expression(alert(1))", "behavior: url(x)", "-moz-binding: url(x)", "}@import 'x';", "x) ; a: url(javascript:x",
    "color: red; position: fixed", "\\75\\72\\6c(javascript:x)", "</title><script>1</script>", "<a href=javascript:x>y",
]  # fmt: skip
_LINKS = {
    "href",
    "src",
    "background",
    "cite",
    "action",
    "formaction",
    "data",
    "poster",
    "srcset",
    "xlink:href",
    "longdesc",
}
_FORBIDDEN = {"script", "iframe", "object", "embed", "form", "input", "button", "select", "textarea", "base", "meta", "link",
              "svg", "math", "template", "noscript", "title", "video", "audio", "xmp", "plaintext", "frameset"}  # fmt: skip
_UNSAFE_CSS = re.compile(
    r"expression\(|behavior:|-moz-binding|javascript:\S*\(|@import|url\([\"']?(?!https?://)", re.IGNORECASE
)


class Reader(HTMLParser):
    """Collects what is not safe, as a mail program might read it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.bad: list[str] = []
        self._in_style = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        if tag in _FORBIDDEN:
            self.bad.append(tag)
        for name, value in attrs:
            plain = re.sub(r"[\x00-\x20\x7f\xad\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]", "", value or "").lower()
            if name.startswith("on") or name in {"srcset", "srcdoc", "formaction", "action", "http-equiv"}:
                self.bad.append(name)
            if name in _LINKS and re.match("[a-z][a-z0-9+.-]*:", plain) and not re.match("(https?|mailto|tel):", plain):
                self.bad.append(f"{name}={plain}")
            if name == "style" and _UNSAFE_CSS.search(plain.replace("javascript:x", "")):
                self.bad.append(f"style={plain}")

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style and _UNSAFE_CSS.search(data):
            self.bad.append(data)

    def handle_comment(self, data: str) -> None:
        if data.lstrip().startswith("[if"):
            self.bad += Reader(re.sub(r"^\s*\[[^\]]*\]>?|<!\[endif\]\s*$", "", data)).bad


def unsafe(source: str, own: str) -> list[str]:
    """Return what is not safe in an email, in what a follow-up quotes of it, and in its bytes as it leaves."""
    fields = {"own": own, "first_name": own, "sender_name": own, "sender_email": "bo@example.com"}
    earlier = EarlierEmail(EmailContent("s", source, None), "<1@example.com>", NOW, None)
    try:
        composed = compose(EmailContent("s", source, None), fields, NOW, earlier)
    except TemplateProblem:
        return []
    assert composed.quote is not None
    raw = build_message(
        send_id="send_1", message_id="<2@example.com>", composed=composed, sender_name="Bo", sender_address="bo@example.com",
        to_name="Ada", to_address="ada@example.com", date=NOW, earlier=earlier, unsubscribe_url="https://x.example/u/1",
    )  # fmt: skip
    *_, last = email.message_from_bytes(raw).walk()
    left = last.get_payload(decode=True).decode(last.get_content_charset())
    return [problem for html in (composed.body_html, composed.quote.html, left) for problem in Reader(html).bad]


@pytest.mark.parametrize("source", TEMPLATES)
def test_no_value_makes_an_email_unsafe(source: str) -> None:
    assert {own: bad for own in VALUES if (bad := unsafe(source, own))} == {}


@given(st.lists(st.sampled_from(TEMPLATES), min_size=1, max_size=3).map("".join), st.lists(st.sampled_from(VALUES), min_size=1, max_size=3).map("".join))  # fmt: skip
def test_no_mixture_makes_an_email_unsafe(source: str, own: str) -> None:
    assert unsafe(source, own) == []


def test_the_reader_sees_what_is_not_safe() -> None:
    for html in (
        "<script>", "<a href='java\tscript:x'>", "<p onclick=x>", "<q cite=javascript:x>", "<style>a{b:url(x)}</style>",
        "<p style='a:expression(x)'>", "<!--[if mso]><script><![endif]-->", "<img src=data:x>",
    ):  # fmt: skip
        assert Reader(html).bad, html
