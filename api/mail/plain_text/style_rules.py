"""The rules of ``<style>`` elements that hide or show elements. Only selectors of one class or one id are read.

Rules within ``@media`` are ignored: they are for phones, print or dark mode. Reading takes linear time.
"""

import re
from collections.abc import Mapping

from api.mail.plain_text.styles import PROPERTIES, declarations

_COMMENT = re.compile(r"/\*(?:.*?\*/|.*)|<!--|-->", re.DOTALL)
_BRACE = re.compile(r"[{}]")
_SELECTOR = re.compile(r"[a-z0-9]*([.#][\w-]+)", re.IGNORECASE)
MAX_CLASSES = 50
"""Most classes of one element that are read."""
_MAX_VALUE_LENGTH = 60
"""Longest value that is kept, in characters: it is read again for each element that has the class."""


class StyleRules:
    """The rules of the stylesheets that were read so far."""

    def __init__(self) -> None:
        self._declarations: dict[str, dict[str, str]] = {}
        """The declarations for each selector, such as ``.preheader`` or ``#footer``."""

    def read(self, css: str) -> None:
        """Read the content of a ``<style>`` element."""
        css = _COMMENT.sub(" ", css)
        depth = selectors_start = body_start = 0
        for brace in _BRACE.finditer(css):
            if brace.group() == "{":
                if depth == 0:
                    body_start = brace.end()
                depth += 1
                continue
            depth = max(0, depth - 1)
            if depth == 0:
                self._add_rule(css[selectors_start : body_start - 1], css[body_start : brace.start()])
                selectors_start = body_start = brace.end()

    def css_of(self, attributes: Mapping[str, str]) -> str:
        """Return an element's declarations: of its classes, its id and its own ``style``, in this order."""
        own = attributes.get("style", "")
        if not self._declarations:
            return own
        names = [f".{name}" for name in dict.fromkeys(attributes.get("class", "").split())][:MAX_CLASSES]
        selectors = [name for name in (*names, f"#{attributes.get('id', '')}") if name in self._declarations]
        inherited = (f"{name}:{value}" for each in selectors for name, value in self._declarations[each].items())
        return ";".join([*inherited, own])

    def _add_rule(self, selectors: str, body: str) -> None:
        selectors = selectors.rpartition(";")[2]
        if "@" in selectors or "{" in body:
            return
        relevant = {
            name: value
            for name, value in declarations(body).items()
            if name in PROPERTIES and len(value) <= _MAX_VALUE_LENGTH
        }
        if relevant:
            for selector in selectors.split(","):
                if (match := _SELECTOR.fullmatch(selector.strip())) is not None:
                    self._declarations.setdefault(match[1], {}).update(relevant)
