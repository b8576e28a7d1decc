"""The body of an email: values are escaped, and every tag of the template stays in its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.mail.message.body import render_body
from api.mail.message.compose import EmailContent, compose
from api.mail.templates.liquid import TemplateProblem, render
from tests.mail.hostile_html import FIELDS, NOW, PRICES, html_of, problems, shown


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
