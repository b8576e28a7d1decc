"""Sanitizing a template once for all people gives the same email as sanitizing each email."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.mail.message import body as module
from api.mail.message.body import Body, render_body
from api.mail.templates.liquid import TemplateProblem, UnresolvedFieldError
from tests.mail.hostile_html import FIELDS, NOW, PIECES, VALUES, problems


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
