"""Any input, however hostile, becomes tidy text that is not much longer, without an error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.mail.plain_text import converter, plain_text
from api.mail.plain_text.styles import Style

WORDS = st.sampled_from(
    [
        *"<>&\"'/=! \n\t-{}%", "<div>", "</div>", "<p>", "<td>", "<tr>", "<table>", "</table>", "<th>", "<li>",
        "<ol start=3>",
        "</ol>", "<a href='https://x.example/'>", "</a>", "<b>", "</b>", "<pre>", "</pre>", "<blockquote>",
        "<br>", "<hr>",
        "<img alt='x'>", "<!--", "-->", "<style>", "</style>", "<title>", "&nbsp;", "&#0;", "&#xD800;",
        "&#99999999999;",
        "{{ a }}", "{% if b %}", "\u200d", "\u2028", "\x1f", "\x1c", "\x1e", "\ud800", "\U000f0000",
        "<p style='display:none'>",
        "<i style='font-size:0'>", "</i>", "<textarea>", "<q>", "<button>", "<dd>", "<caption>", "text", "<svg>",
        "</svg>",
    ]
)  # fmt: skip


@given(st.lists(st.one_of(WORDS, st.text(max_size=5)), max_size=60).map("".join))
def test_any_input_gives_tidy_text(html: str) -> None:
    text = plain_text(html)
    assert text.endswith("\n")
    assert "\n\n\n" not in text
    assert text == "\n" or (text[0] != "\n" and text[-2] != "\n")
    assert not any("\ud800" <= character <= "\udfff" for character in text)
    assert [line for line in text.split("\n") if line != line.rstrip()] == []
    assert text.splitlines() == text[:-1].split("\n")


PIECES = [
    "<div>", "<ul><li>", "<ul><li>x", "<blockquote>x<br>", "<p> \t", " \t", "<", "<!", "<!--", "&", "&#", "<a ",
    "<a href=x>y<p>",
    "<b><p></b>", "<table>", "<table><tr><td>", "<table><tr><th>x<td>y", "<td>", "<tr><td>", "{{", "{%", "{{x}}",
    "<p>{%x%}</p>",
    "\u200d", "\u200dx ",
    "<img alt=x>", "<a href=x>", "<q>", '"\'<a b="', "<svg>", "<i style='mso-hide:all'>", "<![CDATA[", "<hr>",
    "<pre>\t", "<dd>x",
]  # fmt: skip


@pytest.mark.parametrize("piece", PIECES)
def test_output_grows_with_input_and_no_faster(piece: str) -> None:
    sizes = [len(plain_text(piece * (count // len(piece)))) for count in (5_000, 10_000, 20_000)]
    assert sizes[2] - sizes[1] <= 2.1 * (sizes[1] - sizes[0]) + 100
    assert sizes[2] <= 20 * 20_000


@pytest.mark.parametrize(
    ("html", "longest"),
    [
        ("<div>" * 40_000 + "text", 5),
        ("<ul><li>" * 5_000 + "text", 50),
        ("<blockquote>" * 250 + "x<br>" * 50_000, 2_000_000),
        ("<p>" + " \t" * 99_000, 1),
        ("<" * 100_000, 100_001),
        ("&#" + "9" * 100_000 + ";&#" + "0" * 100_000 + "65;", 3),
        ("<b>" * 30_000 + "</p>" * 30_000 + "</i>" * 30_000 + "text", 5),
    ],
)
def test_hostile_input_is_read(html: str, longest: int) -> None:
    text = plain_text(html)
    assert len(text) <= longest
    assert ("text" in html) == ("text" in text)


def test_many_classes_and_equal_styles_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    parse_style = converter.parse_style

    def counted(said: str, hidden: bool) -> Style:
        read.append(said)
        return parse_style(said, hidden)

    monkeypatch.setattr(converter, "parse_style", counted)
    rules = "".join(f".c{number} {{ margin: {number}px }}" for number in range(1_000))
    classes = " ".join(f"c{number}" for number in range(1_000))
    html = f"<style>{rules}</style>" + f"<p class='{classes} {'c1 ' * 10_000}'>x</p>" + "<p class='c9 c9'>y</p>" * 500
    assert plain_text(html).count("y") == 500
    assert len([said for said in read if said]) == 2
    assert max(map(len, read)) < 50 * 20
