"""Links of an email are rewritten, and nothing else; each leads back to its own target."""

import re
from html import escape
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.mail.html.sanitize import sanitize
from api.mail.plain_text import text_from_html
from api.mail.tracking.links import find_links, rewrite_links
from api.mail.tracking.signed_urls import EmailTracking, TrackingLinks, clicked_target, opened_email, tracking_key
from api.mail.tracking.targets import redirect_target

KEY = tracking_key("x7Qp2mVz9LrTs4WkYb6NcJd8HgFe1AuR")
OWN = "https://touchline.example/unsubscribe/"
EMAIL = EmailTracking(TrackingLinks("https://go.example.com", KEY, OWN), "snd_01abc", True)
TRACKED = re.compile(r'href="(https://go\.example\.com/click/([^/"]+)/([^/"]+)/([^/"]+))"')
CHARACTERS = st.characters(blacklist_categories=("Cs",))


def rewritten(html: str) -> str:
    return rewrite_links(sanitize(html), EMAIL)


def targets(html: str) -> list[str | None]:
    return [clicked_target([KEY], *match.groups()[1:]) for match in TRACKED.finditer(html)]


@pytest.mark.parametrize(
    ("href", "target"),
    [
        ("https://example.com", "https://example.com"),
        ("HTTPS://Example.com/A", "https://Example.com/A"),
        ("https://example.com/?a=1&amp;b=2&copy=3#top", "https://example.com/?a=1&b=2&copy=3#top"),
        (" https://example.com/a b ", "https://example.com/a%20b"),
        ("https://example.com/%41%20?q=%26", "https://example.com/%41%20?q=%26"),
        ("https://example.com/über?q=größe#ß", "https://example.com/%C3%BCber?q=gr%C3%B6%C3%9Fe#%C3%9F"),
        ("https://bücher.example:8443/", "https://xn--bcher-kva.example:8443/"),
        ("http://[2001:db8::1]:80/x", "http://[2001:db8::1]:80/x"),
        ("https://example.com/&quot;&lt;x&gt;'", "https://example.com/%22%3Cx%3E'"),
        ("https://example.com/path;v=1/(a)|b^c`{d}~", "https://example.com/path;v=1/(a)|b^c`{d}~"),
        ("https://example.com?utm=1", "https://example.com?utm=1"),
    ],
)
def test_a_link_leads_to_the_same_place(href: str, target: str) -> None:
    (found,) = targets(rewritten(f'<p><a href="{href}">our offer</a></p>'))
    assert found is not None
    assert redirect_target(found) == target


@pytest.mark.parametrize(
    "link",
    [
        '<a href="mailto:ada@example.com">write</a>',
        '<a href="tel:+4930123">call</a>',
        '<a href="#top">up</a>',
        '<a href="/prices">prices</a>',
        '<a href="//example.com/x">x</a>',
        '<a name="top">top</a>',
        f'<a href="{OWN}wsp_1/YQ/abc">stop</a>',
        '<a href="https://other.example/list/Unsubscribe?u=1">stop</a>',
        '<a href="https://example.com/a" class="button no-tracking">a</a>',
        '<a href="https://example.com/a">https://example.com/a</a>',
        '<a href="https://example.com/a"><b>www.example.com</b></a>',
        '<a href="https://example.com/a"> exam\u200bple.com/a </a>',
        '<a href="https://example.com/?a=1&amp;b=2">https://example.com/?a=1&amp;b=2</a>',
        '<a href="https://user:pw@example.com/">x</a>',
        '<a href="https://good.example\\@evil.example/">x</a>',
        '<a href="https://example.com/a\r\nSet-Cookie: x=1">x</a>',
        '<a href="https://example.com/&#10;b">x</a>',
        '<a href="https://exa mple.com/">x</a>',
        '<a href="https://xn--\u00fc.example/">x</a>',
        f'<a href="https://example.com/{"x" * 8_000}">x</a>',
        '<a href="ftp://example.com/a">x</a>',
        '<img src="https://example.com/a.png">',
        '<blockquote cite="https://example.com/a">x</blockquote>',
    ],
)
def test_what_is_never_rewritten(link: str) -> None:
    assert rewritten(link) == sanitize(link)


@pytest.mark.parametrize("href", ["javascript:alert(1)", "data:text/html,x", "vbscript:x", " java\nscript:x"])
def test_scripts_are_no_targets(href: str) -> None:
    assert redirect_target(href) is None
    assert "go.example.com" not in rewritten(f'<a href="{href}">x</a>')


PIECES = st.one_of(
    st.text(CHARACTERS, max_size=12).map(escape),
    st.tuples(st.text(CHARACTERS, max_size=25), st.text(CHARACTERS, min_size=1, max_size=8)).map(
        lambda parts: f'<a href="https://example.com/{escape(parts[0])}">{escape(parts[1])}</a>'
    ),
    st.sampled_from(
        ["<p>", "</p>", "<b>", "</b>", "<table><tr><td>", "</td></tr></table>", "<!-- x -->",
         "<style>p{color:red}</style>",
         '<a href="https://example.com/x"', "<a href='https://b.example/?a=1&b=2'>", "</a>", '">', "<a>", "<br>"]
    ),
)  # fmt: skip


@given(st.lists(PIECES, max_size=12).map("".join))
@example('<a href="https://example.com/"><table><tr><td><a href="https://example.com/b">x</a></td></tr></table></a>')
@example('<a title="x>y" href="https://example.com/?a=1&amp;amp;">x</a>')
def test_only_targets_change(html: str) -> None:
    clean = sanitize(html)
    links = list(find_links(clean, EMAIL.links))
    tracked = rewrite_links(clean, EMAIL)
    assert len(targets(tracked)) == len(links)
    restored = tracked
    for match, link in zip(TRACKED.finditer(tracked), links, strict=True):
        target = clicked_target([KEY], *match.groups()[1:])
        assert target is not None
        redirect = redirect_target(target)
        assert redirect is not None
        assert redirect.isascii()
        assert redirect.isprintable()
        assert urlsplit(redirect).hostname == urlsplit(target).hostname
        assert unquote(redirect) == unquote(target.replace("HTTP", "http", 1))
        restored = restored.replace(match[1], clean[link.start : link.end], 1)
    assert restored == clean
    strip = re.compile(r" ?\(?https?://\S*|\s+")
    assert strip.sub("", text_from_html(tracked)) == strip.sub("", text_from_html(clean))


def test_ten_thousand_links_take_linear_work() -> None:
    html = "".join(f'<a href="https://example.com/{number}">x</a>' for number in range(10_000))
    assert len(targets(rewrite_links(html, EMAIL))) == 10_000


def test_a_url_of_another_email_target_or_secret_is_not_ours() -> None:
    (url,) = [match[1] for match in TRACKED.finditer(rewritten('<a href="https://example.com/">x</a>'))]
    *_, email, target, signature = url.split("/")
    assert clicked_target([KEY], email, target, signature) == "https://example.com/"
    other = tracking_key("another secret of thirty-two characters")
    assert clicked_target([other, KEY], email, target, signature) == "https://example.com/"
    for wrong in (
        ("snd_01abd", target, signature),
        (email, target + "A", signature),
        (email, target[:-1], signature),
        (email, target, signature[:-1] + "A"),
        (email, target, ""),
        (email, "", signature),
        (email, target, "\u00fc" * 22),
        ("\u00fc", target, signature),
        (f"{email}/{target}", "", signature),
    ):
        assert clicked_target([KEY], *wrong) is None
    assert clicked_target([other], email, target, signature) is None
    assert clicked_target([], email, target, signature) is None
    opened = EMAIL.pixel_url.removesuffix(".gif").rpartition("/")[2]
    assert opened_email([KEY], "snd_01abc", opened) == "snd_01abc"
    assert opened_email([KEY], "snd_01abd", opened) is None
    assert clicked_target([KEY], email, target, opened) is None


def test_a_pasted_link_of_another_email_counts_for_this_one() -> None:
    other = EmailTracking(EMAIL.links, "snd_other", True)
    pasted = rewrite_links(sanitize('<a href="https://example.com/?a=1&b=2">x</a>'), other)
    pasted += f'<p>a<img alt="x" src="{other.pixel_url}" width="1">b</p><img src="https://example.com/a.png">'
    html = rewritten(pasted)
    assert [match[2] for match in TRACKED.finditer(html)] == [EMAIL.email_id]
    assert targets(html) == ["https://example.com/?a=1&b=2"]
    assert "snd_other" not in html
    assert "<p>ab</p>" in html
    assert 'src="https://example.com/a.png"' in html
    untracked = rewrite_links(sanitize(pasted), EmailTracking(EMAIL.links, "snd_01abc", False, clicks=False))
    assert untracked.startswith('<a href="https://example.com/?a=1&amp;b=2"')
    assert "go.example.com" not in untracked
    forged = '<a href="https://go.example.com/click/snd_other/aHR0cHM6Ly9ldmlsLmV4YW1wbGUv/x">x</a>'
    assert rewritten(forged) == sanitize(forged)


def test_tracked_urls_stay_short() -> None:
    html = rewritten(f'<a href="https://example.com/{"x" * 1_180}">x</a>')
    (url,) = [match[1] for match in TRACKED.finditer(html)]
    assert len(url) < 2_000
