"""The link to unsubscribe: in the template or in the line below it, in both parts, and in the headers."""

from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.mail.message import body as module
from api.mail.message.body import Body
from api.mail.message.compose import EarlierEmail, EmailContent, compose
from api.mail.message.email_rendering import RenderedEmail, RenderRequest, render_email
from api.mail.message.unsubscribe_line import DEFAULT_HTML, line_fault
from api.mail.unsubscribing.links import page_link
from api.mail.unsubscribing.mail_addresses import UnsubscribeAddresses
from api.mail.unsubscribing.own_links import LINK_PLACEHOLDER, with_own_link
from tests.mail.hostile_html import PIECES, VALUES
from tests.mail.message.test_fast_rendering import result
from tests.mail.tracking.test_tracked_bodies import result as tracked_result

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
LINK = page_link("https://t.example", "secret", "wsp_1", "ada@example.com")
OTHER = page_link("https://t.example", "secret", "wsp_1", "bob@example.com")
MAILTO = UnsubscribeAddresses("unsubscribe@example.com", "secret").mailto("snd_01jd0000000000000000000000")
WITH_LINK = '<p>Hi {{ first_name }}</p><p><a href="{{ unsubscribe_url }}">No more of this</a></p>'


def parts(
    html: str, *, earlier: EarlierEmail | None = None, text: str | None = None, **changes: Any
) -> tuple[str, str, Any]:
    """Render an email, and return its HTML and text parts and its headers."""
    final = changes.pop("final", False)
    url, mailto = changes.get("unsubscribe_url", LINK), changes.get("unsubscribe_mailto")
    fields = {"first_name": "Ada", "unsubscribe_url": url or mailto or "mailto:g@x.y?subject=unsubscribe"}
    request = RenderRequest(
        send_id="snd_1", message_id="<snd_1@x.y>", content=EmailContent("Hi", html, text, final_html=final),
        fields=fields, now=NOW, earlier=earlier, sender_name="G", sender_address="g@x.y", to_name="Ada",
        to_address="ada@example.com", **({"unsubscribe_url": LINK} | changes),
    )  # fmt: skip
    rendered = render_email(request)
    assert isinstance(rendered, RenderedEmail), rendered
    message = message_from_bytes(rendered.message, policy=default)
    bodies = [message.get_body((kind,)) for kind in ("html", "plain")]
    return (*(each.get_content().replace("\r\n", "\n") for each in bodies if each is not None), message)  # type: ignore[return-value]


def test_a_template_without_the_link_gets_the_line_in_both_parts() -> None:
    html, text, _ = parts("<p>Hi {{ first_name }}</p>")
    assert html == f'<p>Hi Ada</p>\n<p style="font-size: small"><a href="{LINK}">Unsubscribe</a></p>\n'
    assert text == f"Hi Ada\n\n-- \nUnsubscribe: {LINK}\n"


def test_a_template_with_the_link_gets_no_line() -> None:
    html, text, headers = parts(WITH_LINK)
    assert html.strip() == f'<p>Hi Ada</p><p><a href="{LINK}" rel="noopener noreferrer">No more of this</a></p>'
    assert text.strip() == f"Hi Ada\n\nNo more of this ({LINK})"
    assert headers["List-Unsubscribe"] == f"<{LINK}>"


def test_each_part_is_looked_at_by_itself() -> None:
    html, text, _ = parts(WITH_LINK, text="Hi {{ first_name }}")
    assert (html.count(LINK), text) == (1, f"Hi Ada\n\n-- \nUnsubscribe: {LINK}\n")
    html, text, _ = parts("<p>Hi</p>", text="Stop: {{ unsubscribe_url }}")
    assert (html.count(LINK), text.strip()) == (1, f"Stop: {LINK}")


def test_a_link_in_a_branch_that_is_not_shown_does_not_count() -> None:
    html, text, _ = parts(f"{{% if title %}}{WITH_LINK}{{% endif %}}<p>x</p>")
    assert (html.count(LINK), text.count(LINK)) == (1, 1)


@pytest.mark.parametrize("own", ["<p>New</p>", WITH_LINK])
def test_a_follow_up_needs_a_link_above_its_quote(own: str) -> None:
    earlier = EarlierEmail(EmailContent("Hi", WITH_LINK, None), "<a@b>", NOW, None)
    html, text, _ = parts(own, earlier=earlier)
    assert (html.count(LINK), text.count(LINK)) == (2, 2)


def test_what_a_rep_wrote_gets_the_line_or_keeps_its_link() -> None:
    html, text, _ = parts("<p>{{ unsubscribe_url }} written by hand</p>", final=True)
    assert "{{ unsubscribe_url }}" in html, "what a rep wrote is no template"
    assert (html.count(LINK), text.count(LINK)) == (1, 1)
    html, text, _ = parts(f'<p><a href="{LINK}">Stop</a></p>', final=True)
    assert (html.count(LINK), text.count(LINK)) == (1, 1)


def test_the_link_of_another_recipient_becomes_the_recipient_s_own() -> None:
    html, text, _ = parts(f'<p>Fwd: <a href="{OTHER}">Stop</a>, or {OTHER}.</p>', final=True)
    assert OTHER not in html + text
    assert (html.count(LINK), text.count(LINK)) == (2, 2)
    assert with_own_link(f"x {OTHER}. y {OTHER}/", "mailto:a@b.c") == f"x {OTHER}. y {OTHER}/"
    assert with_own_link("no link", LINK) == "no link"


def test_the_header_has_both_ways_and_one_click() -> None:
    *_, headers = parts("<p>x</p>", unsubscribe_mailto=MAILTO)
    assert headers["List-Unsubscribe"].replace(" ", "") == f"<{LINK}>,<{MAILTO}>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_without_a_page_the_mail_address_is_the_link() -> None:
    html, text, headers = parts(WITH_LINK, unsubscribe_url=None, unsubscribe_mailto=MAILTO)
    assert (html.count(MAILTO), text.count(MAILTO.partition(":")[2])) == (1, 1)
    assert headers["List-Unsubscribe"] == f"<{MAILTO}>"
    assert headers["List-Unsubscribe-Post"] is None
    html, text, _ = parts("<p>x</p>", unsubscribe_url=None, unsubscribe_mailto=MAILTO)
    assert (html.count(MAILTO), text.count(MAILTO)) == (1, 1)


def test_with_neither_the_link_writes_to_the_sender() -> None:
    html, _, headers = parts(WITH_LINK, unsubscribe_url=None)
    assert html.count("mailto:g@x.y?subject=unsubscribe") == 1
    assert headers["List-Unsubscribe"] == "<mailto:g@x.y?subject=unsubscribe>"


def test_a_workspace_s_own_line() -> None:
    own = '<p lang="de">Keine Lust? <a href="{{unsubscribe_url}}">Abmelden</a> &amp; Ruhe</p>'
    assert line_fault(own) is None
    html, text, _ = parts("<p>x</p>", unsubscribe_line=own)
    assert f'<a href="{LINK}" rel="noopener noreferrer">Abmelden</a> &amp; Ruhe' in html
    assert text == f"x\n\n-- \nKeine Lust? Abmelden ({LINK}) & Ruhe\n"
    html, text, _ = parts("<p>x</p>", unsubscribe_url="https://x.example/?a&b")
    assert DEFAULT_HTML.replace(LINK_PLACEHOLDER, "https://x.example/?a&amp;b") in html
    assert text.endswith("Unsubscribe: https://x.example/?a&b\n")


@pytest.mark.parametrize(
    ("own", "fault"),
    [
        ("<p>Bye</p>", "must contain the link"),
        ("", "must contain the link"),
        ("<!-- {{ unsubscribe_url }} -->", "must contain the link"),
        ('<p style="display:none">{{ unsubscribe_url }}</p>', "must contain the link"),
        ("{{ unsubscribe_url }} {{ first_name }}", "only field"),
        ("{% if x %}{{ unsubscribe_url }}{% endif %}", "only field"),
        ("<script>x</script>{{ unsubscribe_url }}", "may not contain <script>"),
        ('<a href="{{ unsubscribe_url }}" onclick="x()">x</a>', "may not contain onclick"),
        ("<b>" * 600 + "{{ unsubscribe_url }}", "that do not end"),
    ],
)
def test_a_line_that_does_not_unsubscribe_safely_is_refused(own: str, fault: str) -> None:
    assert fault in str(line_fault(own))


LINK_PIECES = st.sampled_from(
    ["{{ unsubscribe_url }}", '<a href="{{ unsubscribe_url }}">',
     "<a href={{unsubscribe_url}} title='{{unsubscribe_url}}'>",
     '{{ unsubscribe_url | default: "x" }}', "</a>", "<{{ unsubscribe_url }}", "<style>{{ unsubscribe_url }}</style>",
     "<p {{ unsubscribe_url }}>", '<img src="{{ unsubscribe_url }}" alt="{{ first_name }}">']
)  # fmt: skip


@given(
    st.lists(PIECES | LINK_PIECES, max_size=14).map("".join),
    st.fixed_dictionaries(dict.fromkeys(["first_name", "company", "city", "title", "site"], VALUES)),
    st.sampled_from([LINK, MAILTO, "http://localhost:8000/unsubscribe/a/b/c", ""]),
    st.sampled_from([result, tracked_result]),
)
@example(WITH_LINK, {"first_name": "Ada"}, LINK, tracked_result)
@example("<pre>{{ unsubscribe_url }}</pre>{{ first_name }}", {"first_name": "Ada"}, LINK, result)
def test_a_link_that_is_inserted_later_makes_the_same_email(
    source: str, fields: dict[str, str], link: str, result: Callable[[str, dict[str, str]], Body | str]
) -> None:
    values = fields | {"unsubscribe_url": link}
    short = result(source, values)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_render_with_frame", lambda *_, **__: None)
        assert result(source, values) == short


def test_the_link_keeps_a_template_on_the_short_cut() -> None:
    values = {"first_name": "Ada", "unsubscribe_url": LINK}
    assert module._render_with_frame(WITH_LINK, values, quoted=False) is not None
    composed = compose(EmailContent("{{ unsubscribe_url }}", WITH_LINK, None), values, NOW, None)
    assert composed.subject == LINK
