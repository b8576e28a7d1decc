"""The body of an email: safe whatever its fields hold, with every tag of the template at its place."""

from datetime import datetime
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.mail.html.sanitize import sanitize
from api.mail.message import body as module
from api.mail.message.body import Body, render_body
from api.mail.message.compose import EmailContent, compose
from api.mail.removed_html import find_removed_html
from api.mail.templates.liquid import TemplateProblem, UnresolvedFieldError, render

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=ZoneInfo("Europe/Berlin"))
FIELDS = {"first_name": "Ada", "company": "Acme", "title": "VIP"}


def html_of(source: str, **fields: str) -> str:
    return render_body(source, FIELDS | fields, NOW).html


PRICES = '<table><tr><td>For all</td></tr>{% if title == "VIP" %}<tr><td>VIP price</td></tr>{% endif %}</table>'


def test_a_row_of_a_table_stays_in_its_condition() -> None:
    assert "VIP price" in html_of(PRICES)
    other = render_body(PRICES, FIELDS | {"title": "CEO"}, NOW)
    assert "VIP" not in other.html + other.text
    assert "For all" in other.text


def test_a_loop_makes_rows() -> None:
    made = html_of("<table>{% for i in (1..2) %}<tr><td>{{ i }}</td></tr>{% endfor %}</table>")
    assert made == "<table><tbody><tr><td>1</td></tr><tr><td>2</td></tr></tbody></table>"


@pytest.mark.parametrize(("company", "url"), [("Acme", "https://example.com/a"), ("Other", "https://example.com/b")])
def test_a_condition_in_a_link_keeps_the_link(company: str, url: str) -> None:
    source = (
        """<a href="{% if company == 'Acme' %}https://example.com/a{% else %}https://example.com/b{% endif %}">x</a>"""
    )
    made = render_body(source, FIELDS | {"company": company}, NOW)
    assert f'href="{url}"' in made.html
    assert url in made.text


@pytest.mark.parametrize(
    "site",
    [
        "javascript:alert(1)",
        " JavaScript:alert(1)",
        "java\tscript:alert(1)",
        "\x01javascript:x",
        "vbscript:x",
        "data:text/html,<script>",
        '" onclick="alert(1)',
        "x' onmouseover='y",
        "https://a.example/?a=1&b=2",
    ],
)
@pytest.mark.parametrize(
    "source", ['<a href="{{ site }}">x</a>', "<a href='{{ site }}'>x</a>", "<a href={{ site }}>x</a>"]
)
def test_a_link_of_a_field_is_safe(site: str, source: str) -> None:
    made = render_body(source, FIELDS | {"site": site}, NOW)
    assert problems(made.html) == []
    assert "script:" not in made.text.lower()
    if site.startswith("https"):
        assert "https://a.example/?a=1&amp;b=2" in made.html


def test_a_link_whose_quotes_clash_with_those_of_its_tag_works() -> None:
    source = '<a href="{{ link | default: "https://example.com/x?a=1&amp;b=2" }}">go</a>'
    assert 'href="https://example.com/x?a=1&amp;b=2"' in html_of(source)
    assert 'href="https://e.example/"' in html_of(source, link="https://e.example/")
    assert 'title="say &quot;hi&quot;"' in html_of("""<p title="{{ x | default: 'say "hi"' }}">y</p>""")


@pytest.mark.parametrize("source", ["<p>{{ company }}</p>", "<p>{% if title %}{{ company }}{% endif %}</p>"])
@pytest.mark.parametrize(
    "value", ["R&D <b>", "a &amp; b", '"quoted"', "x\u00a0y", " spaced  out ", "{{ a & b }}", "}}", "{% x %}"]
)
def test_a_value_is_escaped_once_in_html_and_never_in_text(source: str, value: str) -> None:
    made = render_body(source, {"company": value, "title": "x"}, NOW)
    assert shown(made.html) == value
    assert made.text.strip() == " ".join(value.split())
    composed = compose(
        EmailContent("{{ company }}", source, "{{ company }}"), {"company": value, "title": "x"}, NOW, None
    )
    assert (composed.subject, composed.text) == (value.strip(), value)


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


# -- the short cut says what sanitizing each person's email says


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


def result(source: str, fields: dict[str, str]) -> Body | str:
    try:
        return render_body(source, fields, NOW)
    except (UnresolvedFieldError, TemplateProblem) as problem:
        return str(problem)


@given(
    st.lists(PIECES, max_size=14).map("".join),
    st.fixed_dictionaries(dict.fromkeys(["first_name", "company", "city", "title", "site"], VALUES)),
)
@example("<table>{{ first_name }} <tr><td>x", {"first_name": ""})
@example("<p><b>x</p>{{ first_name }}{{ company }}", {"first_name": "", "company": "x"})
@example("<{{ first_name }}", {"first_name": "b>"})
@example("<plaintext>{{ company }}", {"company": "R&D"})
@example("<img alt='x'>{{ city }}<b>{{ site }}</b>", {"city": "+49 30", "site": "#1"})
def test_the_short_cut_says_the_same(source: str, fields: dict[str, str]) -> None:
    short = result(source, fields)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_render_with_frame", lambda *_, **__: None)
        assert result(source, fields) == short
    if isinstance(short, Body):
        assert problems(short.html) == []


@pytest.mark.parametrize(
    ("source", "short"),
    [
        ("<p>Hi {{ first_name }}, how is {{ company }}?</p>", True),
        ("<table><tr><td>{{ first_name }}</td></tr></table>", True),
        ('<a href="{{ site | default: "https://a.example" }}">x</a>', True),  # for those who have no site
        ('<a href="{{ company }}">x</a>', False),
        ("<p {{ company }}>x</p>", False),
        ("<style>{{ company }}</style>", False),
        ("<title>{{ company }}</title>", False),
        ("<!-- {{ company }} -->", False),
        ("{% if title %}x{% endif %}", False),
    ],
)
def test_which_templates_take_the_short_cut(source: str, short: bool) -> None:
    assert (module._render_with_frame(source, FIELDS, quoted=False) is not None) is short


@pytest.mark.parametrize("value", ["+49 30 1", "(Acme)", "#1", "$5", "\u20ac5", "@ada", "R&D", "O'Neil"])
def test_which_values_take_the_short_cut(value: str) -> None:
    assert module._render_with_frame("<p>Hi {{ city }}</p>", {"city": value}, quoted=False) is not None


def test_the_text_of_a_table_is_made_once_for_all() -> None:
    frame = module.make_frame(
        "<table><tr><td>Hi {{ first_name }}</td><td>{{ city }}</td></tr></table>", (True, True), False
    )
    assert frame is not None
    assert frame.text is not None


# -- every tag of a template stays at its place


def conditional(branches: list[str]) -> str:
    return "".join(f"{{% if place == '{number}' %}}{branch}{{% endif %}}" for number, branch in enumerate(branches))


@given(
    st.lists(st.sampled_from(["<tr><td>{}</td></tr>", "<li>{}</li>", "<p>{}</p>", "{}"]), min_size=1, max_size=5),
    st.integers(0, 5),
)
def test_each_person_gets_the_branches_that_are_theirs(shapes: list[str], chosen: int) -> None:
    branches = [shape.format(f"branch{number}") for number, shape in enumerate(shapes)]
    for around in ("<table>{}</table>", "<ul>{}</ul>", "<table><tr><td>x</td></tr>{}</table>", "<p>{}</p>"):
        made = render_body(around.format(conditional(branches)), {"place": str(chosen)}, NOW)
        expected = [f"branch{chosen}"] if chosen < len(branches) else []
        assert [name for name in (f"branch{number}" for number in range(6)) if name in made.html] == expected
        assert [name for name in (f"branch{number}" for number in range(6)) if name in made.text] == expected


@given(st.lists(PIECES, max_size=14).map("".join))
def test_whatever_is_sanitized_is_safe_and_stays_safe(html: str) -> None:
    once = sanitize(html)
    assert problems(once) == problems(sanitize(once)) == []


class _Reader(HTMLParser):
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
    return _Reader(html).bad


def shown(html: str) -> str:
    return "".join(_Reader(html).text)


def test_render_knows_what_is_not_html() -> None:
    assert render("{{ company }}", {"company": "A & <B>"}, NOW, html=False).text == "A & <B>"


@pytest.mark.parametrize("source", ["<div>" * 501, "{% for i in (1..600) %}<div>{% endfor %}"])
def test_html_that_is_nested_too_deeply_stops_soon(source: str) -> None:
    with pytest.raises(TemplateProblem, match="500 levels"):
        render_body(source, FIELDS, NOW)


def test_long_html_is_not_deep() -> None:
    assert (
        html_of("<table><tr><td>x" * 2 + "<tr><td>y" * 2000 + "<p>z" * 3000 + "<div>a</div>" * 2900).count("z") == 3000
    )


@pytest.mark.parametrize(
    "html",
    ["<style>a{b:" + "(" * 3_900 + "}</style>", "<p style='a:" + "(" * 3_900 + "'>", "<a " * 200, "<!--" * 15_000],
)
def test_hostile_css_and_html_is_read_soon_and_dropped(html: str) -> None:
    assert len(sanitize(f"{html}x")) < 100
    assert len(find_removed_html(html, template=True)) < 5
