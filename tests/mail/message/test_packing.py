"""A packed email unpacks to the same bytes, and a base has nothing of a person."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.mail.message.compose import EarlierEmail, EmailContent
from api.mail.message.email_rendering import RenderedEmail, RenderRequest, render_email
from api.mail.message.packing import DamagedEmailError, MessageBase, base_id, base_of, unpack

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
PARAGRAPH = "<p>A paragraph of a template, which is the same for everybody and takes a few lines of text.</p>"
HTML = f"<p>Dear {{{{ first_name }}}}, how is {{{{ city }}}}?</p>{PARAGRAPH * 20}"


def request(first_name: str, city: str, html: str = HTML, earlier: EarlierEmail | None = None) -> RenderRequest:
    return RenderRequest(
        send_id="snd_01jd0000000000000000000000", message_id="<snd_01jd0000000000000000000000@example.com>",
        content=EmailContent("Hi {{ first_name }}", html, None), earlier=earlier, now=NOW,
        fields={"first_name": first_name, "city": city, "sender_name": "Grace"}, sender_name="Grace",
        sender_address="grace@example.com", to_name=first_name, to_address="ada@example.com", unsubscribe_url=None,
    )  # fmt: skip


def built(asked: RenderRequest) -> bytes:
    rendered = render_email(asked)
    assert isinstance(rendered, RenderedEmail)
    return rendered.message


@given(st.binary(max_size=4_000), st.binary(min_size=8, max_size=4_000))
def test_any_bytes_come_back(message: bytes, base: bytes) -> None:
    packing = MessageBase("wsp_1", base)
    assert unpack(packing.pack(message), base) == unpack(packing.pack_large(message), base) == message


def test_an_email_takes_little_more_than_its_values() -> None:
    base = base_of(request("x", "x"))
    message = built(request("Ada", "London"))
    packed = MessageBase("wsp_1", base).pack(message)
    assert len(message) > 4_000
    assert len(packed) < 300


def test_another_base_is_noticed() -> None:
    base = base_of(request("x", "x"))
    packed = MessageBase("wsp_1", base).pack(built(request("Ada", "London")))
    for wrong in (base.replace(b"template", b"TEMPLATE"), base[:-40], b"x" * len(base)):
        with pytest.raises(DamagedEmailError):
            unpack(packed, wrong)
    with pytest.raises(DamagedEmailError):
        unpack(packed[:-1] + bytes([packed[-1] ^ 1]), base)


def test_a_base_depends_on_the_content_and_the_workspace_alone() -> None:
    base = base_of(request("x", "x"))
    assert base_of(request("x", "x")._replace(now=datetime(2030, 1, 1, tzinfo=UTC))) == base
    assert base_id("wsp_1", base) != base_id("wsp_2", base)
    assert base_id("wsp_1", base) != base_id("wsp_1", base_of(request("x", "x", HTML + "<p>More</p>")))
    quoted = EarlierEmail(EmailContent("First", HTML, None), "<secret@example.com>", NOW, None)
    threaded = base_of(request("x", "x", earlier=quoted))
    assert b"secret@example.com" not in threaded
    assert b"2026" not in threaded


@pytest.mark.parametrize("html", ["<p>{{ unknown_field }}</p>", "{% if", "<p>{{ first_name | upcase }}</p>" * 40])
def test_a_template_that_cannot_be_rendered_with_placeholders_is_the_base_itself(html: str) -> None:
    base = base_of(request("x", "x", html + PARAGRAPH))
    assert b"paragraph of a template" in base
    assert unpack(MessageBase("wsp_1", base).pack(b"any" * 99), base) == b"any" * 99
