"""Rendering with tracked links: the same with and without the short cut, in the text part, in quotes, and the pixel."""

from dataclasses import replace
from email import message_from_bytes, policy

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.mail.inline_limits import SlowWorkError, run_quick
from api.mail.message import body as module
from api.mail.message.body import Body, render_body
from api.mail.message.compose import EarlierEmail, EmailContent
from api.mail.message.email_rendering import RenderedEmail, RenderRequest, render_email
from api.mail.templates.liquid import TemplateProblem, UnresolvedFieldError
from api.mail.tracking.link_slots import MAX_QUICK_LINKS
from tests.mail.hostile_html import NOW, PIECES, VALUES
from tests.mail.tracking.test_links import EMAIL, targets

LINKS = st.sampled_from(
    [
        '<a href="https://a.example/?x=1&amp;y=2">our offer</a>',
        '<a href="https://a.example/">{{ first_name }}</a>',
        '<a href="https://a.example/{{ city }}">personal</a>',
        '<a href="{{ site }}">site</a>',
        '<a href="https://a.example/">https://a.example/</a>',
        '<a href="mailto:a@example.com">{{ company }}</a>',
        f'<a href="{EMAIL.click_url("aHR0cHM6Ly9hLmV4YW1wbGUv")}">pasted</a>',
        f'<img src="{EMAIL.pixel_url}">',
    ]
)


def result(source: str, fields: dict[str, str]) -> Body | str:
    try:
        return render_body(source, fields, NOW, tracking=EMAIL)
    except (UnresolvedFieldError, TemplateProblem) as problem:
        return str(problem)


@given(
    st.lists(st.one_of(PIECES, LINKS), max_size=12).map("".join),
    st.fixed_dictionaries(dict.fromkeys(["first_name", "company", "city", "title", "site"], VALUES)),
)
@example('<a href="https://a.example/">{{ first_name }}</a>', {"first_name": "a.example"})
@example('<p>{{ title }}<a href="https://a.example/">x</a>{{ city }}</p>', {"title": "R&D", "city": "Ulm"})
def test_the_short_cut_says_the_same(source: str, fields: dict[str, str]) -> None:
    short = result(source, fields)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_render_with_frame", lambda *_, **__: None)
        assert result(source, fields) == short


def request(html: str, **changes: object) -> RenderRequest:
    fields = {"first_name": "Ada", "city": "Ulm", "email": "ada@example.com", "sender_name": "G"}
    made = RenderRequest(
        send_id="snd_01abc", message_id="<snd_01abc@example.com>", content=EmailContent("Hi", html, None),
        fields=fields, now=NOW, earlier=None, sender_name="G", sender_address="g@example.com", to_name="Ada",
        to_address="ada@example.com", unsubscribe_url="https://touchline.example/unsubscribe/w/a/s", tracking=EMAIL,
    )  # fmt: skip
    return made._replace(**changes)


def parts(order: RenderRequest) -> tuple[str, str]:
    rendered = render_email(order)
    assert isinstance(rendered, RenderedEmail)
    text, html = message_from_bytes(rendered.message, policy=policy.default).iter_parts()
    return text.get_content(), html.get_content()


LINK = '<p>Hi {{ first_name }}, <a href="https://a.example/{{ city }}">see</a></p>'


def test_the_text_part_and_the_unsubscribe_link_stay_as_they_are() -> None:
    text, html = parts(request(LINK))
    assert "https://a.example/Ulm" in text
    assert "go.example.com" not in text
    assert "Unsubscribe: https://touchline.example/unsubscribe/w/a/s" in text
    assert 'href="https://touchline.example/unsubscribe/w/a/s"' in html
    assert targets(html) == ["https://a.example/Ulm"]
    assert html.rstrip().endswith(f'<img src="{EMAIL.pixel_url}" width="1" height="1" alt="">')


def test_without_tracking_nothing_is_added() -> None:
    _, html = parts(request(LINK, tracking=None))
    assert 'href="https://a.example/Ulm"' in html
    assert "go.example.com" not in html
    clicks = replace(EMAIL, opens=False)
    _, html = parts(request(LINK, tracking=clicks))
    assert targets(html) == ["https://a.example/Ulm"]
    assert "/open/" not in html


def test_links_of_a_quoted_email_count_for_the_email_that_quotes_it() -> None:
    earlier = EarlierEmail(EmailContent("First", '<a href="https://b.example/">b</a>', None), "<x@y>", NOW, None)
    text, html = parts(request(LINK, earlier=earlier))
    assert targets(html) == ["https://a.example/Ulm", "https://b.example/"]
    assert html.count("/open/") == 1
    assert "https://b.example/" in text


def test_what_a_rep_wrote_is_tracked_too() -> None:
    content = EmailContent("Hi", '<p><a href="https://c.example/">c</a></p>', None, final_html=True)
    assert targets(parts(request("", content=content))[1]) == ["https://c.example/"]


def test_many_links_are_signed_in_a_worker() -> None:
    # Each link has a frame that a worker computed before.
    html = "".join(f'<a href="https://a.example/{number}">x</a>' for number in range(MAX_QUICK_LINKS + 1))
    order = request(html)
    assert len(targets(parts(order)[1])) == MAX_QUICK_LINKS + 1
    with pytest.raises(SlowWorkError):
        run_quick(render_email, order)
    with pytest.raises(SlowWorkError):
        run_quick(render_email, request(html + '<a href="https://a.example/">{{ first_name }}</a>'))
    fewer = request('<a href="https://a.example/">x</a>')
    assert isinstance(run_quick(render_email, fewer), RenderedEmail)


@pytest.mark.parametrize("more", ["", "{% if email %}x{% endif %}", "{{ city }}"])
def test_the_unsubscribe_link_of_a_template_is_never_tracked(more: str) -> None:
    own = "https://touchline.example/unsubscribe/wsp_1/YQ/abc"
    link = f'<p>Hi {{{{ first_name }}}}, <a href="{{{{ unsubscribe_url }}}}">stop</a> {more}</p>'
    fields = {"first_name": "Ada", "city": "Ulm", "email": "ada@example.com", "unsubscribe_url": own}
    order = request(f'{link}<p><a href="https://a.example/">see</a></p>', fields=fields, unsubscribe_url=own)
    text, html = parts(order)
    assert targets(html) == ["https://a.example/"]
    assert f'<a href="{own}"' in html
    assert own in text
    assert "touchline.invalid" not in html
