"""Limits for HTML, checked in linear time before anything parses it.

A browser's way to read HTML takes quadratic time for deep nesting, for elements with thousands of attributes, and for
formatting elements that do not end: ``<b>`` is repeated in every paragraph after it. So what opens and closes is
followed here roughly, and never too low: an end tag counts only where it surely ends its element.
"""

import re
from operator import gt

from api.mail.html.css import MAX_CSS_LENGTH, MAX_CSS_PARTS

MAX_ELEMENTS = 10_000
"""Elements; and as many end tags. Large newsletters have about 5,000."""
MAX_DEPTH = 500
"""Elements inside of each other: a hundred tables within tables, each with its body, row and cell, are 400."""
MAX_COMMENTS = 2_000
"""Comments, conditional comments for Outlook included."""
MAX_ATTRIBUTES = 40_000
"""Attributes of all elements."""
MAX_ATTRIBUTES_PER_ELEMENT = 200
"""Attributes of one element."""
MAX_ENTITIES = 10_000
"""Characters written as ``&…;``, and every other ``&``."""
MAX_ANGLE_BRACKETS = 2 * MAX_ELEMENTS + 2 * MAX_COMMENTS
"""Characters ``<``, of tags and of texts."""
MAX_REPEATED_FORMATTING = 50_000
"""Formatting elements that a browser may have to repeat, over all elements, because they did not end."""
MAX_UNSURE_ELEMENTS = 2_000
"""Elements of HTML with ``<svg>``, ``<noscript>`` and others in which comments and tags are read in other ways."""
_FREE_FORMATTING_DEPTH = 10
"""Formatting elements inside of each other that do not count as repeated."""
_SMALL_LENGTH, _FEW_BRACKETS = 5_000, 100
"""Characters, and ``<``, of HTML that is within every limit."""
_UNSURE = re.compile(r"<(?:svg|math|noscript|template|plaintext|select|frameset)", re.IGNORECASE)
_START = re.compile("<[A-Za-z]")

_LIMITS = (
    (MAX_ELEMENTS, "elements"),
    (MAX_ELEMENTS, "end tags"),
    (MAX_COMMENTS, "comments"),
    (MAX_ATTRIBUTES, "attributes"),
    (MAX_ATTRIBUTES_PER_ELEMENT, "attributes in one element"),
    (MAX_DEPTH, "elements inside of each other"),
    (MAX_REPEATED_FORMATTING, "formatting elements, such as <b>, that do not end and so repeat"),
    (MAX_CSS_LENGTH, "characters of different CSS"),
    (MAX_CSS_PARTS, "different declarations, rules, functions and entities of CSS"),
)
_MAXIMA = tuple(most for most, _ in _LIMITS)
_RAW = "script|style|title|iframe|noembed|noframes|xmp|textarea"
_PIECE = re.compile(
    r"<!--(?:-?>|.*?(?:--!?>|\Z))"
    r"|<[!?][^>]*+"
    r"|</(?P<ended>[A-Za-z][^\s/>]*+)[^>]*+"
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
"""Elements without an end tag, or that end where the next one begins; nested ones have others between them."""
_FORMATTING = frozenset(
    {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"}
)
_BARRIERS = frozenset(
    {"table", "caption", "object", "applet", "marquee", "template", "button", "select", "svg", "math"}
)
"""Elements over which no end tag reaches."""


class HtmlLimitError(ValueError):
    """HTML that breaks a limit: a sentence with the limit, line and column."""


def _problem(told: str, html: str, index: int) -> HtmlLimitError:
    line, column = html.count("\n", 0, index) + 1, index - html.rfind("\n", 0, index)
    return HtmlLimitError(f"{told} (line {line}, column {column}).")


class _OpenElements:
    """The elements that may be open."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._places: dict[str, list[int]] = {}
        self._barriers: list[int] = []
        self.formatting = self.repeated = 0

    def start(self, name: str) -> None:
        self.repeated += max(0, self.formatting - _FREE_FORMATTING_DEPTH)
        if name in _NOT_NESTED:
            return
        self.formatting += name in _FORMATTING
        if name in _BARRIERS:
            self._barriers.append(len(self.names))
        self._places.setdefault(name, []).append(len(self.names))
        self.names.append(name)

    def end(self, name: str) -> None:
        self.repeated += max(0, self.formatting - _FREE_FORMATTING_DEPTH)
        if self.names and self.names[-1] == name:
            self.formatting -= name in _FORMATTING
            self._pop()
        elif (
            name not in _FORMATTING
            and (places := self._places.get(name))
            and (not self._barriers or places[-1] >= self._barriers[-1])
        ):
            place = places[-1]
            while len(self.names) > place:
                self._pop()

    def _pop(self) -> None:
        name = self.names.pop()
        self._places[name].pop()
        if name in _BARRIERS:
            self._barriers.pop()


class _DistinctCss:
    """The different CSS of a document: what stands in it twice is read once."""

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
    if len(html) <= _SMALL_LENGTH and html.count("<") <= _FEW_BRACKETS:
        return
    for character, most in (("&", MAX_ENTITIES), ("<", MAX_ANGLE_BRACKETS)):
        if html.count(character) > most:
            index = _nth(html, character, most + 1)
            raise _problem(f"HTML may have {most:,} characters {character}; this has more", html, index)
    if (unsure := _UNSURE.search(html)) is not None and len(_START.findall(html)) > MAX_UNSURE_ELEMENTS:
        told = f"HTML with {unsure.group()}> may have {MAX_UNSURE_ELEMENTS:,} elements; this has more"
        raise _problem(told, html, unsure.start())
    open_, css = _OpenElements(), _DistinctCss()
    elements = ends = comments = attributes = at = 0
    while (found := _PIECE.search(html, at)) is not None:
        start, at = found.span()
        name, own = found["name"], 0
        if name is not None:
            name = name.lower()
            elements += 1
            own = _attributes(found["attributes"], css)
            attributes += own
            open_.start(name)
            if name in _RAW_END:
                begun = html.find(">", at) + 1 or len(html)
                at = ending.start() if (ending := _RAW_END[name].search(html, begun)) else len(html)
                if name == "style":
                    css.add(html[begun:at])
        elif found["ended"] is not None:
            ends += 1
            open_.end(found["ended"].lower())
        else:
            comments += 1
        numbers = (
            elements, ends, comments, attributes, own, len(open_.names), open_.repeated, css.length, css.parts
        )  # fmt: skip
        if any(map(gt, numbers, _MAXIMA)):
            most, told = next(limit for number, limit in zip(numbers, _LIMITS, strict=True) if number > limit[0])
            raise _problem(f"HTML may have {most:,} {told}; this has more", html, start)


def _attributes(said: str, css: _DistinctCss) -> int:
    """Count attributes, and note the CSS among them."""
    if not said or said.isspace():
        return 0
    number = 0
    for attribute in _ATTRIBUTE.finditer(said):
        number += 1
        if attribute["name"].lower() == "style":
            css.add(attribute["double"] or attribute["single"] or attribute["bare"] or "")
        if number > MAX_ATTRIBUTES_PER_ELEMENT:
            break
    return number


def _nth(text: str, character: str, number: int) -> int:
    at = -1
    for _ in range(number):
        at = text.find(character, at + 1)
    return at
