"""The quick way of rendering says what liquid says, for every template that it takes."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.mail.templates import liquid as module
from api.mail.templates.liquid import TemplateProblem, UnresolvedFieldError, render, simple_template

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
NAMES = ["first_name", "title", "company", "city", "now", "template", "partial", "Ünï-1"]
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="{}%'\"\\"), max_size=8)
VALUES = st.one_of(WORDS, st.sampled_from(["", " ", "\n", "\u00a0", "<b>&\"'", "{{ city }}", "{% if %}"]))
FIELD = st.builds(
    "{{{{{}{}{}{}}}}}".format,
    st.sampled_from(["", " ", "- "]),
    st.sampled_from(NAMES),
    st.one_of(st.just(""), WORDS.map(" | default: '{}'".format), st.sampled_from([" | upcase", " | default: title"])),
    st.sampled_from(["", " ", " -"]),
)
TEMPLATES = st.lists(st.one_of(FIELD, WORDS, st.sampled_from(["<p>", "&amp;", "\n", " "])), max_size=6).map("".join)


def said(source: str, fields: dict[str, str], html: bool) -> tuple[str, str]:
    try:
        return "said", render(source, fields, NOW, html=html).text
    except (UnresolvedFieldError, TemplateProblem) as problem:
        return type(problem).__name__, str(problem)


@given(source=TEMPLATES, fields=st.dictionaries(st.sampled_from(NAMES), VALUES), html=st.booleans())
def test_both_ways_agree(source: str, fields: dict[str, str], html: bool) -> None:
    quick = said(source, fields, html)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "simple_template", lambda source, html: None)
        assert said(source, fields, html) == quick


@pytest.mark.parametrize(
    ("source", "quick"),
    [
        ("Hi {{ first_name | default: 'you' }}, how is {{ company }}?", True),
        ("{{ now }}", False),
        ("{{ first_name | upcase }}", False),
        ("{% if city %}x{% endif %}", False),
        ("{{ city.name }}", False),
    ],
)
def test_which_templates_are_simple(source: str, quick: bool) -> None:
    assert (simple_template(source, True) is not None) is quick


def test_a_long_result_is_measured_by_liquid() -> None:
    with pytest.raises(TemplateProblem):
        render("{{ city }}{{ city }}", {"city": "x" * 300_000}, NOW, html=False)
