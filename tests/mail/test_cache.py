"""Caches are bounded by bytes, and what may be read in the server's process is bounded by a linear look."""

import pytest

from api.mail import plain_text
from api.mail.cache import ENTRY_BYTES, Cache, cached_in, text_bytes
from api.mail.html import css
from api.mail.inline_limits import (
    MAX_QUICK_FIELDS,
    QUICK_HTML_LENGTH,
    QUICK_TEMPLATE_LENGTH,
    SlowWorkError,
    TemplateFact,
    is_quick_html,
    is_quick_template,
    run_quick,
)
from api.mail.message import body, wire
from api.mail.templates import liquid, tags


def counted(most: int) -> tuple[Cache[str], list[str], object]:
    calls: list[str] = []
    cache: Cache[str] = Cache(most, text_bytes)

    @cached_in(cache)
    def double(text: str) -> str:
        calls.append(text)
        return text * 2

    return cache, calls, double


def test_a_value_is_computed_once() -> None:
    _, calls, double = counted(100_000)
    assert [double("a"), double("b"), double("a")] == ["aa", "bb", "aa"]  # type: ignore[operator]
    assert calls == ["a", "b"]


def test_large_values_fill_no_more_than_the_cache_may_take() -> None:
    cache, _, double = counted(1_000_000)
    for number in range(1_000):
        double(f"{number}" + "x" * 10_000)  # type: ignore[operator]
        assert cache.bytes <= 1_000_000


def test_what_is_used_stays() -> None:
    cache, calls, double = counted(100 * (ENTRY_BYTES + 200))
    for number in range(1_000):
        double("used")  # type: ignore[operator]
        double(str(number))  # type: ignore[operator]
    assert calls.count("used") == 1
    assert ("used",) in cache
    assert ("1",) not in cache


def test_a_value_that_is_too_large_is_not_kept() -> None:
    cache, calls, double = counted(100_000)
    assert double("x" * 20_000) == double("x" * 20_000)  # type: ignore[operator]
    assert len(calls) == 2
    assert cache.bytes == 0


def test_every_cache_of_mail_with_content_of_clients_is_bounded_by_bytes() -> None:
    for function in (
        liquid.parse_template, liquid.simple_template, liquid.find_field_names, body.make_frame, tags.prepare_template,
        plain_text.text_from_html,
        css.sanitize_declarations, css.sanitize_stylesheet, wire.unstructured, wire.sender_mailbox,
    ):  # fmt: skip
        assert not hasattr(function, "cache_info"), function


QUICK = [
    "Hello",
    "Hello {{ first_name }}, {{company}}",
    "Hello {{- first_name | default: \"there\" -}} and {{ x|default:'y' }}",
    "Say {{! Introduce yourself }}",
]
SLOW = [
    "{% if a %}b{% endif %}",
    "{{ a | upcase }}",
    "{{ (1..100) | join }}",
    "{{ a.b }}",
    "{{ 'x' | replace: 'x', 'y' }}",
    "{{ a | default: b }}",
    "{{ a",
    "{{ a }} {{ b",
    "{{" * 50,
    "{{ a" + " " * 30 + "}}",
    '<a href="%7B%7B a %7D%7D">x</a>',
    "{# a #}",
    "x" * (QUICK_TEMPLATE_LENGTH + 1),
    "{{a}}" * (MAX_QUICK_FIELDS + 1),
]


@pytest.mark.parametrize("source", QUICK)
def test_text_and_fields_are_quick(source: str) -> None:
    assert is_quick_template(source)
    assert run_quick(liquid.simple_template, source, True) is not None


@pytest.mark.parametrize("source", SLOW)
def test_anything_else_is_not_read_in_the_servers_process(source: str) -> None:
    assert not is_quick_template(source)
    liquid.simple_template_cache.clear()
    with pytest.raises(SlowWorkError) as caught:
        run_quick(liquid.simple_template, source, True)
    assert caught.value.fact == TemplateFact("form", (source, True))


@pytest.mark.parametrize(
    "html", ["x" * (QUICK_HTML_LENGTH + 1), "<b>" * 201, "&amp;" * 201, "<STYLE>a{}</style>", "<!--x-->", "a;" * 201]
)
def test_html_that_is_not_small_and_plain_is_not_cleaned_there(html: str) -> None:
    assert not is_quick_html(html)
    with pytest.raises(SlowWorkError):
        run_quick(body.sanitize_rendered, html)
    with pytest.raises(SlowWorkError):
        run_quick(plain_text.text_from_html, html + " ")


def test_outside_of_the_servers_process_everything_is_done() -> None:
    assert body.sanitize_rendered("<b>" * 201 + "x")
    assert liquid.simple_template("{{ a }}" * 150, True) is not None
