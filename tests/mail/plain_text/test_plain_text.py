"""The text part of an email reads as a person would write it down from the HTML part."""

from pathlib import Path

import pytest

from api.mail.plain_text import plain_text

CASES = {
    "paragraphs": ("<p>One</p><p>Two<br>Three</p>", "One\n\nTwo\nThree"),
    "divs": ("<div>One</div><div><br></div><div>Two<br></div><div>Three</div>", "One\n\nTwo\nThree"),
    "empty lines": (
        '<div>One</div><div>&nbsp;</div><div>Two</div><p style="margin:0">&nbsp;<br></p><div> Three&nbsp;</div>Four',
        "One\n\nTwo\n\nThree\nFour",
    ),
    "breaks": ("One<br><br><br><br>Two", "One\n\nTwo"),
    "white space": ("<p>  One \n\t two&nbsp;&nbsp; three </p>\n\n\n<p>&nbsp;</p><p>Four</p>", "One two three\n\nFour"),
    "unclosed tags": ("<p>One<p>Two <b>bold<p>Three", "One\n\nTwo bold\n\nThree"),
    "crossed tags": ("<b>One<p>Two</b> three</p>", "One\n\nTwo three"),
    "a document": (
        "<!DOCTYPE html><html><head><title>News</title><meta charset=utf-8><style>p { color: red }</style></head>"
        "<body><!-- note --><script>alert('<p>x</p>')</script><p>Hi</p></body></html>",
        "Hi",
    ),
    "comments for Outlook": (
        "<!--[if mso]><table><tr><td>Outlook</td></tr></table><![endif]--><![if !mso]>One<![endif]>"
        "<!--[if !mso]><!-->Two<!--<![endif]-->",
        "OneTwo",
    ),
    "entities": ("Tom &amp; Jerry &lt;3 &eacute;&#233;&#xe9; &nosuch; AT&T", "Tom & Jerry <3 ééé &nosuch; AT&T"),
    "a bare <": ("1 < 2 and 3 <4 <", "1 < 2 and 3 <4 <"),
    "headings": ("<h1>Big</h1>text<h2>Small</h2>more", "Big\n\ntext\n\nSmall\n\nmore"),
    "a rule": ("One<hr>Two", "One\n\n---\n\nTwo"),
    "preformatted": ("<p>See</p><pre>\nif x:\n    y  \n\n\n\nz\ttab</pre>", "See\n\nif x:\n    y\n\nz       tab"),
    "spaces that CSS keeps": ('<div style="white-space: pre-wrap">a  b\n  c</div>', "a  b\n  c"),
    "zero-width characters": ("a\u200bb\ufeff c\u00add \u200c\u034f\u200d e", "ab cd e"),
    "joiners between letters": ("می\u200cخواهم 👩\u200d💻", "می\u200cخواهم 👩\u200d💻"),
    "right to left": ('<p dir="rtl">שלום <b>עולם</b></p>', "שלום עולם"),
    "ideographic space": ("<p>株式会社\u3000山田</p>", "株式会社\u3000山田"),
    "line separators": ("a\u2028b\x85c\x0bd\x00", "a b c d"),
    # Lists and quotes
    "a list": (
        "<p>See:</p><ul><li>One</li><li><p>Two</p><p>More</p></li></ul>End",
        "See:\n\n- One\n- Two\n\n  More\n\nEnd",
    ),
    "nested lists": (
        "<ol start=9><li>Nine<ul><li>a<li>b<ol><li>deep</ol></ul><li value=12>Twelve<li>Next</ol>",
        "9. Nine\n   - a\n   - b\n     1. deep\n12. Twelve\n13. Next",
    ),
    "letters and Roman numbers": (
        '<ol type="a"><li>x<li>y</ol><ol type="I" start="4"><li>z</ol>',
        "a. x\nb. y\n\nIV. z",
    ),
    "a list without marks": ('<ul style="list-style-type: none"><li>One</li><li>Two</li></ul>', "One\nTwo"),
    "terms": ("<dl><dt>Day<dd>24 hours<dt>Week<dd>7 days</dl>", "Day\n  24 hours\nWeek\n  7 days"),
    "quotes": (
        "<p>I say</p><blockquote><p>One</p><p>Two</p><blockquote>Deep</blockquote></blockquote><p>End</p>",
        "I say\n\n> One\n>\n> Two\n>\n> > Deep\n\nEnd",
    ),
    "a list in a quote": ("<blockquote><ul><li>a<br>b</ul></blockquote>", "> - a\n>   b"),
    "an inline quote": ("She said <q>yes</q>.", 'She said "yes".'),
    # Links
    "a link": ('<a href="https://x.example/a?b=1&amp;c=2">Go</a>, now', "Go (https://x.example/a?b=1&c=2), now"),
    "links without a space": (
        '<a href="https://x.example/a">A</a><a href="https://x.example/b">B</a>',
        "A (https://x.example/a) B (https://x.example/b)",
    ),
    "the space in a link": ('<a href="https://x.example/a">Go </a>now', "Go (https://x.example/a) now"),
    "its own address": ('<a href="https://x.example/">https://x.example</a>', "https://x.example"),
    "its own address, short": (
        'Visit <a href="https://www.x.example/">x.example</a>.',
        "Visit https://www.x.example/.",
    ),
    "mail": (
        '<a href="mailto:ada@x.example">Ada</a>, <a href="mailto:ada@x.example">ada@x.example</a>',
        "Ada (ada@x.example), ada@x.example",
    ),
    "mail with a subject": (
        '<a href="mailto:a@x.example?subject=Stop">Stop</a>',
        "Stop (mailto:a@x.example?subject=Stop)",
    ),
    "telephone": ('<a href="tel:+49301">Call</a> <a href="tel:+49301">+49 (30) 1</a>', "Call (+49301) +49 (30) 1"),
    "anchors": ('<a href="#">Top</a> <a href="#x">Down</a> <a name="x">Here</a> <a href="">No</a>', "Top Down Here No"),
    "scripts": ('<a href="javascript:alert(1)">Run</a> <a href=" JavaScript:x">Run</a>', "Run Run"),
    "a link without text": ('a<a href="https://x.example/"></a>b', "ab"),
    "a link that is not closed": (
        '<a href="https://x.example/a">A<a href="https://x.example/b">B',
        "A (https://x.example/a) B (https://x.example/b)",
    ),
    "a link in brackets": (
        '(<a href="https://x.example">https://x.example</a>) <img alt="A">, "<img alt="B">"',
        '(https://x.example) A, "B"',
    ),
    "a link in an unclosed paragraph": (
        '<p><a href="https://x.example/"><div>Buy</div></a>',
        "Buy (https://x.example/)",
    ),
    "a link around blocks": (
        '<a href="https://x.example/"><h2>Big</h2><p>More</p></a>',
        "Big\n\nMore (https://x.example/)",
    ),
    "spaces in an address": ('<a href=" https://x.example/a b\n">Go</a>', "Go (https://x.example/a%20b)"),
    "an image map": (
        '<map><area href="https://x.example/a" alt="Left"><area href="https://x.example/b"></map>',
        "Left (https://x.example/a)\nhttps://x.example/b",
    ),
    # Images
    "images": ('<img src=a alt="One"><img src=b alt="Two"> and <img src=c>three', "One Two and three"),
    "a linked image": (
        '<a href="https://x.example/"><img src="a" alt="Spring sale"></a>',
        "Spring sale (https://x.example/)",
    ),
    "a linked image without alt": ('<a href="https://x.example/"><img src="a"></a>', "https://x.example/"),
    "a title for want of alt": ('<img title="Map">', "Map"),
    "a tracking pixel": ('<img width="1" height="1" alt="pixel">Hi', "Hi"),
    "only images": (
        '<img src="https://x.example/a"><img src="https://x.example/b" alt=" "><img src="c"><p></p>'
        '<img src="https://x.example/d" height="1"><div hidden><img src="https://x.example/e"></div>',
        "https://x.example/a\nhttps://x.example/b",
    ),
    "an image beside text": ('<img src="https://x.example/a">Hi', "Hi"),
    # What nobody sees
    "preview text": ('<div style="display:none; max-height:0">Preview</div><p>Hi</p>', "Hi"),
    "preview text for Outlook": ('<span style="mso-hide:all">Preview</span><p>Hi</p>', "Hi"),
    "preview text without size": ('<span style="font-size:0px">Preview</span><p>Hi</p>', "Hi"),
    "preview text without height": ('<div style="max-height:0px;overflow:hidden">Preview</div>Hi', "Hi"),
    "invisible": ('<b style="visibility:hidden">No</b><b style="opacity:0">No</b><b hidden>No</b>Hi', "Hi"),
    "sizes inside of no size": (
        '<td style="font-size:0"><div style="font-size:13px">Yes</div> no <img alt="Img"></td>',
        "Yes\nImg",
    ),
    "a button that Outlook hides": (
        'Hi <a style="mso-hide:all" href="https://x.example/">Buy</a>',
        "Hi Buy (https://x.example/)",
    ),
    "hidden by a style sheet": (
        "<style>/* { */ body { margin: 0 } .pre, #x { DISPLAY: none !important } b.no { display:none }"
        "@media (max-width: 9px) { .wide { display: none } .a { color: red } } .i { visibility: hidden }</style>"
        '<div class="a pre">Preview</div><p id="x">No</p><b class="no">No</b><p class="wide">Yes</p><i class=i>No</i>'
        '<p class="pre" style="display:block">No</p><b class="no" style="display:inline">Yes</b>',
        "Yes\n\nYes",
    ),
    "margins by a style sheet": (
        "<style><!-- p.MsoNormal, li.MsoNormal { margin: 0cm; } --></style>"
        "<p class=MsoNormal>One</p><p class=MsoNormal>Two</p><p class=MsoNormal>&nbsp;</p><p class=MsoNormal>Three</p>",
        "One\nTwo\n\nThree",
    ),
    "a style sheet that cannot be read": (
        "<style>} .a { .b { display:none } } @x; .c {</style><i class=b>Yes</i>",
        "Yes",
    ),
    "tags in what nobody sees": ('<div style="display:none"><div><p>No</div> no</div>yes', "yes"),
    # Tables
    "a layout table": (
        '<table width="100%"><tr><td><table><tr><td>Logo</td><td>Menu</td></tr></table></td></tr>'
        "<tr><td><p>One</p><p>Two</p></td></tr></table>",
        "Logo\nMenu\n\nOne\n\nTwo",
    ),
    "a button of tables": (
        '<table><tr><td bgcolor="#00f"><a href="https://x.example/buy"><span>Buy now</span></a></td></tr></table>',
        "Buy now (https://x.example/buy)",
    ),
    "a table in a link": (
        '<a href="https://x.example/buy"><table><tr><td>Buy now</td></tr></table></a>',
        "Buy now (https://x.example/buy)",
    ),
    "a label and its value": ("<table><tr><td>Order:</td><td>4711</td></tr></table>", "Order: 4711"),
    "a data table": (
        "<p>Plans</p><table><caption>2026</caption><tr><th>Plan<th>Price<tr><td>Basic<td>10&nbsp;€<tr><td>Pro<td></table>End",
        "Plans\n\n2026\nPlan | Price\nBasic | 10 €\nPro\n\nEnd",
    ),
    "a data table by role": ('<table role="table"><tr><td>a</td><td>b<br>c</td></tr></table>', "a | b c"),
    "a layout table by role": ('<table role="presentation"><tr><th>a</th><th>b</th></tr></table>', "a\nb"),
    "a data table in a layout table": (
        "<table><tr><td>Hi</td></tr><tr><td><table border=1><tr><td>a</td><td>b</td></tr></table></td></tr></table>",
        "Hi\n\na | b",
    ),
    "padding is a blank line": (
        '<table><tr><td style="padding: 10px 25px">One</td><td style="padding:10px">Two</td></tr>'
        '<tr><td style="padding-bottom:1em">Three</td></tr><tr><td>Four</td></tr><tr><td>Five</td></tr></table>',
        "One\nTwo\n\nThree\n\nFour\nFive",
    ),
    "padding of all cells": ("<table cellpadding=10><tr><td>One</td></tr><tr><td>Two</td></tr></table>", "One\n\nTwo"),
    "a spacer": (
        '<table><tr><td>One</td></tr><tr><td height="20">&nbsp;</td></tr><tr><td>Two</td></tr></table>',
        "One\n\nTwo",
    ),
    "a spacer between cells": ("<table><tr><td>One</td><td>&nbsp;</td><td>Two</td></tr></table>", "One\nTwo"),
    "margins": (
        '<div style="margin-bottom:16px">One</div><div>Two</div>'
        '<p style="margin:0">Three</p><p style="margin:0">Four</p>',
        "One\n\nTwo\nThree\nFour",
    ),
    "a table whose cells have borders in CSS": (
        '<table style="border: none; border-collapse:collapse"><tr>'
        '<td style="border-left:solid #000000 1pt;border-right:solid #000000 1pt">Plan</td>'
        '<td style="BORDER: 1px solid rgb(0,0,0)">Seats</td></tr>'
        '<tr><td style="border:1px solid #000">Basic</td><td style="border:1px solid #000">5</td></tr></table>',
        "Plan | Seats\nBasic | 5",
    ),
    "a layout with borders in CSS": (
        '<table style="border-collapse:collapse"><tr><td style="border:1px solid #ccc">Box</td><td>a</td>'
        '<td style="border:0px solid #ccc">b</td></tr></table>'
        '<table role="presentation" style="border-collapse:collapse"><tr><td style="border:1px solid red">c</td>'
        '<td style="border:1px solid red">d</td></tr></table>',
        "Box\na\nb\nc\nd",
    ),
    "an unclosed table": ("<table><tr><td>a<td>b<table><tr><td>c", "a\nb\nc"),
}


EMAILS = sorted(Path(__file__).with_name("emails").glob("*.html"))


@pytest.mark.parametrize("email", EMAILS, ids=lambda email: email.stem)
def test_emails_as_text(email: Path) -> None:
    assert plain_text(email.read_text()) == email.with_suffix(".txt").read_text()


def test_there_are_emails() -> None:
    assert len(EMAILS) == 9


@pytest.mark.parametrize(("html", "text"), CASES.values(), ids=CASES.keys())
def test_html_as_text(html: str, text: str) -> None:
    assert plain_text(html) == text + "\n"


def test_braces_in_what_is_rendered_are_text() -> None:
    assert plain_text("<p>{{ Tom &amp; <b>Jerry</b>  }}</p>") == "{{ Tom & Jerry }}\n"
