"""The rules of ``<style>`` elements that decide whether people see an element: those for one class or one id.

Rules within ``@media`` do not count: they are for phones, print or dark screens. Read in linear time.
"""

import re
from collections.abc import Mapping

from api.mail.plain_text.styles import PROPERTIES, declarations

_COMMENT = re.compile(r"/\*(?:.*?\*/|.*)|<!--|-->", re.DOTALL)
_BRACE = re.compile(r"[{}]")
_SELECTOR = re.compile(r"[a-z0-9]*([.#][\w-]+)", re.IGNORECASE)
MAX_CLASSES = 50
"""Classes of an element that are looked at."""
_MAX_VALUE_LENGTH = 60
"""Characters of a value: it is read for each element that has the class."""


class Sheets:
    """The rules that were read so far."""

    def __init__(self) -> None:
        self._rules: dict[str, dict[str, str]] = {}

    def read(self, css: str) -> None:
        """Read the content of a ``<style>`` element."""
        css = _COMMENT.sub(" ", css)
        depth = selectors_from = body_from = 0
        for brace in _BRACE.finditer(css):
            if brace.group() == "{":
                if depth == 0:
                    body_from = brace.end()
                depth += 1
                continue
            depth = max(0, depth - 1)
            if depth == 0:
                self._rule(css[selectors_from : body_from - 1], css[body_from : brace.start()])
                selectors_from = body_from = brace.end()

    def style_of(self, attributes: Mapping[str, str]) -> str:
        """Return what an element's classes, its id and its own ``style`` say, in this order."""
        own = attributes.get("style", "")
        if not self._rules:
            return own
        names = [f".{name}" for name in dict.fromkeys(attributes.get("class", "").split())][:MAX_CLASSES]
        said = [self._rules[name] for name in (*names, f"#{attributes.get('id', '')}") if name in self._rules]
        return ";".join([*(f"{name}:{value}" for rule in said for name, value in rule.items()), own])

    def _rule(self, selectors: str, body: str) -> None:
        selectors = selectors.rpartition(";")[2]
        if "@" in selectors or "{" in body:
            return
        said = {
            name: value
            for name, value in declarations(body).items()
            if name in PROPERTIES and len(value) <= _MAX_VALUE_LENGTH
        }
        if said:
            for selector in selectors.split(","):
                if (found := _SELECTOR.fullmatch(selector.strip())) is not None:
                    self._rules.setdefault(found[1], {}).update(said)
