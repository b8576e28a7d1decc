"""Turns the HTML of a received mail into plain text, without the text that it quotes. The result is only read."""

import re

from api.mail.references import decode_references

HIDDEN = re.compile(r"<(style|script|head|title)\b[^>]{0,2000}>", re.IGNORECASE)
LINE_ENDS = re.compile(r"<(?:br|/p|/div|/tr|/li|/h[1-6]|/blockquote|/table|hr)\b[^<>]{0,2000}>", re.IGNORECASE)
CELL_ENDS = re.compile(r"</t[dh]\b[^<>]{0,200}>", re.IGNORECASE)
PREFORMATTED = re.compile(r"<pre\b[^<>]{0,2000}>", re.IGNORECASE)
PREFORMATTED_END = re.compile(r"</pre", re.IGNORECASE)
INDENTATION = re.compile(r"^[ \t]+(?=\S)", re.MULTILINE)
INDENT = "\ue000"
"""Replaces the indentation of a preformatted line: a character for private use."""
TAG = re.compile(r"<[a-zA-Z/!?][^<>]{0,4000}>")
SPACES = re.compile(r"[ \t\xa0\u200b]+")
QUOTE = re.compile(
    r"<(?:div|blockquote|span|table|hr|p)\b[^<>]{0,300}?(?:gmail_quote|gmail_extra|yahoo_quoted|moz-cite-prefix"
    r"|protonmail_quote|divRplyFwdMsg|appendonsend|OutlookMessageHeader|stopSpelling|zmail_extra|tutanota_quote"
    r"|ms-outlook-mobile-reference-message|type=[\"']?cite|border-top:\s?solid #(?:E1E1E1|B5C4DF))",
    re.IGNORECASE,
)


def text_of_html(html: str) -> str:
    """Return the text of an HTML document, a line for each block."""
    text = _with_lines_of_pre(_without_hidden(_without_comments(html.replace(INDENT, ""))))
    text = " ".join(text.split("\n"))
    text = CELL_ENDS.sub(" ", LINE_ENDS.sub("\n", text))
    text = decode_references(TAG.sub("", text))
    return "\n".join(SPACES.sub(" ", line).strip() for line in text.split("\n")).replace(INDENT, " ")


def _with_lines_of_pre(html: str) -> str:
    """End each line of preformatted text with a tag, and mark its indentation: all other text has neither."""
    kept, position = [], 0
    while (found := PREFORMATTED.search(html, position)) is not None:
        closed = PREFORMATTED_END.search(html, found.end())
        end = len(html) if closed is None else closed.start()
        lines = INDENTATION.sub(INDENT, html[found.end() : end]).replace("\n", "<br>")
        kept += [html[position : found.start()], "<br>", lines, "<br>"]
        position = end
    kept.append(html[position:])
    return "".join(kept)


def without_quotes(html: str) -> str:
    """Return an HTML document up to the first element in which mail programs put the mail that they answer."""
    found = QUOTE.search(html)
    return html[: found.start()] if found else html


def _without_comments(html: str) -> str:
    kept, position = [], 0
    while (start := html.find("<!--", position)) >= 0:
        kept.append(html[position:start])
        end = html.find("-->", start + 4)
        position = len(html) if end < 0 else end + 3
    kept.append(html[position:])
    return "".join(kept)


def _without_hidden(html: str) -> str:
    """Remove elements that are not shown, with their content."""
    kept, position = [], 0
    lower = html.lower() if len(html.lower()) == len(html) else html
    while (found := HIDDEN.search(html, position)) is not None:
        kept.append(html[position : found.start()])
        end = lower.find(f"</{found[1].lower()}", found.end())
        if end < 0:
            return "".join(kept)
        position = end
    kept.append(html[position:])
    return "".join(kept)
