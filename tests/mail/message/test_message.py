"""Emails: dynamic fields, follow-ups, threads, and bytes that say what was meant."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.mail.address import AddressProblem, check_address
from api.mail.message.compose import ComposedEmail, EarlierEmail, EmailContent, compose
from api.mail.message.links import compose_links
from api.mail.message.message import MessageProblem, build_message
from api.mail.template_check import check_template
from api.mail.templates.liquid import TemplateProblem, UnresolvedFieldError, render
from api.mail.text_checks import header_problem

MOMENT = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
FIELDS = {"first_name": "Ada", "sender_name": "Grace", "company": ""}


@pytest.mark.parametrize(
    ("source", "fields", "expected"),
    [
        ("Hi {{first_name}}", {"first_name": "Ada"}, "Hi Ada"),
        ("Hi {{ first_name }}!", {}, "Hi !"),
        ('Hi {{ first_name | default: "there" }}', {"first_name": ""}, "Hi there"),
        ("At {{ company }}", {}, "At your company"),
        ('At {{ company | default: "home" }}', {}, "At home"),
        ('In {{ city | default: "town" }}', {}, "In town"),
        ("{{ first_name }}", {"first_name": "<b>"}, "<b>"),
    ],
)
def test_dynamic_fields(source: str, fields: dict[str, str], expected: str) -> None:
    assert render(source, fields, MOMENT, html=False).text == expected


def test_values_are_escaped_in_html() -> None:
    assert (
        render("<p>{{ first_name }}</p>", {"first_name": "<script>"}, MOMENT, html=True).text == "<p>&lt;script&gt;</p>"
    )


def test_an_unresolved_field_stops_the_email() -> None:
    with pytest.raises(UnresolvedFieldError) as caught:
        render("In {{ city }}", {"city": " "}, MOMENT, html=False)
    assert caught.value.field == "city"
    with pytest.raises(UnresolvedFieldError) as caught:
        render("It's {{ city.zone }}", {"city": "Rome"}, MOMENT, html=False)
    assert caught.value.field == "city.zone"


@pytest.mark.parametrize("source", ["{{ a", "{% if %}", "{% nothing %}", "{{ first_name | nothing }}{%"])
def test_a_template_that_cannot_be_read_is_told(source: str) -> None:
    with pytest.raises(TemplateProblem):
        check_template(source)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{{ first_name | frob }}", "no filter 'frob'"),
        ("{% if city %}{% assign x = city | upcase | frob %}{% endif %}", "no filter 'frob'"),
        ("{% liquid\necho city | frob %}", "no filter 'frob'"),
        ("{% include 'footer' %}", "unexpected tag 'include'"),
        ("{% if city %}{% render 'footer' %}{% endif %}", "unexpected tag 'render'"),
        ("{{ city }}{% for i in (1..99999) %}x{% endfor %}", "1,000 numbers"),
        ("{{ seats | minus: 1 | divided_by: 0 }}", "divide by 0"),
    ],
)
def test_what_would_fail_for_everyone_is_told_at_once(source: str, told: str) -> None:
    with pytest.raises(TemplateProblem, match=told):
        check_template(source)


@pytest.mark.parametrize(
    "source",
    [
        "{{ city | default: 'x' | date: '%Y' }}",
        "{% for i in (1..9) %}{{ i | plus: 1 }}{% endfor %}",
        "{% comment %}{{ a | frob }}{% endcomment %}",
        "{{ order.number }}",
        "{{ price | divided_by: seats | round: 2 }} {% if seats > 3 %}x{% endif %}",
    ],
)
def test_what_may_be_well_with_a_persons_own_values_is_taken(source: str) -> None:
    check_template(source)


def test_a_hostile_template_stops_soon() -> None:
    with pytest.raises(TemplateProblem):
        render("{% for i in (1..99999) %}{% for j in (1..99999) %}x{% endfor %}{% endfor %}", {}, MOMENT, html=False)


def test_text_of_a_template_has_no_gaps_where_fields_are_blank() -> None:
    html = (
        "{% if title == 'Dr' %}<p>Welcome</p>{% endif %}<p>Hi {{ first_name }}</p><ul>"
        "{% for a in title %}<li>{{ a }}</li>"
        "{% endfor %}</ul><p>&#123;{ Bye }}</p>"
    )
    assert compose(EmailContent("s", html, None), {"first_name": ""}, MOMENT, None).text == "Hi\n\n{{ Bye }}\n"
    assert compose(EmailContent("s", html, None), {"first_name": "Ada"}, MOMENT, None).text == "Hi Ada\n\n{{ Bye }}\n"


@pytest.mark.parametrize("text", ["a\r\nBcc: b", "a\nb", "a\x0bb", "a\x85b", "a\u2028b", "a\x00b", "\ud800"])
def test_what_may_not_stand_in_a_header(text: str) -> None:
    assert header_problem(text)


@pytest.mark.parametrize(
    "text", ["", "ada", "ada@", "a@x.com, b@x.com", "Ada <a@x.com>", "a@x.com\r\nBcc: b@x.com", "\ud800@x.com"]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(AddressProblem):
        check_address(text)


def test_an_address_is_normalised() -> None:
    assert check_address(" Ada@EXAMPLE.com") == "Ada@example.com"


def test_follow_ups_nest_and_answer_once() -> None:
    first = EarlierEmail(EmailContent("Hello {{ first_name }}", "<p>One</p>", None), "<1@x>", MOMENT, None)
    second = EarlierEmail(EmailContent("", "<p>Two</p>", None), "<2@x>", MOMENT, first)
    made = compose(EmailContent("", "<p>Three</p>", None), FIELDS, MOMENT, second)
    assert made.subject == "Re: Hello Ada"
    assert made.text == "Three\n\nOn 2026-03-02 Grace wrote:\n> Two\n>\n> On 2026-03-02 Grace wrote:\n> > One\n"
    assert made.html.index("Three") < made.html.index("Two") < made.html.index("One")


def test_what_is_quoted_has_the_date_of_its_sending_in_the_zone_of_the_enrollment() -> None:
    late = datetime(2026, 3, 2, 20, 30, tzinfo=UTC)
    first = EarlierEmail(EmailContent("Hello", "<p>{{ now | date: '%d.%m. %H:%M' }}</p>", None), "<1@x>", late, None)
    now = datetime(2026, 3, 9, 9, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
    made = compose(EmailContent("", "<p>{{ now | date: '%d.%m.' }}</p>", None), FIELDS, now, first)
    assert made.text == "09.03.\n\nOn 2026-03-03 Grace wrote:\n> 03.03. 05:30\n"
    assert "On 2026-03-03 Grace wrote:" in made.html


def made(composed: ComposedEmail, **changes: object) -> bytes:
    about: dict[str, object] = {
        "send_id": "snd_1",
        "message_id": "<snd_1@example.com>",
        "composed": composed,
        "sender_name": "Grace",
        "sender_address": "grace@example.com",
        "to_name": "Ada",
        "to_address": "ada@example.com",
        "date": MOMENT,
        "earlier": None,
        "unsubscribe_url": None,
    }
    return build_message(**(about | changes))  # type: ignore[arg-type]


def test_the_bytes_of_a_follow_up() -> None:
    first = EarlierEmail(EmailContent("Hello", "<p>One</p>", None), "<snd_0@example.com>", MOMENT, None)
    unsent = EarlierEmail(EmailContent("", "<p>Two</p>", None), None, None, first)
    data = made(ComposedEmail("Grüße", "<p>Hé</p>", "Hé\n"), earlier=unsent, unsubscribe_url="https://t.example/u/1/2")
    parsed = message_from_bytes(data, policy=default)
    assert parsed["Subject"] == "Grüße"
    assert parsed["Message-ID"] == "<snd_1@example.com>"
    assert parsed["In-Reply-To"] == parsed["References"] == "<snd_0@example.com>"
    assert parsed["List-Unsubscribe"] == "<https://t.example/u/1/2>"
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert [part.get_content_type() for part in parsed.iter_parts()] == ["text/plain", "text/html"]
    assert "https://t.example/u/1/2" in parsed.get_body(("plain",)).get_content()
    assert data.count(b"\n") == data.count(b"\r\n")


@given(subject=st.text(max_size=80), name=st.text(max_size=60), body=st.text(max_size=300))
def test_hostile_texts_are_carried_or_refused(subject: str, name: str, body: str) -> None:
    try:
        data = made(ComposedEmail(subject.strip(), body, body), to_name=name)
    except MessageProblem:
        return
    parsed = message_from_bytes(data, policy=default)
    assert set(parsed.keys()) == {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "List-Unsubscribe",
        "MIME-Version",
        "Content-Type",
    }
    assert parsed["To"].addresses[0].addr_spec == "ada@example.com"
    assert max(map(len, data.split(b"\r\n"))) <= 998


def test_links_leave_out_a_long_body() -> None:
    links = compose_links("a+b@example.com", "Hé & co", "x\ny")
    assert links.mailto == "mailto:a%2Bb@example.com?subject=H%C3%A9%20%26%20co&body=x%0D%0Ay"
    assert "to=a+b@example.com" in links.outlook
    assert "to=a%2Bb@example.com" in links.gmail
    long = compose_links("a@example.com", "s", "x" * 3000)
    assert long.body_left_out
    assert "body" not in long.gmail
