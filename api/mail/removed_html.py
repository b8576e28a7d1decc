"""Lists what the sanitizer will remove from a template, as warnings for the person who saves it."""

import re
from collections import Counter
from collections.abc import Iterator

from api.mail.html.css import sanitize_declarations, sanitize_stylesheet
from api.mail.html.limits import HtmlLimitError, check_html
from api.mail.html.sanitize import STYLE_OR_COMMENT, as_fragment, clean_elements, sanitize, sanitize_comment
from api.mail.plain_text.tokens import StartTag, tokenize
from api.mail.templates.tags import remove_tags

FIELD_PLACEHOLDER = "touchlinefield"
"""Replaces the value of each field in the HTML that is compared."""
MAX_LISTED = 50
"""Most entries of the list."""
_UNLISTED_ELEMENTS = frozenset({"html", "head", "title", "meta"})
"""Elements of a whole document that an email does not need. Their removal is not listed."""
_SCHEME = re.compile(r"\s*([a-z][a-z0-9+.\s-]{0,20}):", re.IGNORECASE)
_CONDITIONAL_COMMENT = re.compile(r"\s*\[if\s", re.IGNORECASE)


class _Inventory:
    """Counts the elements and attributes of HTML."""

    def __init__(self, html: str) -> None:
        self.elements: Counter[str] = Counter()
        self.attributes: Counter[tuple[str, str]] = Counter()
        """Counts by element and attribute name."""
        self.values: dict[tuple[str, str], list[str]] = {}
        """The values of attributes, by element and attribute name."""
        self.removed_css: list[str] = []
        for token in tokenize(html):
            if isinstance(token, StartTag):
                self._count(token)

    def _count(self, tag: StartTag) -> None:
        self.elements[tag.name] += 1
        for name, value in tag.attributes.items():
            self.attributes[tag.name, name] += 1
            self.values.setdefault((tag.name, name), []).append(value)
            if name == "style":
                self.removed_css += sanitize_declarations(value).removed


def find_removed_html(source: str, *, template: bool) -> list[str]:
    """List what the sanitizer removes from HTML; from a template, in any branch of its tags.

    Entries are for example ``<script>``, ``onclick``, ``javascript: link`` and ``style: position``. Ordinary comments
    are not listed. The list is empty for HTML that exceeds a limit: its emails fail with the reason.
    """
    html = as_fragment(remove_tags(source, FIELD_PLACEHOLDER) if template else source)
    try:
        check_html(html)
        before, after = _Inventory(html), _Inventory(sanitize(html))
        cleaned = clean_elements(html)
    except HtmlLimitError:
        return []
    return list(dict.fromkeys((*_difference(before, after), *_styles_and_comments(cleaned))))[:MAX_LISTED]


def _difference(before: _Inventory, after: _Inventory) -> Iterator[str]:
    removed_elements = before.elements - after.elements
    for element in removed_elements:
        if element not in _UNLISTED_ELEMENTS and FIELD_PLACEHOLDER not in element:
            yield f"<{element[:40]}>"
    for (element, name), count in (before.attributes - after.attributes).items():
        is_removed_element = element in removed_elements and not after.elements[element]
        if FIELD_PLACEHOLDER in name or element in _UNLISTED_ELEMENTS or is_removed_element:
            continue
        scheme = next(filter(None, map(_unusual_scheme, before.values[element, name])), None)
        if name in {"href", "src", "background", "cite"} and scheme is not None:
            yield f"{scheme}: link"
        elif name != "style" and count:
            yield name[:40]
    for name in before.removed_css:
        yield _css_entry(name)


def _styles_and_comments(html: str) -> Iterator[str]:
    """Yield what is removed from stylesheets, and conditional comments that are removed."""
    for match in STYLE_OR_COMMENT.finditer(html):
        if match[1] is not None:
            for name in sanitize_stylesheet(match[2]).removed:
                yield _css_entry(name)
        elif _CONDITIONAL_COMMENT.match(match[3]) and not sanitize_comment(match[3]):
            yield "conditional comment"


def _css_entry(name: str) -> str:
    return name if name.startswith(("@", "a ", "CSS ")) else f"style: {name}"


def _unusual_scheme(value: str) -> str | None:
    """Return the scheme of a URL; None for relative URLs and for schemes that are allowed in emails."""
    match = _SCHEME.match(value)
    scheme = "".join(match[1].split()).lower() if match else None
    return None if scheme in {"http", "https", "mailto", "tel"} else scheme
