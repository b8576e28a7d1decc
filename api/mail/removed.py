"""What the sanitizer would take out of a template, for the person who saves it."""

import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser

from api.mail.css import safe_declarations, safe_stylesheet
from api.mail.sanitize import NestedTooDeeplyError, as_fragment, sanitize
from api.mail.tags import neutral

FIELD = "touchlinefield"
"""Stands for the value of a field in what is looked at."""
MOST = 50
"""How many different things are listed."""
_SILENT = frozenset({"html", "head", "title", "meta"})
"""Elements of a whole document that an email does not need."""
_SCHEME = re.compile(r"\s*([a-z][a-z0-9+.\s-]{0,20}):", re.IGNORECASE)
_CONDITIONAL = re.compile(r"\s*\[if\s", re.IGNORECASE)


class _Inventory(HTMLParser):
    """Counts elements, attributes and conditional comments."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: Counter[str] = Counter()
        self.attributes: Counter[tuple[str, str]] = Counter()
        self.links: dict[tuple[str, str], list[str]] = {}
        self.comments = 0
        self.css: list[str] = []
        self._in_style = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Count an element. What is in its style attribute is looked at as well."""
        self.elements[tag] += 1
        self._in_style = tag == "style"
        for name, value in attrs:
            self.attributes[tag, name] += 1
            self.links.setdefault((tag, name), []).append(value or "")
            if name == "style":
                self.css += safe_declarations(value or "").removed

    def handle_endtag(self, tag: str) -> None:
        """End a stylesheet."""
        self._in_style = False

    def handle_data(self, data: str) -> None:
        """Look at a stylesheet."""
        if self._in_style:
            self.css += safe_stylesheet(data).removed

    def handle_comment(self, data: str) -> None:
        """Count conditional comments; others say nothing to a reader."""
        self.comments += _CONDITIONAL.match(data) is not None

    def unknown_decl(self, data: str) -> None:
        """Ignore ``<![if …]>``, which stays."""


def removed_from(source: str, *, template: bool) -> list[str]:
    """Return what is taken out of HTML; of a template when it is rendered, whatever the branches of its tags.

    Such as ``<script>``, ``onclick``, ``javascript: link``, ``style: position``. Plain comments are not listed.
    """
    html = as_fragment(neutral(source, FIELD) if template else source)
    try:
        before, after = _Inventory(html), _Inventory(sanitize(html))
    except NestedTooDeeplyError:
        return []  # none of its emails leaves, and each says why
    return list(dict.fromkeys(_difference(before, after)))[:MOST]


def _difference(before: _Inventory, after: _Inventory) -> Iterator[str]:
    lost = before.elements - after.elements
    for element in lost:
        if element not in _SILENT and FIELD not in element:
            yield f"<{element[:40]}>"
    for (element, name), number in (before.attributes - after.attributes).items():
        if FIELD in name or element in _SILENT or (element in lost and not after.elements[element]):
            continue
        scheme = next(filter(None, map(_scheme, before.links[element, name])), None)
        if name in {"href", "src", "background", "cite"} and scheme is not None:
            yield f"{scheme}: link"
        elif name != "style" and number:
            yield name[:40]
    for name in before.css:
        yield name if name.startswith(("@", "a ")) else f"style: {name}"
    if before.comments > after.comments:
        yield "conditional comment"


def _scheme(value: str) -> str | None:
    found = _SCHEME.match(value)
    scheme = "".join(found[1].split()).lower() if found else None
    return None if scheme in {"http", "https", "mailto", "tel"} else scheme
