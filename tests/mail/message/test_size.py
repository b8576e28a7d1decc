"""An email has a largest size, and nothing much larger is made on the way to it."""

import pickle
from datetime import UTC, datetime
from typing import Any

import pytest

from api.mail.html.sanitize import sanitize
from api.mail.message import compose as composing
from api.mail.message import message as messages
from api.mail.message import size
from api.mail.message.body import render_body
from api.mail.message.compose import ComposedEmail, EarlierEmail, EmailContent, Quote, compose
from api.mail.message.email_rendering import RenderedEmail, RenderFailure, RenderRequest, render_email
from api.mail.message.size import EmailTooLargeProblem
from api.mail.templates.liquid import render, simple_template
from api.mail.templates.simple import MAX_FIELDS, MAX_RESULT_LENGTH

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
FIELDS = {"first_name": "Ada", "sender_name": "Bo", "sender_email": "bo@example.com"}


def thread(depth: int, html: str) -> EarlierEmail | None:
    earlier = None
    for number in range(depth):
        earlier = EarlierEmail(EmailContent("s", html, None), f"<{number}@example.com>", NOW, earlier)
    return earlier


def order(content: EmailContent, earlier: EarlierEmail | None = None) -> RenderRequest:
    return RenderRequest(
        "send_1",
        "<a@example.com>",
        content,
        FIELDS,
        NOW,
        earlier,
        "Bo",
        "bo@example.com",
        "Ada",
        "ada@example.com",
        None,
    )


def test_an_email_of_the_largest_size_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    content = EmailContent("s", "<p>" + "x" * 5_000 + "</p>", None)
    written = render_email(order(content))
    assert isinstance(written, RenderedEmail)
    for module in (messages, size):
        monkeypatch.setattr(module, "MAX_EMAIL_BYTES", len(written.message))
    assert render_email(order(content)) == written
    monkeypatch.setattr(messages, "MAX_EMAIL_BYTES", len(written.message) - 1)
    refused = render_email(order(content))
    assert isinstance(refused, RenderFailure)
    assert refused.why.code == "EMAIL_TOO_LARGE"
    assert "quotes" in refused.why.sentence


def test_the_encoding_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (messages, size):
        monkeypatch.setattr(module, "MAX_EMAIL_BYTES", 50_000)
    assert isinstance(render_email(order(EmailContent("s", "<p>" + "x" * 10_000 + "</p>", None))), RenderedEmail)
    refused = render_email(order(EmailContent("s", "<p>" + "\u20ac" * 10_000 + "</p>", None)))
    assert isinstance(refused, RenderFailure)
    assert refused.why.code == "EMAIL_TOO_LARGE"


def test_quotes_stop_growing_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(size, "MAX_EMAIL_BYTES", 500_000)
    made: list[int] = []
    quote = composing._quote

    def counted(heading: str, below: ComposedEmail) -> Quote:
        made.append(len(below.html))
        return quote(heading, below)

    monkeypatch.setattr(composing, "_quote", counted)
    with pytest.raises(EmailTooLargeProblem, match="quotes"):
        compose(EmailContent("s", "x", None), FIELDS, NOW, thread(40, "<p>" + "<br>y" * 8_000 + "</p>"))
    assert made
    assert max(made) <= 500_000


def test_ten_follow_ups_of_the_largest_templates_are_within_the_limit() -> None:
    composed = compose(EmailContent("s", "x", None), FIELDS, NOW, thread(10, "<p>" + "x " * 99_000 + "</p>"))
    assert len(composed.html) < size.MAX_EMAIL_BYTES


def test_the_problem_comes_out_of_a_worker_process_as_it_was() -> None:
    problem = pickle.loads(pickle.dumps(size.too_large_problem()))
    assert (type(problem), str(problem)) == (EmailTooLargeProblem, str(size.too_large_problem()))


@pytest.mark.parametrize("html", [False, True])
def test_values_are_not_joined_beyond_the_limit(html: bool) -> None:
    quick = simple_template("{{ a }} " * MAX_FIELDS, html)
    assert quick is not None
    taken: list[str] = []

    class Fields(dict[str, str]):
        def get(self, name: str, default: Any = None) -> str:
            taken.append(name)
            return "x" * 20_000

    assert quick.render(Fields()) is None
    assert len(taken) <= MAX_RESULT_LENGTH // 20_000 + 1


def test_a_template_of_many_fields_is_rendered_without_looking_at_each_alone() -> None:
    assert simple_template("{{ a }}" * (MAX_FIELDS + 1), True) is None
    assert render_body("<p>" + "{{ a }} " * 1_000 + "</p>", {"a": "b"}, NOW).text == "b " * 999 + "b\n"


@pytest.mark.parametrize("before", ["&", "&#", "&amp", "<", "</", "&" + "x" * 98, "&" + "x" * 99, "&" + "0" * 5_000])
def test_values_beside_what_they_would_become_a_part_of(before: str) -> None:
    for value in ("lt;", "b", "x3c;b", "!--"):
        source, fields = f"<p>{before}{{{{ a }}}} {{{{ b }}}}</p>", {"a": value, "b": "<i>"}
        assert render_body(source, fields, NOW).html == sanitize(render(source, fields, NOW, html=True).text)
