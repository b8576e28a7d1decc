"""Sanitized HTML has no scripts and loads nothing, and keeps the layout of emails from other tools."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.mail.html.sanitize import sanitize
from api.mail.removed_html import find_removed_html
from tests.mail.hostile_html import PIECES, html_of, problems


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "<!doctype html><html><head><meta charset=utf-8><title>T</title></head><body bgcolor=red><p>x</p></body>",
            '<div bgcolor="red"><p>x</p></div>',
        ),
        ("a<br>b<hr/><img src=https://a.example/i.png alt=I>", 'a<br>b<hr><img src="https://a.example/i.png" alt="I">'),
        ("<p>a<!-- note --></p><!-->x", "<p>a</p>x"),
        (
            '<table width="600" cellpadding="0" cellspacing=0 border=0 bgcolor="#fff" align=center class="m"><tr>'
            '<td valign=top width=50% style="color:red">x</td></tr></table>',
            '<table width="600" cellpadding="0" cellspacing="0" border="0" bgcolor="#fff" align="center" class="m">'
            '<tbody><tr><td valign="top" width="50%" style="color: red">x</td></tr></tbody></table>',
        ),
        (
            "<style><!-- .m > p { color: red } @media (max-width: 9px) { .m { width: 1% !important } } --></style>x",
            "<style>\n.m > p { color: red }\n@media (max-width: 9px) { .m { width: 1% !important } }\n</style>x",
        ),
        (
            '<!--[if mso]><table width="600"><tr><td><![endif]--><p>x</p><!--[if mso]></td></tr></table><![endif]-->',
            '<!--[if mso]><table width="600"><tr><td><![endif]--><p>x</p><!--[if mso]></td></tr></table><![endif]-->',
        ),
        ("<!--[if !mso]><!--><p>x</p><!--<![endif]-->", "<!--[if !mso]><!--><p>x</p><!--<![endif]-->"),
        ("<!--[if !mso]><!-- --><p>x</p><!-- <![endif]-->", "<!--[if !mso]><!--><p>x</p><!--<![endif]-->"),
        ("<!--[if !gte mso 9]><!----><p>x</p><!--<![endif]-->", "<!--[if !gte mso 9]><!--><p>x</p><!--<![endif]-->"),
        ("<![if !mso]><p>x</p><![endif]>", "<!--[if !mso]><!--><p>x</p><!--<![endif]-->"),
        ('<!--[if mso]><img src=x onerror="y"><![endif]-->x', "x"),
        ('<!--[if mso]><p style="behavior:url(x)">y</p><![endif]-->x', "x"),
        (
            "<font color=red face=Arial>x</font><center>y</center>",
            '<font color="red" face="Arial">x</font><center>y</center>',
        ),
    ],
)
def test_what_other_tools_write(source: str, expected: str) -> None:
    assert html_of(source) == expected


@pytest.mark.parametrize(
    ("css", "expected"),
    [
        ("color:red;;width:50%", "color: red; width: 50%"),
        ("background:url(https://a.example/i.png) no-repeat", "background: url(https://a.example/i.png) no-repeat"),
        ("background:url('https://a.example/i.png')", 'background: url("https://a.example/i.png")'),
        ("background:url(javascript:x)", ""),
        ("background:url(//a.example/x);color:red", "color: red"),
        ("cursor:url(https://a.example/x)", ""),
        ("width:expression(alert(1))", ""),
        ("width:\\65xpression(alert(1))", ""),
        ("width:expr/**/ession(alert(1))", ""),
        ("behavior:x;-moz-binding:y;position:fixed;color:red", "color: red"),
        (
            "mso-line-height-rule:exactly;-webkit-text-size-adjust:none",
            "mso-line-height-rule: exactly; -webkit-text-size-adjust: none",
        ),
        ("color:rgb(1,2,3) !important", "color: rgb(1,2,3) !important"),
        ("--x:1;color:var(--x)", ""),
    ],
)
def test_styles(css: str, expected: str) -> None:
    quoted = css.replace('"', "&quot;")
    made = html_of(f'<p style="{quoted}">x</p>')
    escaped = expected.replace('"', "&quot;")
    assert made == (f'<p style="{escaped}">x</p>' if expected else "<p>x</p>")


@pytest.mark.parametrize(
    "css",
    [
        "@import 'x';",
        "@import url(x);",
        "a{background:url(https://a.example/x)}",
        "a{b:expression(x)}",
        "@font-face{src:url(x)}",
        "a{b:'</style><script></script>'}",
        "a[b='</style>']{c:d}",
        "</style ><script>alert(1)</script>",
        "@charset 'x';",
        "a{b:c}</STYLE><img src=x onerror=y>",
        "@media x{@import 'y';a{b:url(z)}}",
        "<!-- --></style>",
        "\\",
    ],
)
def test_a_stylesheet_loads_nothing_and_does_not_end_early(css: str) -> None:
    made = sanitize(f"<style>{css}</style><p>x</p>")
    assert not any(bad in made for bad in ("@import", "url(", "expression", "<script", "onerror", "@font-face"))
    assert "<p>x</p>" in made
    assert made.count("</style>") <= 1


@given(st.lists(PIECES, max_size=14).map("".join))
def test_whatever_is_sanitized_is_safe_and_stays_safe(html: str) -> None:
    once = sanitize(html)
    assert problems(once) == problems(sanitize(once)) == []


@pytest.mark.parametrize(
    "html",
    ["<style>a{b:" + "(" * 3_900 + "}</style>", "<p style='a:" + "(" * 3_900 + "'>", "<a " * 200, "<!--" * 15_000],
)
def test_hostile_css_and_html_is_read_soon_and_dropped(html: str) -> None:
    assert len(sanitize(f"{html}x")) < 100
    assert len(find_removed_html(html, template=True)) < 5
