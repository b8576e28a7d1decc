"""What the sanitizer would take out of a template, for the person who saves it."""

import re
from collections import Counter
from collections.abc import Iterator

from api.mail.html.css import safe_declarations, safe_stylesheet
from api.mail.html.limits import HtmlLimitError, check_html
from api.mail.html.sanitize import MARKED, as_fragment, clean_elements, safe_comment, sanitize
from api.mail.plain_text.tokens import StartTag, tokenize
from api.mail.templates.tags import without_tags

FIELD_STANDIN = "touchlinefield"
"""Stands for the value of a field in what is looked at."""
MAX_LISTED = 50
"""How many different things are listed."""
_SILENT = frozenset({"html", "head", "title", "meta"})
"""Elements of a whole document that an email does not need."""
_SCHEME = re.compile(r"\s*([a-z][a-z0-9+.\s-]{0,20}):", re.IGNORECASE)
_CONDITIONAL = re.compile(r"\s*\[if\s", re.IGNORECASE)


class _Inventory:
    """Counts elements and attributes."""

    def __init__(self, html: str) -> None:
        self.elements: Counter[str] = Counter()
        self.attributes: Counter[tuple[str, str]] = Counter()
        self.links: dict[tuple[str, str], list[str]] = {}
        self.css: list[str] = []
        for token in tokenize(html):
            if isinstance(token, StartTag):
                self._count(token)

    def _count(self, tag: StartTag) -> None:
        self.elements[tag.name] += 1
        for name, value in tag.attributes.items():
            self.attributes[tag.name, name] += 1
            self.links.setdefault((tag.name, name), []).append(value)
            if name == "style":
                self.css += safe_declarations(value).removed


def removed_from(source: str, *, template: bool) -> list[str]:
    """Return what is taken out of HTML; of a template when it is rendered, whatever the branches of its tags.

    Such as ``<script>``, ``onclick``, ``javascript: link``, ``style: position``. Plain comments are not listed.
    """
    html = as_fragment(without_tags(source, FIELD_STANDIN) if template else source)
    try:
        check_html(html)
        before, after = _Inventory(html), _Inventory(sanitize(html))
        marked = clean_elements(html)
    except HtmlLimitError:
        return []  # none of its emails leaves, and each says why
    return list(dict.fromkeys((*_difference(before, after), *_marked(marked))))[:MAX_LISTED]


def _difference(before: _Inventory, after: _Inventory) -> Iterator[str]:
    lost = before.elements - after.elements
    for element in lost:
        if element not in _SILENT and FIELD_STANDIN not in element:
            yield f"<{element[:40]}>"
    for (element, name), number in (before.attributes - after.attributes).items():
        if FIELD_STANDIN in name or element in _SILENT or (element in lost and not after.elements[element]):
            continue
        scheme = next(filter(None, map(_scheme, before.links[element, name])), None)
        if name in {"href", "src", "background", "cite"} and scheme is not None:
            yield f"{scheme}: link"
        elif name != "style" and number:
            yield name[:40]
    for name in before.css:
        yield _styled(name)


def _marked(html: str) -> Iterator[str]:
    """Give what is taken out of stylesheets, and conditional comments. Others say nothing to a reader."""
    for found in MARKED.finditer(html):
        if found[1] is not None:
            for name in safe_stylesheet(found[2]).removed:
                yield _styled(name)
        elif _CONDITIONAL.match(found[3]) and not safe_comment(found[3]):
            yield "conditional comment"


def _styled(name: str) -> str:
    return name if name.startswith(("@", "a ", "CSS ")) else f"style: {name}"


def _scheme(value: str) -> str | None:
    found = _SCHEME.match(value)
    scheme = "".join(found[1].split()).lower() if found else None
    return None if scheme in {"http", "https", "mailto", "tel"} else scheme
