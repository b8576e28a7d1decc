"""Limits for HTML, checked in linear time before a parser reads it.

The HTML5 parsing algorithm takes quadratic time for deep nesting, for elements with thousands of attributes, and for
formatting elements without an end tag: it repeats an open ``<b>`` in every later paragraph. This module estimates
the open elements, and never too few: an end tag counts only if it closes its element in every parser.
"""

import re
from operator import gt

from api.codes.refusals.templates import TemplateCode
from api.mail.html.css import MAX_CSS_LENGTH, MAX_CSS_PARTS
from strategies.codes import Message

MAX_ELEMENTS = 10_000
"""Most elements, and most end tags. Large newsletters have about 5,000."""
MAX_DEPTH = 500
"""Deepest nesting of elements. 100 nested tables, each with body, row and cell, have depth 400."""
MAX_COMMENTS = 2_000
"""Most comments, including conditional comments for Outlook."""
MAX_ATTRIBUTES = 40_000
"""Most attributes of all elements together."""
MAX_ATTRIBUTES_PER_ELEMENT = 200
"""Most attributes of one element."""
MAX_ENTITIES = 10_000
"""Most ``&``: character references and others."""
MAX_ANGLE_BRACKETS = 2 * MAX_ELEMENTS + 2 * MAX_COMMENTS
"""Most ``<``, in tags and in text."""
MAX_REPEATED_FORMATTING = 50_000
"""Most repetitions of formatting elements without an end tag, summed over all elements."""
MAX_AMBIGUOUS_ELEMENTS = 2_000
"""Most elements of HTML with ``<svg>``, ``<noscript>`` or others whose content has its own parsing rules."""
_FREE_FORMATTING_DEPTH = 10
"""Depth of nested formatting elements up to which no repetitions are counted."""
_SMALL_LENGTH, _FEW_ANGLE_BRACKETS = 5_000, 100
"""HTML with at most so many characters and ``<`` is within every limit."""
_AMBIGUOUS = re.compile(r"<(?:svg|math|noscript|template|plaintext|select|frameset)", re.IGNORECASE)
_START = re.compile("<[A-Za-z]")

_LIMITS = (
    (MAX_ELEMENTS, "elements"),
    (MAX_ELEMENTS, "end tags"),
    (MAX_COMMENTS, "comments"),
    (MAX_ATTRIBUTES, "attributes"),
    (MAX_ATTRIBUTES_PER_ELEMENT, "attributes in one element"),
    (MAX_DEPTH, "levels of nested elements"),
    (MAX_REPEATED_FORMATTING, "formatting elements, such as <b>, that do not end and so repeat"),
    (MAX_CSS_LENGTH, "characters of different CSS"),
    (MAX_CSS_PARTS, "different declarations, rules, functions and entities of CSS"),
)
_MAXIMUM_VALUES = tuple(maximum for maximum, _ in _LIMITS)
_RAW = "script|style|title|iframe|noembed|noframes|xmp|textarea"
_TOKEN = re.compile(
    r"<!--(?:-?>|.*?(?:--!?>|\Z))"
    r"|<[!?][^>]*+"
    r"|</(?P<end_name>[A-Za-z][^\s/>]*+)[^>]*+"
    r"|<(?P<name>[A-Za-z][^\s/>]*+)"
    r"(?P<attributes>(?:[\s/]*+[^\s/>][^\s/>=]*+"
    r"(?:\s*+=\s*+(?:\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z)|[^\s>\"'][^\s>]*+|(?=>)|\Z))?+)*+)",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(
    r"[\s/]*+(?P<name>[^\s/>][^\s/>=]*+)"
    r"(?:\s*+=\s*+(?:\"(?P<double>[^\"]*+)(?:\"|\Z)|'(?P<single>[^']*+)(?:'|\Z)|(?P<bare>[^\s>\"'][^\s>]*+)|(?=>)|\Z))?+"
)
_RAW_END = {name: re.compile(rf"</{name}(?=[\s/>])|\Z", re.IGNORECASE) for name in _RAW.split("|")}
_NOT_NESTED = frozenset(
    {"p", "li", "td", "th", "tr", "tbody", "thead", "tfoot", "dt", "dd", "option", "br", "hr", "img", "wbr", "col",
     "meta", "link", "input", "area", "base", "embed", "param", "source", "track"}
)  # fmt: skip
"""Elements that have no end tag, or that the next start tag of their kind closes. They add no depth by themselves."""
_FORMATTING = frozenset(
    {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"}
)
_SCOPES = frozenset({"table", "caption", "object", "applet", "marquee", "template", "button", "select", "svg", "math"})
"""Elements that limit end tags: an end tag inside them closes nothing outside of them."""


class HtmlLimitError(ValueError):
    """HTML exceeds a limit. The message names the limit, the line and the column."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.sentence)
        self.message = message

    def __reduce__(self) -> tuple[type["HtmlLimitError"], tuple[Message]]:
        """Support pickling, because worker processes raise this error."""
        return HtmlLimitError, (self.message,)


def _limit_error(limit: int, unit: str, html: str, index: int) -> HtmlLimitError:
    line, column = _line_and_column(html, index)
    return HtmlLimitError(TemplateCode.TEMPLATE_LIMIT.message("html", limit=limit, unit=unit, line=line, column=column))


def _line_and_column(html: str, index: int) -> tuple[int, int]:
    return html.count("\n", 0, index) + 1, index - html.rfind("\n", 0, index)


class _OpenElements:
    """The elements that may be open at a position."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._indexes: dict[str, list[int]] = {}
        self._scopes: list[int] = []
        self.formatting = 0
        """How many formatting elements may be open."""
        self.repetitions = 0
        """How many repetitions of formatting elements a parser may have made so far."""

    def start(self, name: str) -> None:
        self.repetitions += max(0, self.formatting - _FREE_FORMATTING_DEPTH)
        if name in _NOT_NESTED:
            return
        self.formatting += name in _FORMATTING
        if name in _SCOPES:
            self._scopes.append(len(self.names))
        self._indexes.setdefault(name, []).append(len(self.names))
        self.names.append(name)

    def end(self, name: str) -> None:
        self.repetitions += max(0, self.formatting - _FREE_FORMATTING_DEPTH)
        if self.names and self.names[-1] == name:
            self.formatting -= name in _FORMATTING
            self._pop()
        elif (
            name not in _FORMATTING
            and (indexes := self._indexes.get(name))
            and (not self._scopes or indexes[-1] >= self._scopes[-1])
        ):
            index = indexes[-1]
            while len(self.names) > index:
                self._pop()

    def _pop(self) -> None:
        name = self.names.pop()
        self._indexes[name].pop()
        if name in _SCOPES:
            self._scopes.pop()


class _DistinctCss:
    """The size of a document's CSS. Repeated CSS counts once, because parsed CSS is cached."""

    def __init__(self) -> None:
        self.length = self.parts = 0
        self._seen: set[str] = set()

    def add(self, css: str) -> None:
        if css not in self._seen:
            self._seen.add(css)
            self.length += len(css)
            self.parts += sum(map(css.count, ";{(&"))


def check_html(html: str) -> None:
    """Check HTML against every limit. Raises HtmlLimitError."""
    if len(html) <= _SMALL_LENGTH and html.count("<") <= _FEW_ANGLE_BRACKETS:
        return
    for character, maximum in (("&", MAX_ENTITIES), ("<", MAX_ANGLE_BRACKETS)):
        if html.count(character) > maximum:
            index = _nth_index(html, character, maximum + 1)
            raise _limit_error(maximum, f"characters {character}", html, index)
    if (ambiguous := _AMBIGUOUS.search(html)) is not None and len(_START.findall(html)) > MAX_AMBIGUOUS_ELEMENTS:
        line, column = _line_and_column(html, ambiguous.start())
        message = TemplateCode.TEMPLATE_LIMIT.message(
            "html_element", element=ambiguous.group(), limit=MAX_AMBIGUOUS_ELEMENTS, line=line, column=column
        )
        raise HtmlLimitError(message)
    open_elements, css = _OpenElements(), _DistinctCss()
    elements = end_tags = comments = attributes = position = 0
    while (token := _TOKEN.search(html, position)) is not None:
        start, position = token.span()
        name, own_attributes = token["name"], 0
        if name is not None:
            name = name.lower()
            elements += 1
            own_attributes = _count_attributes(token["attributes"], css)
            attributes += own_attributes
            open_elements.start(name)
            if name in _RAW_END:
                content_start = html.find(">", position) + 1 or len(html)
                end_tag = _RAW_END[name].search(html, content_start)
                position = end_tag.start() if end_tag else len(html)
                if name == "style":
                    css.add(html[content_start:position])
        elif token["end_name"] is not None:
            end_tags += 1
            open_elements.end(token["end_name"].lower())
        else:
            comments += 1
        counts = (
            elements, end_tags, comments, attributes, own_attributes, len(open_elements.names),
            open_elements.repetitions, css.length, css.parts,
        )  # fmt: skip
        if any(map(gt, counts, _MAXIMUM_VALUES)):
            maximum, noun = next(limit for count, limit in zip(counts, _LIMITS, strict=True) if count > limit[0])
            raise _limit_error(maximum, noun, html, start)


def _count_attributes(attributes: str, css: _DistinctCss) -> int:
    """Count the attributes of a tag, and add the CSS of ``style`` to ``css``."""
    if not attributes or attributes.isspace():
        return 0
    count = 0
    for attribute in _ATTRIBUTE.finditer(attributes):
        count += 1
        if attribute["name"].lower() == "style":
            css.add(attribute["double"] or attribute["single"] or attribute["bare"] or "")
        if count > MAX_ATTRIBUTES_PER_ELEMENT:
            break
    return count


def _nth_index(text: str, character: str, n: int) -> int:
    index = -1
    for _ in range(n):
        index = text.find(character, index + 1)
    return index
