"""Limits for HTML, checked in linear time before anything parses it.

A browser's way to read HTML takes quadratic time for deep nesting, for elements with thousands of attributes, and for
formatting elements that do not end: ``<b>`` is repeated in every paragraph after it. So what opens and closes is
followed here roughly, and never too low: an end tag counts only where it surely ends its element.
"""

import re
from operator import gt

from api.mail.html.css import CSS_MOST, CSS_PARTS_MOST

ELEMENTS_MOST = 10_000
"""Elements; and as many end tags. Large newsletters have about 5,000."""
DEEPEST = 500
"""Elements inside of each other: a hundred tables within tables, each with its body, row and cell, are 400."""
COMMENTS_MOST = 2_000
"""Comments, conditional comments for Outlook included."""
ATTRIBUTES_MOST = 40_000
"""Attributes of all elements."""
ATTRIBUTES_OF_ONE_MOST = 200
"""Attributes of one element."""
ENTITIES_MOST = 10_000
"""Characters written as ``&…;``, and every other ``&``."""
ANGLES_MOST = 2 * ELEMENTS_MOST + 2 * COMMENTS_MOST
"""Characters ``<``, of tags and of texts."""
REPEATED_MOST = 50_000
"""Formatting elements that a browser may have to repeat, over all elements, because they did not end."""
UNSURE_MOST = 2_000
"""Elements of HTML with ``<svg>``, ``<noscript>`` and others in which comments and tags are read in other ways."""
_USUAL_FORMATTING = 10
"""Formatting elements inside of each other that do not count as repeated."""
_SMALL, _FEW = 5_000, 100
"""Characters, and ``<``, of HTML that is within every limit."""
_UNSURE = re.compile(r"<(?:svg|math|noscript|template|plaintext|select|frameset)", re.IGNORECASE)
_START = re.compile("<[A-Za-z]")

_LIMITS = (
    (ELEMENTS_MOST, "elements"),
    (ELEMENTS_MOST, "end tags"),
    (COMMENTS_MOST, "comments"),
    (ATTRIBUTES_MOST, "attributes"),
    (ATTRIBUTES_OF_ONE_MOST, "attributes in one element"),
    (DEEPEST, "elements inside of each other"),
    (REPEATED_MOST, "formatting elements, such as <b>, that do not end and so repeat"),
    (CSS_MOST, "characters of different CSS"),
    (CSS_PARTS_MOST, "different declarations, rules, functions and entities of CSS"),
)
_MOST = tuple(most for most, _ in _LIMITS)
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


class _Open:
    """The elements that may be open."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._places: dict[str, list[int]] = {}
        self._barriers: list[int] = []
        self.formatting = self.repeated = 0

    def start(self, name: str) -> None:
        self.repeated += max(0, self.formatting - _USUAL_FORMATTING)
        if name in _NOT_NESTED:
            return
        self.formatting += name in _FORMATTING
        if name in _BARRIERS:
            self._barriers.append(len(self.names))
        self._places.setdefault(name, []).append(len(self.names))
        self.names.append(name)

    def end(self, name: str) -> None:
        self.repeated += max(0, self.formatting - _USUAL_FORMATTING)
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


class _Css:
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
    if len(html) <= _SMALL and html.count("<") <= _FEW:
        return
    for character, most in (("&", ENTITIES_MOST), ("<", ANGLES_MOST)):
        if html.count(character) > most:
            index = _nth(html, character, most + 1)
            raise _problem(f"HTML may have {most:,} characters {character}; this has more", html, index)
    if (unsure := _UNSURE.search(html)) is not None and len(_START.findall(html)) > UNSURE_MOST:
        told = f"HTML with {unsure.group()}> may have {UNSURE_MOST:,} elements; this has more"
        raise _problem(told, html, unsure.start())
    open_, css = _Open(), _Css()
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
        if any(map(gt, numbers, _MOST)):
            most, told = next(limit for number, limit in zip(numbers, _LIMITS, strict=True) if number > limit[0])
            raise _problem(f"HTML may have {most:,} {told}; this has more", html, start)


def _attributes(said: str, css: _Css) -> int:
    """Count attributes, and note the CSS among them."""
    if not said or said.isspace():
        return 0
    number = 0
    for attribute in _ATTRIBUTE.finditer(said):
        number += 1
        if attribute["name"].lower() == "style":
            css.add(attribute["double"] or attribute["single"] or attribute["bare"] or "")
        if number > ATTRIBUTES_OF_ONE_MOST:
            break
    return number


def _nth(text: str, character: str, number: int) -> int:
    at = -1
    for _ in range(number):
        at = text.find(character, at + 1)
    return at
