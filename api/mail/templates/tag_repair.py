"""Repairs a tag that an HTML editor has changed.

Editors escape quotes and comparisons in tags (``default: &quot;there&quot;``, ``{% if n &gt; 5 %}``), replace quotes by
typographic ones, and insert non-breaking spaces. Browsers percent-encode tags in URLs.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from api.mail.references import decode_references

_REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_PERCENT_ENCODED = re.compile("%(?:2[027C]|3[A-E]|5[BD]|7C)", re.IGNORECASE)
"""Characters with a meaning in tags, as browsers percent-encode them in URLs."""
_MAY_NEED_REPAIR = re.compile("%[2357]|[&\u00a0\u2018-\u201f\u200b\u2060\ufeff]|.\"|.'", re.DOTALL)
_NUMBER = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,9})?")
_DOUBLE_QUOTES, _SINGLE_QUOTES = '"\u201c\u201d\u201e\u201f', "'\u2018\u2019\u201a\u201b"
_SPACES = {"\u00a0": " ", "\u200b": "", "\u2060": "", "\ufeff": ""}


def repair_tag(tag: str, *, html: bool, output: bool, attribute_quote: str) -> str:
    """Return a tag as its author meant it.

    ``output``: the tag is a ``{{ }}``, in which quoted texts are HTML. ``attribute_quote`` is the quote character of
    the attribute value that contains the tag; "" outside of a value.
    """
    if not _MAY_NEED_REPAIR.search(tag):
        return tag
    edited = html
    parts: list[str | _QuotedText] = []
    position = 0
    while position < len(tag):
        percent_encoded = _PERCENT_ENCODED.match(tag, position) if attribute_quote else None
        escape = percent_encoded or _REFERENCE.match(tag, position)
        written = escape.group() if escape else tag[position]
        character = unquote(written) if percent_encoded else decode_references(written)
        position += len(written)
        quotes = next((quotes for quotes in (_DOUBLE_QUOTES, _SINGLE_QUOTES) if character in quotes), None)
        if quotes is None:
            edited = edited or character != written
            parts.append(_SPACES.get(character, character))
            continue
        closing = _find_closing_quote(tag, position, written, quotes)
        if closing is None:
            parts.append(written if written in "\"'" else character)
            continue
        edited = edited or written not in "\"'"
        parts.append(_QuotedText(tag[position : closing.start()], quotes[0]))
        position = closing.end()
    repaired: list[str] = []
    for index, part in enumerate(parts):
        if isinstance(part, str):
            repaired.append(part)
        elif (
            not output and _NUMBER.fullmatch(part.content) and _is_size_compared("".join(repaired), parts[index + 1 :])
        ):
            repaired.append(part.content)
        else:
            repaired.append(part.repaired(html=html, output=output, attribute_quote=attribute_quote, edited=edited))
    return "".join(repaired)


def _is_size_compared(before: str, after: "list[str | _QuotedText]") -> bool:
    """Say whether a quoted text is compared with ``<`` or ``>``. A quoted number is then meant as a number."""
    if before.rstrip().removesuffix("=").endswith(("<", ">")):
        return True
    following = "".join(part if isinstance(part, str) else "'" for part in after[:8])
    return following.lstrip().startswith(("<", ">"))


def _find_closing_quote(tag: str, position: int, opening: str, quotes: str) -> re.Match[str] | None:
    """Find the quote that closes ``opening``: the same character if it is ASCII and follows, else any of ``quotes``."""
    if opening.startswith("%"):
        return re.compile(opening).search(tag, position)
    if opening == quotes[0] and (same := re.compile(re.escape(opening)).search(tag, position)):
        return same
    for match in re.compile(f"{_REFERENCE.pattern}|[{quotes}]").finditer(tag, position):
        if decode_references(match.group()) in quotes:
            return match
    return None


def _decode_all_but_angles(reference: re.Match[str]) -> str:
    character = decode_references(reference.group())
    return reference.group() if character in "<>" else character


@dataclass(frozen=True, slots=True)
class _QuotedText:
    """A quoted text in a tag."""

    content: str
    quote: str

    def repaired(self, *, html: bool, output: bool, attribute_quote: str, edited: bool) -> str:
        """Return the quoted text for liquid. In an output of an HTML template, ``<`` and ``>`` stay escaped."""
        if not edited:
            return f"{self.quote}{self.content}{self.quote}"
        if html and output:
            text = _REFERENCE.sub(_decode_all_but_angles, self.content)
            if attribute_quote:
                text = text.replace(attribute_quote, f"&#{ord(attribute_quote)};")
        else:
            text = decode_references(self.content).replace("\u00a0", " ")
        other_quote = "'" if self.quote == '"' else '"'
        if self.quote not in text:
            return f"{self.quote}{text}{self.quote}"
        if other_quote not in text:
            return f"{other_quote}{text}{other_quote}"
        return f'"{text.replace(chr(34), "&quot;" if html and output else chr(0x201D))}"'
