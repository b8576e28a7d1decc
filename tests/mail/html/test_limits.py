"""Hostile HTML is refused by one linear pass before anything parses it, and large newsletters are not."""

import re

import pytest

from api.mail.html.css import MAX_CSS_LENGTH, MAX_CSS_PARTS, TOO_DEEP, _sanitize_simple, sanitize_declarations
from api.mail.html.limits import (
    _TOKEN,
    MAX_AMBIGUOUS_ELEMENTS,
    MAX_ATTRIBUTES_PER_ELEMENT,
    MAX_COMMENTS,
    MAX_DEPTH,
    MAX_ELEMENTS,
    MAX_ENTITIES,
    HtmlLimitError,
    check_html,
)
from api.mail.html.sanitize import sanitize
from api.mail.templates.liquid import TemplateLimitProblem, parse_template

CELL = (
    "<table width=600><tr><td style='font-family:Arial, sans-serif;color:#333' align=left>"
    "<p style='margin:0'>Hello {{ first_name }} <b>there</b>&nbsp;</p></td></tr></table>\n"
)
_BEGINS = re.compile("<(?:[!?A-Za-z]|/[A-Za-z])")
NEWSLETTER = f"<style>{'.a { color: #fff; padding: 3px } ' * 100}</style><!--[if mso]><table><![endif]-->{CELL * 1_000}"


@pytest.mark.parametrize(
    ("html", "told"),
    [
        ("<p>x" * (MAX_ELEMENTS + 1), f"{MAX_ELEMENTS:,} elements"),
        ("</p>" * (MAX_ELEMENTS + 1), f"{MAX_ELEMENTS:,} end tags"),
        ("<!-- a -->" * (MAX_COMMENTS + 1), f"{MAX_COMMENTS:,} comments"),
        ("<!x>" * (MAX_COMMENTS + 1), "comments"),
        ("<p a b=c d='e' f=\"g\">" * 8_000 + "<p a b c d e f g h i j>" * 900, "attributes"),
        (
            f"<p {' '.join(f'a{number}' for number in range(MAX_ATTRIBUTES_PER_ELEMENT + 1))}>" + " " * 5_000,
            "in one element",
        ),
        ("&" * (MAX_ENTITIES + 1), f"{MAX_ENTITIES:,} characters &"),
        ("<" * 30_000, "characters <"),
        ("<div>" * (MAX_DEPTH + 1), f"{MAX_DEPTH} levels of nested elements"),
        ("<ul><li>" * (MAX_DEPTH + 1), "levels of nested elements"),
        ("<table><tr><td>" * (MAX_DEPTH + 1), "levels of nested elements"),
        ("<div></x>" * 9_000, "levels of nested elements"),
        ("<b><table></b></table>" * 4_000, "do not end"),
        ("<svg><title>" + "<div>" * 10_000, f"{MAX_AMBIGUOUS_ELEMENTS:,} elements"),
        ("<noscript><!--</noscript>" + "<div>" * 10_000 + "-->", f"{MAX_AMBIGUOUS_ELEMENTS:,} elements"),
        ("".join(f"<font color={number}>" for number in range(100)) + "<p>x" * 5_000, "do not end"),
        ("".join(f"<p><font color={number}>x</i>" for number in range(1_500)), "do not end"),
        (f"<style>{'/* x */ ' * (MAX_CSS_LENGTH // 8 + 1)}</style>", "characters of different CSS"),
        (f"<p style='{'a:b;' * (MAX_CSS_PARTS + 1)}'>", "different declarations"),
        ("".join(f"<p style='color:#{number:06}'>x" for number in range(6_000)), "different CSS"),
    ],
)
def test_what_breaks_a_limit_is_refused_with_its_place(html: str, told: str) -> None:
    with pytest.raises(HtmlLimitError, match=told) as refused:
        check_html("x\n" + html)
    assert "(line 2, column" in str(refused.value)
    with pytest.raises(TemplateLimitProblem, match=told):
        parse_template("x\n" + html, True)
    with pytest.raises(HtmlLimitError):
        sanitize(html)


@pytest.mark.parametrize(
    "html",
    [
        NEWSLETTER,
        "<table><tbody><tr><td>" * 124 + "x",
        "<p>x" * MAX_ELEMENTS,
        "<p>x</p>" * MAX_ELEMENTS,
        "<p style='color: red'>x" * MAX_ELEMENTS,
        "<b>x</b><i><u>y</u></i>" * 3_000,
        "<p><font color=red>x</p>" * 100,
        f"<img src='data:image/png;base64,{'A' * 150_000}' alt='a > b'>",
        "&nbsp;&zwnj;" * 300 + "x",
    ],
)
def test_large_emails_are_within_the_limits(html: str) -> None:
    check_html(html)
    assert sanitize(html)


@pytest.mark.parametrize(
    "piece",
    ["<", "<a", "<a ", "<a b", "<a b='", "<a b=\"", "<a '", "<!--", "<!", "<!---->", "</", "</a", "</a b='", "<style>",
     "<style></", "<title>", "<script><!--", "</p ", "<p/", "<p =", "<p ='", "<p\n", "&", "&#", "&#x0", "<a/b/c",
     "<x y=z "],
)  # fmt: skip
def test_the_pass_takes_linear_time(piece: str) -> None:
    """What may begin a piece always does, and pieces do not overlap: no character is looked at twice but one."""
    html = piece * (20_000 // len(piece))
    read = [found.span() for found in _TOKEN.finditer(html)]
    edges = [0, *(edge for span in read for edge in span), len(html)]
    assert edges == sorted(edges)
    between = [html[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]
    assert not any(_BEGINS.search(text) for text in between)


@pytest.mark.parametrize(
    "css",
    ["color: red", "COLOR:#FFF;", "margin:0 auto ; padding: 1.5em", "font-family: Arial, sans-serif", "a:b,c", ";;",
     "border: 1px solid #ccc !important", "line-height:-1.25%", "width:100%!important", "display : none"],
)  # fmt: skip
def test_plain_css_is_written_as_tinycss2_writes_it(css: str) -> None:
    plain = _sanitize_simple(css)
    assert plain is not None
    slow = sanitize_declarations.__wrapped__(css + ";x:'y'")
    assert slow.css == "; ".join(filter(None, (plain.css, 'x: "y"')))


@pytest.mark.parametrize(
    "css", ["position: fixed", "behavior: a", "a: url(x)", "--x: 1", "a: 1e3", "a", "a: b\\63", "-moz-binding:x"]
)
def test_other_css_is_read_by_tinycss2(css: str) -> None:
    assert _sanitize_simple(css) is None


@pytest.mark.parametrize("css", ["a:" + "(" * 31, "a:" + "[{(" * 11, "a:" + "((" * 20_000 + "))" * 20_000])
def test_css_that_is_nested_too_deeply_is_taken_out(css: str) -> None:
    assert sanitize_declarations(css) == TOO_DEEP
