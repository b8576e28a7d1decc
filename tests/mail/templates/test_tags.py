"""Tags mean what their author meant, whatever an HTML editor has made of them; a refusal says where."""

import contextlib
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.mail.message.body import render_body
from api.mail.template_check import check_template
from api.mail.templates.liquid import TemplateProblem, render
from api.mail.templates.tags import prepare_template

NOW = datetime(2026, 3, 3, 0, 30, tzinfo=ZoneInfo("Europe/Berlin"))
"""Still the second of March in UTC."""


@pytest.mark.parametrize(
    "source",
    [
        "{{ name | default: &quot;there&quot; }}",
        "{{ name | default: &#34;there&#34; }}",
        "{{ name | default: &#x27;there&#x27; }}",
        "{{ name | default: &apos;there&apos; }}",
        "{{&nbsp;name&nbsp;|&nbsp;default:&nbsp;&quot;there&quot;&nbsp;}}",
        "{{\u00a0name\u00a0| default: \u201cthere\u201d }}",
        "{{ name | default: \u2018there\u2019 }}",
        "{{ name | default: \u201ethere\u201c }}",
        "{{ name | default: &ldquo;there&rdquo; }}",
        "{% if n &gt; 5 and n &lt; 7 %}there{% endif %}",
        "{% if n &gt;= &quot;6&quot; and n == &quot;6&quot; and n == 6 %}there{% endif %}",
        "{% if company == &quot;R&amp;D&quot; %}there{% endif %}",
        "{% if company contains &#39;&amp;&#39; %}there{% endif %}",
        "{% unless n &gt; 50 %}there{% endunless %}",
        "{%&nbsp;assign x = &quot;there&quot;&nbsp;%}{{ x }}",
        "{% case company %}{% when &quot;R&amp;D&quot; %}there{% endcase %}",
    ],
)
def test_what_editors_escape_works_in_html_text_and_subject(source: str) -> None:
    check_template(source, html=True)
    check_template(source, line=True)
    fields = {"n": "6", "company": "R&D"}
    assert render(source, fields, NOW, html=False).text == "there"
    made = render_body(f"<p>{source}</p>", fields, NOW)
    assert (made.html, made.text) == ("<p>there</p>", "there\n")


@pytest.mark.parametrize(
    ("source", "html", "text"),
    [
        ("&amp; &quot;{{ name }}&quot;", '&amp; "Ada"', "&amp; &quot;Ada&quot;"),
        ('{{ x | default: "R&amp;D" }}', "R&amp;D", "R&amp;D"),
        ('{{ x | default: "&lt;b&gt;" }}', "&lt;b&gt;", "&lt;b&gt;"),
        ('{{ x | default: "<b>bold</b>" }}', "<b>bold</b>", "<b>bold</b>"),
        ('{{ x | default: "don\u2019t \u201cgo\u201d" }}', "don\u2019t \u201cgo\u201d", "don\u2019t \u201cgo\u201d"),
        ('{{ x | default: "say &quot;hi&quot;" }}', 'say "hi"', "say &quot;hi&quot;"),
        ("{% raw %}{{ &quot; }}{% endraw %}", '{{ " }}', "{{ &quot; }}"),
        ("{% # don't &quot; %}x", "x", "x"),
        ("{% comment %}&quot; ' {% endcomment %}x", "x", "x"),
    ],
)  # fmt: skip
def test_nothing_else_is_touched(source: str, html: str, text: str) -> None:
    assert render_body(source, {"name": "Ada"}, NOW).html == html
    assert render(source, {"name": "Ada"}, NOW, html=False).text == text


@given(
    st.lists(st.sampled_from([*"&;\"'<>=\u201c\u2019 x\n", "&quot;", "&#39;", "&nbsp;", "{", "}", "%"]), max_size=20)
)
def test_text_outside_of_tags_is_never_changed(pieces: list[str]) -> None:
    text = "".join(pieces).replace("{{", "").replace("{%", "")
    for html in (True, False):
        assert prepare_template(text, html).text == text
        assert prepare_template(f"{text} {{{{ x }}}}{text}", html).text == f"{text} {{{{ x }}}}{text}"


@pytest.mark.parametrize("html", [True, False])
@pytest.mark.parametrize(
    ("source", "where"),
    [
        ("<p>\n\n   {{ a | frob }}", "line 3, column 11"),
        ("<p>\n {% if x %}a", "line 2, column 2"),
        ("{% if x %}{% if y %}a{% endif %}", "line 1, column 1"),
        ("x\n  {{ a b c }}", "line 2, column 8"),
        ("ab {{ a", "line 1, column 4"),
        ("a {% nothing %}", "line 1, column 6"),
        ("<p>\n <b>{{ x | divided_by: 0 }}", "line 2, column 12"),
        ("&nbsp;{{ &quot;x&quot; | nope }}", "line 1, column 16"),
        ("\n\n{{ }}", "line 3, column 1"),
        ("é\n{% for i in (1..99999) %}x{% endfor %}", "line 2, column 13"),
        ("{{ &quot;a&quot; }}\n&amp;{{ b c }}", "line 2, column 11"),
        ("{{ a | default: 'x }}", "line 1, column 17"),
        ('{{ "x" | date: "%Y" | divided_by: 0 }}', "line 1, column 23"),
    ],
)
def test_a_refusal_has_line_and_column(source: str, where: str, html: bool) -> None:
    with pytest.raises(TemplateProblem) as refused:
        check_template(source, html=html)
    assert str(refused.value).endswith(f"({where}).")


@pytest.mark.parametrize(
    "piece",
    ["{{ ", "{% ", "{{{", "{% raw %}", "{% comment %}", "{{! ", "%7B%7B", "{{ %}", "<a b='{{x}}", "<b>", "&quot;"],
)
def test_a_long_template_without_an_end_is_read_soon(piece: str) -> None:
    source = piece * (60_000 // len(piece))
    assert prepare_template(source, True).text
    with contextlib.suppress(TemplateProblem):
        check_template(source, html=True)


@pytest.mark.parametrize(
    "link", ["%7B%7B%20site%20%7D%7D", "%7b%7bsite%7d%7d", "{{%20site%20}}", "https://a.example/{{%20site%20}}"]
)
def test_a_field_in_a_link_that_a_browser_has_encoded(link: str) -> None:
    made = render_body(f'<a href="{link}">x</a> %7B%7B site', {"site": "https://b.example/"}, NOW)
    assert "https://b.example/" in made.html
    assert "%7B%7B site" in made.text


@pytest.mark.parametrize(
    "link",
    [
        "{{%20missing%20|%20default:%20%22https://b.example/a%20b%22%20}}",
        "{{%20missing%20%7C%20default%3A%20%27https://b.example/a%20b%27%20}}",
        "{%%20if%20n%20%3E%205%20%}https://b.example/a%20b{%%20endif%20%}",
        "{%%20if%20company%20==%20%22R&amp;D%22%20%}https://b.example/a%20b{%%20endif%20%}",
    ],
)
def test_a_tag_in_a_link_that_a_browser_has_encoded(link: str) -> None:
    source = f'<a href="{link}">x</a>'
    check_template(source, html=True)
    made = render_body(source, {"n": "6", "company": "R&D"}, NOW)
    assert made.html == '<a href="https://b.example/a%20b" rel="noopener noreferrer">x</a>'


def test_percent_signs_outside_of_addresses_stay() -> None:
    made = render_body('<p>{{ missing | default: "100%20 %22" }}</p>', {}, NOW)
    assert made.html == "<p>100%20 %22</p>"


@pytest.mark.parametrize("html", [False, True])
@pytest.mark.parametrize(
    "source",
    [
        '{% assign h = now | date: "%H" %}{% if h < "12" %}morning{% else %}later{% endif %}',
        '{% assign h = "now" | date: "%H" %}{% if h &lt; 12 and h &gt;= 9 %}morning{% else %}later{% endif %}',
        '{% capture h %}{{ now | date: "%H" }}{% endcapture %}{% if h >= "9" and h < "12" %}morning{% endif %}',
        '{% assign day = now | date: "%Y%m%d" %}{% if day <= "20260302" %}morning{% else %}later{% endif %}',
        '{% assign least = "5" %}{% if n > least %}morning{% endif %}',
        '{% assign all = "5,9,12" | split: "," %}{% for x in all %}{% if x > "9" %}morning{% endif %}{% endfor %}',
        '{% assign h = now | date: "%H" %}{% if h == "09" and h == 9 %}morning{% endif %}',
    ],
)
def test_what_a_template_assigns_compares_as_values_of_fields_do(source: str, html: bool) -> None:
    check_template(source, html=html)
    assert render(source, {"n": "12"}, NOW.replace(day=2, hour=9), html=html).text == "morning"


def test_a_subject_stays_one_line() -> None:
    with pytest.raises(TemplateProblem, match="single line"):
        check_template('{{ "a,b" | split: "," | join: "\n" }}', line=True)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ now | date: '%Y-%m-%d %H:%M %Z' }}", "2026-03-03 00:30 CET"),
        ("{{ 'now' | date: '%d %H:%M' }}", "03 00:30"),
        ("{{ 'today' | date: '%d' }}", "03"),
        ("{{ today }}", "2026-03-03"),
        ("{{ today | date: '%A' }}", "Tuesday"),
        ("{{ now }}", "2026-03-03 00:30:00+01:00"),
        ("{{ at | date: '%d.%m. %H:%M' }}", "03.03. 00:15"),
        ("{{ day | date: '%d.%m.' }}", "09.04."),
        ("{{ 0 | date: '%H:%M' }}", "01:00"),
        ("{{ '0' | date: '%H:%M' }}", "01:00"),
        ("{{ '10:15' | date: '%Y-%m-%d %H:%M' }}", "2026-03-03 10:15"),
        ("{{ 'whenever' | date: '%Y' }}", "whenever"),
        ("{% assign now = 'x' %}{{ 'now' | date: '%d' }}", "03"),
    ],
)
def test_dates_are_by_the_clock_in_its_zone(source: str, said: str) -> None:
    fields = {"at": "2026-03-02T23:15:00Z", "day": "2026-04-09"}
    assert render(source, fields, NOW, html=False).text == said
