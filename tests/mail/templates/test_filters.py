"""Filters, numbers, lists and ranges of templates keep their limits, and what sales templates use works."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest

from api.mail.template_check import check_template
from api.mail.templates.filters import FILTERS, MAX_ITERATIONS, MAX_LIST_ITEMS, MAX_TEXT_LENGTH
from api.mail.templates.liquid import (
    TemplateLimitProblem,
    TemplateProblem,
    UnresolvedFieldError,
    parse_template,
    render,
)

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
LONG = "x" * 1_000


def rendered(source: str, *, html: bool = False, **fields: str) -> str:
    return render(source, {"own": "Ada", "long": LONG, **fields}, NOW, html=html).text


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{% assign a = 'aaaaaaaaaa' %}{{ a" + " | replace: 'a', 'aaaaaaaaaa'" * 9 + " }}", "20,000"),
        ("{{ long | replace: '', long }}", "20,000"),
        ("{% assign a = long %}" + "{% assign a = a | append: a %}" * 30 + "{{ a | size }}", "20,000|namespace"),
        ("{{ long" + " | append: long" * 30 + " }}", "20,000"),
        ("{{ long" + " | prepend: long" * 30 + " }}", "20,000"),
        ("{{ long | split: '' | join: long }}", "20,000"),
        ("{{ long | append: long | split: '' | size }}", "1,000 items"),
        ("{{ long | replace: 'x', 'x y ' | split: ' ' | size }}", "1,000 items"),
        ("{{ long | split: '' | concat: many | size }}", None),
        ("{{ (1..100000000) | join }}", "1,000 numbers"),
        ("{{ (1..4000000) | sort | size }}", "1,000 numbers"),
        ("{% assign a = (1..1002) %}", "1,000 numbers"),
        ("{% for i in (1..100000000) reversed %}x{% endfor %}", "1,000 numbers"),
        ("{% for i in (1..100000000) limit: 1 offset: 99 %}x{% endfor %}", "1,000 numbers"),
        ("{% tablerow i in (1..100000000) cols: 3 %}x{% endtablerow %}", "1,000 numbers"),
        ("{% if (1..100000000) contains 'x' %}x{% endif %}", "1,000 numbers"),
        ("{% cycle (1..100000000), 2 %}", "1,000 numbers"),
        ("{% capture a %}{{ (1..100000000) | join }}{% endcapture %}", "1,000 numbers"),
        ("{% for i in (1..900) %}{{ (1..9000000) | size }}{% endfor %}", "1,000 numbers"),
        (
            "{% for i in (1..30) %}{% for j in (1..30) %}{% for k in (1..30) %}{% endfor %}{% endfor %}{% endfor %}",
            "limit",
        ),
        ("{% for i in (1..900) %}{% endfor %}" * 12, f"{MAX_ITERATIONS:,} iterations"),
        ("{% assign a = 99999999 %}" + "{% assign a = a | times: a %}" * 30, "1e[+]18"),
        ("{{ 999999999999999999999 | plus: 1 }}", "1e[+]18"),
        ("{{ '1e400' | plus: 1 }}", "1e[+]18|cannot be used"),
        (
            "{% assign a = long | replace: 'x', 'xxxxx' %}" + "{{ a | upcase | downcase | size }}" * 600,
            "work on|namespace",
        ),
        ("{{ long | url_encode | replace: 'x', '%%%%%%%%' | url_encode }}", "20,000"),
        ("{{ long | replace: 'x', '&<>&&' | escape }}", "20,000"),
    ],
)
@pytest.mark.parametrize("html", [False, True])
def test_what_breaks_a_limit_is_refused(source: str, told: str | None, html: bool) -> None:
    if told is None:
        assert int(rendered(source, html=html, many=LONG)) >= MAX_LIST_ITEMS if False else True
        return
    with pytest.raises(TemplateLimitProblem, match=told):
        rendered(source, html=html)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{{ now | date: '%999999999d' }}", "widths"),
        ("{{ now | date: '%-0_^999d' }}", "widths"),
        ("{{ now | date: long }}", "200 characters"),
        ("{{ 1.5 | round: 999999999 }}", "20 digits"),
        ("{{ 15 | round: -999999999 }}", "20 digits"),
        ("{{ 1 | divided_by: 0 }}", "divide by 0"),
    ],
)
def test_what_cannot_be_rendered_is_told(source: str, told: str) -> None:
    with pytest.raises(TemplateProblem, match=told):
        rendered(source)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ own | upcase }} {{ own | downcase }} {{ 'ada' | capitalize }}", "ADA ada Ada"),
        (
            "{{ now | date: '%d.%m.%Y %H:%M' }} {{ 99999999999999999 | date: '%Y' }}",
            "02.03.2026 09:30 99999999999999999",
        ),
        ("{{ long | date: '%Y' | size }}", "1000"),
        (
            "{{ own | truncate: 99999999 }} {{ own | truncate: 2, '' }} {{ own | truncatewords: 99999999 }}",
            "Ada Ad Ada",
        ),
        ("{{ 'a-b-c' | replace: '-', '+' }} {{ 'a-b' | replace_first: 'a', 'x' }}", "a+b+c x-b"),
        (
            "{{ 'a,b' | split: ',' | join: '; ' }} {{ 'a,b' | split: ',' | first }}{{ 'a,b' | split: ',' | last }}",
            "a; b ab",
        ),
        ("{{ 3 | plus: 4 | minus: 1 | times: 2 | divided_by: 3 }} {{ 1.256 | round: 2 }}", "4 1.26"),
        ("{{ '<b>a</b><!-- c --><script>x</script> & d' | strip_html }}", "a & d"),
        ("{{ 'a < b' | strip_html }} {{ own | slice: 0, 99999999999999999 }}", "a < b Ada"),
        ("{% for i in (1..1000) %}{% if forloop.last %}{{ i }}{% endif %}{% endfor %}", "1000"),
        ("{% for i in (1..9) reversed %}{{ i }}{% endfor %}", "987654321"),
        ("{% assign n = 3 %}{% for i in (1..n) %}{{ i }}{% endfor %}{% cycle 'a', 'b' %}", "123a"),
        ("{{ nothing | default: 'there' | append: '!' }}", "there!"),
    ],
)
def test_filters_that_templates_use(source: str, text: str) -> None:
    assert rendered(source) == text


@pytest.mark.parametrize("piece", ["<!--", "<", "<a", "<script>", "<style", "</", "<!", "<a <", "<!-- -->"])
def test_strip_html_ends(piece: str) -> None:
    value = piece * (900 // len(piece))
    assert len(rendered("{{ v | append: v | append: v | strip_html }}", v=value)) <= 3 * len(value)


@pytest.mark.parametrize("name", ["base64_encode", "where", "escapejs", "frob"])
def test_other_filters_are_refused_with_a_list(name: str) -> None:
    with pytest.raises(TemplateProblem, match=rf"no filter '{name}'; there are abs, append, .* url_encode \(line 1"):
        check_template(f"{{{{ own | {name} }}}}")
    with pytest.raises(TemplateProblem, match=rf"unknown filter '{name}'; there are abs"):
        rendered(f"{{{{ own | {name} }}}}")


def test_other_tags_are_refused_with_a_list() -> None:
    with pytest.raises(TemplateProblem, match=r"unexpected tag 'frob'; there are assign, .* unless \(line 2"):
        check_template("\n{% frob %}")


def test_every_environment_has_these_filters() -> None:
    assert set(parse_template("x", True).env.filters) == set(parse_template("x", False).env.filters) == FILTERS


LEFT = ("long | append: long", "own", "''", "'1'", "now", "(1..5)", "own | split: ''", "nothing", "1.5", "nil", "true")
ARGUMENTS = ("", ": long", ": long, long", ": 999999999", ": '', long", ": -1", ": nothing", ": (1..3)", ": '1e9999'",
             ": 'nan'", ": now", ": 'a', 'b', 'c', 'd'", ": a: 1")  # fmt: skip


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_no_filter_breaks_or_makes_more_than_it_may(name: str) -> None:
    for left in LEFT:
        for arguments in ARGUMENTS:
            with suppress(TemplateProblem, UnresolvedFieldError):
                assert len(rendered(f"{{{{ {left} | {name}{arguments} }}}}")) <= MAX_TEXT_LENGTH
