"""Hostile tags are refused before any reader looks for their end again and again."""

import pytest

from api.mail import template_check
from api.mail.template_check import check_template
from api.mail.templates.liquid import TemplateProblem, parse_template
from api.mail.templates.prompts import find_remaining_prompts
from api.mail.templates.tag_limits import MAX_TAG_LENGTH, MAX_WHITESPACE_LENGTH, find_tag_problem


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("Hi {{ first_name }} {% if a %}x{% endif %} {b} {", None),
        ("{{ a", ("expected '}}', found end of file", 0)),
        ("x {% if a }}", ("expected '%}', found end of file", 2)),
        ("{{" * 100_000, ("expected '}}', found end of file", 0)),
        ("{{!" * 60_000, ("expected '}}', found end of file", 0)),
        ("{{ a }}" + "{%" * 90_000, ("expected '%}', found end of file", 7)),
        ("{{ " + "a" * MAX_TAG_LENGTH + " }}", (f"a tag may have {MAX_TAG_LENGTH} characters", 0)),
        ("{{ " + "a" * (MAX_TAG_LENGTH - 10) + " }}", None),
        (
            "{{ a" + " " * (MAX_WHITESPACE_LENGTH + 1) + "}}",
            (f"a tag may have {MAX_WHITESPACE_LENGTH} characters of white space in a row", 0),
        ),
        ("{{ a" + " " * MAX_WHITESPACE_LENGTH + "}}", None),
        ("{% raw %}{{ {% x{% endraw %}{{ a }}", None),
        ("{% raw %}{{ a }}", ("raw tag was never closed", 0)),
        ("{%- raw -%}{{{%- endraw -%}{{", ("expected '}}', found end of file", 27)),
        ("{% doc %}{{{% enddoc %}", None),
        ("{% comment %}" * 1_900 + "{% endcomment %}", None),
        ("{% comment %}" * 15_000, ("comment tag was never closed", 0)),
        ("{% endcomment %}{% comment %}", ("comment tag was never closed", 16)),
    ],
)
def test_tags(source: str, problem: tuple[str, int] | None) -> None:
    wrong = find_tag_problem(source)
    assert (wrong and (wrong.message, wrong.index)) == problem


@pytest.mark.parametrize(
    "source", ["{{" * 100_000, "{{!" * 60_000, "{%" * 90_000, "{% raw %}" * 20_000, "{%#" * 60_000]
)
def test_hostile_templates_are_refused(source: str) -> None:
    with pytest.raises(TemplateProblem, match=r"line 1, column 1"):
        check_template(source, html=True)


def test_where_a_tag_does_not_end() -> None:
    with pytest.raises(TemplateProblem, match=r"expected '}}', found end of file \(line 2, column 4\)"):
        check_template("Hi\nyou{{ first_name }")


@pytest.mark.parametrize("failing", [0, 1, 57, 99])
def test_where_a_tag_cannot_be_rendered(failing: int) -> None:
    tags = ["{{ a }}" if number != failing else "{{ a | divided_by: 0 }}" for number in range(100)]
    source = "".join(tags)
    with pytest.raises(TemplateProblem, match=rf"\(line 1, column {7 * failing + len('{{ a | ') + 1}\)"):
        check_template(source)
    assert template_check._find_failing_node(parse_template(source, False), {"a": "1"}) == 7 * failing


def test_prompts_without_end() -> None:
    assert find_remaining_prompts("{{!" * 60_000 + " Ask <b>who</b> }}", [], html=True) == ("Ask who",)
    assert find_remaining_prompts("{{! " + "<" * 100_000 + " }}", [], html=True) == ("<" * 100_000,)
